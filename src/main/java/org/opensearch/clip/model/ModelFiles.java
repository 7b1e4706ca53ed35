// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.common.hash.MessageDigests;

/**
 * The files of models on this node: from the {@code source} of a declaration to a folder, and whether its files are those that
 * were pinned. Safe for use by many threads.
 */
public final class ModelFiles {

    private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._@+ -]*");
    private static final int MAX_ENTRIES = 10_000;

    private final Path config;
    private final Catalog catalog;
    private final Map<Path, Hashed> hashed = new ConcurrentHashMap<>();

    /** A file whose bytes were read since this node started. */
    private record Hashed(long size, FileTime modified, String sha256) {}

    /** @param config {@code <config>/opensearch-clip} of this node */
    public ModelFiles(Path config, Catalog catalog) {
        this.config = config;
        this.catalog = catalog;
    }

    /** @throws IllegalArgumentException unless {@code source} is one that {@link #folder} can resolve, as far as any node can tell */
    void check(Map<String, Object> source) {
        relative(source);
    }

    /**
     * The folder on this node. Nothing in it leads out of it: what a link points to could not be copied to another node.
     *
     * @throws IllegalArgumentException when the source is not known or its folder is not here
     */
    public Path folder(Map<String, Object> source) {
        Path relative = relative(source);
        Path root = source.containsKey("path") ? config.resolve("models") : config;
        Path folder = root.resolve(relative);
        String name = config.relativize(folder).toString();
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("there is no folder [" + name
                    + "] under <config>/opensearch-clip of this node; every node that holds the model needs it");
        }
        try (Stream<Path> entries = Files.walk(folder)) {
            Path allowed = root.toRealPath();
            if (!folder.toRealPath().startsWith(allowed)) {
                throw new IllegalArgumentException("folder [" + name + "] is a link that leads out of its parent");
            }
            for (Path entry : (Iterable<Path>) entries.limit(MAX_ENTRIES)::iterator) {
                if (Files.isSymbolicLink(entry) && !entry.toRealPath().startsWith(allowed)) {
                    throw new IllegalArgumentException("[" + folder.relativize(entry) + "] in folder [" + name
                            + "] is a link that leads out of <config>/opensearch-clip: copy the file");
                }
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("folder [" + name + "] cannot be read on this node", e);
        }
        return folder;
    }

    private Path relative(Map<String, Object> source) {
        if (!source.keySet().equals(Set.of("path")) && !source.keySet().equals(Set.of("catalog"))) {
            throw new IllegalArgumentException(
                    "[source] must be {\"catalog\": <id>} or {\"path\": <folder>}, got the keys " + source.keySet());
        }
        if (!(source.values().iterator().next() instanceof String value)) {
            throw new IllegalArgumentException(
                    "[source." + source.keySet().iterator().next() + "] must be a string");
        }
        if (source.containsKey("catalog")) {
            return config.getFileSystem()
                    .getPath(catalog.entry(value)
                            .orElseThrow(() -> new IllegalArgumentException(
                                    "[source.catalog] names no model of the catalog: [" + value + "], it has "
                                            + catalog.entries().stream()
                                                    .map(Catalog.Entry::id)
                                                    .toList()))
                            .folder());
        }
        if (!Stream.of(value.split("/", -1))
                .allMatch(segment -> SEGMENT.matcher(segment).matches())) {
            throw new IllegalArgumentException(
                    "[source.path] must name a folder below <config>/opensearch-clip/models, got [" + value + "]");
        }
        try {
            return config.getFileSystem().getPath(value);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("[source.path] is no name of a folder: [" + value + "]", e);
        }
    }

    /**
     * The files of a declared model on this node, of the sizes and hashes that were declared; blocks while it gets and reads them.
     *
     * @throws ModelException names the file that cannot be had, or is not the one that was declared
     */
    public Folder open(DeclaredModel model, Progress progress) {
        Path folder = folder(model.source());
        long bytes = model.sizeInBytes();
        progress.enter(Progress.Stage.VERIFYING, 0, bytes);
        verify(folder, model.files());
        progress.add(bytes);
        return Folder.at(folder);
    }

    /**
     * A small file of a declared model, as it was pinned.
     *
     * @throws ModelException when this node has another one, or none
     */
    public byte[] read(DeclaredModel model, Artifact file) {
        Path path =
                open(model.only(file), new Progress(System::currentTimeMillis)).file(file.path());
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new ModelException("file [" + file.path() + "] cannot be read on this node", e);
        }
    }

    /**
     * Checks the size of every file, and the bytes of those that were not read since this node started.
     *
     * @throws ModelException names the file that is not the one that was declared
     */
    void verify(Path folder, List<Artifact> files) {
        for (Artifact file : files) {
            try {
                verify(folder.resolve(file.path()), file);
            } catch (IOException e) {
                throw new ModelException("file [" + file.path() + "] cannot be read on this node", e);
            }
        }
    }

    private void verify(Path path, Artifact file) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new ModelException("file [" + file.path() + "] is missing on this node");
        }
        BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
        if (found.size() != file.size()) {
            throw new ModelException("file [" + file.path() + "] on this node has " + found.size()
                    + " bytes, declared were " + file.size());
        }
        Hashed known = hashed.get(path);
        if (known == null || known.size() != found.size() || !known.modified().equals(found.lastModifiedTime())) {
            known = new Hashed(found.size(), found.lastModifiedTime(), sha256(path));
            hashed.put(path, known);
        }
        if (!known.sha256().equals(file.sha256())) {
            throw new ModelException("file [" + file.path() + "] on this node has the SHA-256 " + known.sha256()
                    + ", declared was " + file.sha256());
        }
    }

    private static String sha256(Path path) throws IOException {
        MessageDigest digest = MessageDigests.sha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(path)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return MessageDigests.toHexString(digest.digest());
    }
}
