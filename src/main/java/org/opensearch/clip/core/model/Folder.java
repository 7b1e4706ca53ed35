// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model's folder, read with distrust: only regular files that truly lie inside it, under their own name, not linked
 * from elsewhere, so that no declaration can make a node read other files of the machine.
 */
final class Folder {

    private static final int MOST_JSON_BYTES = 1 << 20;

    private final Path root;

    /** @throws IllegalArgumentException when it is not a folder */
    Folder(Path root) {
        try {
            this.root = root.toRealPath();
        } catch (IOException e) {
            throw new IllegalArgumentException("the model's folder [" + root.getFileName() + "] is not there", e);
        }
        if (!Files.isDirectory(this.root)) {
            throw new IllegalArgumentException("[" + root.getFileName() + "] is not a folder");
        }
    }

    boolean has(String name) {
        return Files.exists(root.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * @param name relative, with forward slashes
     * @throws IllegalArgumentException when it is missing, or no regular file of this folder
     */
    Path file(String name) {
        Path file = root.resolve(name);
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new IllegalArgumentException(
                        has(name)
                                ? "[" + name + "] is not a regular file, put a copy there"
                                : "[" + name + "] is missing");
            }
            if (!file.toRealPath().equals(file.normalize()) || !file.normalize().startsWith(root)) {
                throw new IllegalArgumentException("[" + name + "] leads out of the model's folder");
            }
            if (Files.getFileStore(file).supportsFileAttributeView("unix")
                    && (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS) > 1) {
                throw new IllegalArgumentException("[" + name + "] is a hard link to another file, put a copy there");
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException("[" + name + "] cannot be read", e);
        }
    }

    /** @return empty when there is no such file */
    Optional<Config> json(String name) {
        if (!has(name)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file(name))) {
            byte[] bytes = in.readNBytes(MOST_JSON_BYTES + 1);
            if (bytes.length > MOST_JSON_BYTES) {
                throw new IllegalArgumentException("[" + name + "] has more than " + MOST_JSON_BYTES + " bytes");
            }
            var json = JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8));
            if (!json.isJsonObject()) {
                throw new IllegalArgumentException("[" + name + "] is not a JSON object");
            }
            return Optional.of(new Config(name, json.getAsJsonObject()));
        } catch (JsonParseException e) {
            throw new IllegalArgumentException("[" + name + "] is not JSON: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("[" + name + "] cannot be read", e);
        }
    }

    /** Names of the files in a folder of this folder, sorted; empty when there is none. */
    List<String> list(String folder) {
        Path path = root.resolve(folder);
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("[" + folder + "] cannot be read", e);
        }
    }

    /** Reads the whole file. */
    Artifact artifact(String name) {
        try (InputStream in = Files.newInputStream(file(name))) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            long size = 0;
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sha256.update(buffer, 0, n);
                size += n;
            }
            return new Artifact(name, size, HexFormat.of().formatHex(sha256.digest()));
        } catch (IOException e) {
            throw new UncheckedIOException("[" + name + "] cannot be read", e);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
