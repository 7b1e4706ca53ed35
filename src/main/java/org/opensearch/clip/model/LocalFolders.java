// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.common.hash.MessageDigests;

/**
 * Folders of models that an operator put on this node, or the plugin brought: where they are, and whether their files are those that were
 * pinned. Safe for use by many threads.
 */
final class LocalFolders {

    private static final int MAX_ENTRIES = 10_000;

    private final Path config;
    private final Map<Path, Hashed> hashed = new ConcurrentHashMap<>();

    /** A file whose bytes were read since this node started. */
    private record Hashed(long size, FileTime modified, String sha256) {}

    /** @param config {@code <config>/opensearch-clip} of this node */
    LocalFolders(Path config) {
        this.config = config;
    }

    /**
     * The folder on this node. Nothing in it leads out of it: what a link points to could not be copied to another node.
     *
     * @throws IllegalArgumentException when it is not here
     */
    Path folder(Source.Local source) {
        Path root = source.key().equals("path") ? config.resolve("models") : config;
        Path folder = resolved(root, source);
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
        } catch (IOException | UncheckedIOException e) { // the second is how the iteration says it
            throw new IllegalArgumentException("folder [" + name + "] cannot be read on this node", e);
        }
        return folder;
    }

    private static Path resolved(Path root, Source.Local source) {
        try {
            return root.resolve(source.folder());
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("[source.path] is no name of a folder: [" + source.folder() + "]", e);
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
