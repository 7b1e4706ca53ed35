// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;

/**
 * A folder of this machine, read with distrust: only regular files that truly lie inside it, under their own name, not
 * linked from elsewhere, so that no declaration can make a node read other files of the machine.
 */
final class Directory extends Folder {

    private final Path root;

    /** @throws IllegalArgumentException when it is not a folder */
    Directory(Path root) {
        try {
            this.root = root.toRealPath();
        } catch (IOException e) {
            throw new IllegalArgumentException("the model's folder [" + root.getFileName() + "] is not there", e);
        }
        if (!Files.isDirectory(this.root)) {
            throw new IllegalArgumentException("[" + root.getFileName() + "] is not a folder");
        }
    }

    @Override
    boolean has(String name) {
        return Files.exists(root.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public Path file(String name) {
        Path file = root.resolve(name);
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new IllegalArgumentException(
                        has(name)
                                ? "[" + Shown.of(name) + "] is not a regular file, put a copy there"
                                : "[" + Shown.of(name) + "] is missing");
            }
            if (!file.toRealPath().equals(file.normalize()) || !file.normalize().startsWith(root)) {
                throw new IllegalArgumentException("[" + Shown.of(name) + "] leads out of the model's folder");
            }
            if (Files.getFileStore(file).supportsFileAttributeView("unix")
                    && (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS) > 1) {
                throw new IllegalArgumentException(
                        "[" + Shown.of(name) + "] is a hard link to another file, put a copy there");
            }
            return file;
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    @Override
    long size(String name) {
        try {
            return Files.size(file(name));
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    @Override
    List<String> list(String folder) {
        Path path = root.resolve(folder);
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }
}
