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
import org.opensearch.clip.core.engine.ModelException;

/**
 * Where tensors may have their data: in listed files of the graph's own folder, each regular, no symbolic link and the only
 * name of its bytes. ONNX Runtime follows a hard link, and reads an address of its own memory from the location of a
 * tensor in some versions, so that nothing but a plain name gets through. One thread.
 */
final class ExternalWeights {

    private final String graph;
    private final Path folder;
    private final Set<String> listed;
    private final Map<String, Long> sizes = new HashMap<>();

    /** @param listed names of files beside {@code graph} */
    ExternalWeights(Path graph, Set<String> listed) {
        this.graph = "[" + graph.getFileName() + "]";
        this.folder = graph.toAbsolutePath().getParent();
        this.listed = listed;
    }

    /**
     * @return the bytes of the tensor in another file
     * @throws ModelException when they may not be read
     */
    long length(TensorProto tensor) throws IOException {
        Map<String, String> entries = new HashMap<>();
        for (StringStringEntryProto entry : tensor.getExternalDataList()) {
            if (entries.put(entry.getKey(), entry.getValue()) != null) {
                throw refused(tensor, "gives its [" + entry.getKey() + "] twice");
            }
        }
        String location = entries.getOrDefault("location", "");
        if (!listed.contains(location) || location.indexOf('/') >= 0 || location.indexOf('\\') >= 0) {
            throw refused(
                    tensor,
                    "has its data in [" + GraphScan.printable(location) + "], which is none of the model's files "
                            + listed);
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
        Path file = folder.resolve(location);
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
            throw refused(tensor, "has the [" + key + "] [" + GraphScan.printable(value) + "]");
        }
        return Long.parseLong(value);
    }

    private ModelException refused(TensorProto tensor, String why) {
        return new ModelException(graph + " is refused: tensor [" + GraphScan.printable(tensor.getName()) + "] " + why);
    }
}
