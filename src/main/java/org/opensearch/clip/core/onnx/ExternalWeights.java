// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.message.Shown;

/**
 * Where tensors may have their data: in listed files of the graph's own folder, each regular, no symbolic link and the only
 * name of its bytes. ONNX Runtime follows a hard link, and reads an address of its own memory from the location of a
 * tensor in some versions, so that nothing but a plain name gets through. One thread.
 */
final class ExternalWeights {

    private static final Set<String> KEYS = new TreeSet<>(Set.of("location", "offset", "length", "checksum"));

    private final String graph;
    private final Map<String, Path> listed;
    private final boolean packed;
    private final Map<String, Long> sizes = new HashMap<>();

    /**
     * @param graph its name, for messages
     * @param listed the files that weights may lie in, by the name that the graph has for them
     * @param packed whether weights may lie there a second time, in the order that a kernel has packed them into: it takes them as they are, whatever
     *     their size, so only in files of our own
     */
    ExternalWeights(String graph, Map<String, Path> listed, boolean packed) {
        this.graph = "[" + graph + "]";
        this.listed = listed;
        this.packed = packed;
    }

    static boolean elsewhere(TensorProto tensor) {
        return tensor.getExternalDataCount() > 0 || tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
    }

    static Map<String, String> entries(TensorProto tensor) {
        return tensor.getExternalDataList().stream()
                .collect(Collectors.toMap(
                        StringStringEntryProto::getKey, StringStringEntryProto::getValue, (first, second) -> first));
    }

    /**
     * @return the bytes of the tensor in another file
     * @throws ModelException when they may not be read
     */
    long length(TensorProto tensor) throws IOException {
        Map<String, String> entries = new HashMap<>();
        for (StringStringEntryProto entry : tensor.getExternalDataList()) {
            if (packed && PackedWeights.in(entry)) {
                continue;
            }
            if (!KEYS.contains(entry.getKey())) {
                throw refused(tensor, "gives a [" + Shown.printable(entry.getKey()) + "], known are " + KEYS);
            }
            if (entries.put(entry.getKey(), entry.getValue()) != null) {
                throw refused(tensor, "gives its [" + entry.getKey() + "] twice");
            }
        }
        String location = entries.getOrDefault("location", "");
        if (!listed.containsKey(location) || location.indexOf('/') >= 0 || location.indexOf('\\') >= 0) {
            throw refused(
                    tensor,
                    "has its data in [" + Shown.printable(location) + "], which is none of the model's files "
                            + new TreeSet<>(listed.keySet()));
        }
        long size = size(tensor, location);
        long offset = number(tensor, entries, "offset", 0);
        long length = number(tensor, entries, "length", size - offset);
        if (length > size - offset || length < 0) {
            throw refused(
                    tensor, "wants " + length + " bytes at " + offset + " of [" + location + "], which has " + size);
        }
        return length;
    }

    /** Of all files used so far. */
    long fileBytes() {
        return sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    private long size(TensorProto tensor, String location) throws IOException {
        Long known = sizes.get(location);
        if (known != null) {
            return known;
        }
        Path file = listed.get(location);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw refused(tensor, "has its data in [" + location + "], which is missing or no regular file");
        }
        Object names = file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS)
                : 1;
        if (!names.equals(1)) {
            throw refused(
                    tensor,
                    "has its data in [" + location + "], which has " + names
                            + " names on this disk: copy it, do not link it");
        }
        long size = Files.size(file);
        sizes.put(location, size);
        return size;
    }

    /** Digits only, because what else a C++ reader takes for a number is its own affair. */
    private long number(TensorProto tensor, Map<String, String> entries, String key, long absent) {
        String value = entries.get(key);
        if (value == null) {
            return absent;
        }
        if (!value.matches("[0-9]{1,18}")) {
            throw refused(tensor, "has the [" + key + "] [" + Shown.printable(value) + "]");
        }
        return Long.parseLong(value);
    }

    private ModelException refused(TensorProto tensor, String why) {
        return ModelException.refusal(
                graph + " is refused: tensor [" + Shown.printable(tensor.getName()) + "] " + why, null);
    }
}
