// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;

/**
 * The files of a model by their names: a folder of this machine, or a listing of files that lie elsewhere until they are
 * asked for. Names are relative, with forward slashes.
 */
public abstract sealed class Folder permits Directory, Listing {

    private static final int MOST_JSON_BYTES = 1 << 20;

    /**
     * A file of which the bytes may be elsewhere.
     *
     * @param size in bytes
     * @param sha256 when it is known without reading them
     */
    public record Listed(String path, long size, Optional<String> sha256) {
        public Listed {
            Artifact.requireInside(path);
        }

        public static Listed of(Artifact file) {
            return new Listed(file.path(), file.size(), Optional.of(file.sha256()));
        }
    }

    /** Gives the bytes of a listed file; blocks while it gets them. */
    @FunctionalInterface
    public interface Content {
        Path file(Listed file);
    }

    Folder() {}

    /** @throws IllegalArgumentException when it is not a folder */
    public static Folder at(Path root) {
        return new Directory(root);
    }

    /** A folder that consists of these files; only those whose bytes are wanted are asked of {@code content}. */
    public static Folder listing(Collection<Listed> files, Content content) {
        return new Listing(files, content);
    }

    /** Whether the bytes of every file are on this machine. */
    public final boolean isHere() {
        return this instanceof Directory;
    }

    abstract boolean has(String name);

    /** @throws IllegalArgumentException as {@link #file} */
    abstract long size(String name);

    /**
     * As {@link #file}, without getting the bytes.
     *
     * @throws IllegalArgumentException when it is missing, or no regular file of this folder
     */
    final void require(String name) {
        size(name);
    }

    /** Names of the files in a folder of this folder, sorted; empty when there is none. */
    abstract List<String> list(String folder);

    /**
     * Where the bytes are. In a listing this may download them: ask for small files only while a model is described.
     *
     * @throws IllegalArgumentException when it is missing, or no regular file of this folder
     */
    public abstract Path file(String name);

    /** @return empty when there is no such file */
    final Optional<Config> json(String name) {
        return parse(name).map(json -> object(name, json));
    }

    /** @return the objects of a list, none when there is no such file */
    final List<Config> array(String name) {
        return parse(name).stream()
                .flatMap(json -> json instanceof JsonArray array ? array.asList().stream() : Stream.of(json))
                .map(json -> object(name, json))
                .toList();
    }

    private static Config object(String name, JsonElement json) {
        if (!json.isJsonObject()) {
            throw new IllegalArgumentException("[" + name + "] is not a JSON object");
        }
        return new Config(name, json.getAsJsonObject());
    }

    private Optional<JsonElement> parse(String name) {
        if (!has(name)) {
            return Optional.empty();
        }
        if (size(name) > MOST_JSON_BYTES) {
            throw new IllegalArgumentException("[" + name + "] has more than " + MOST_JSON_BYTES + " bytes");
        }
        try (InputStream in = Files.newInputStream(file(name))) {
            return Optional.of(
                    JsonParser.parseString(new String(in.readNBytes(MOST_JSON_BYTES), StandardCharsets.UTF_8)));
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(
                    "[" + name + "] is not JSON: " + Shown.reason(e), Shown.isLong(e) ? null : e);
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    /** Reads the whole file unless its hash is known. */
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
            throw unreadable(name, e);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    static UncheckedIOException unreadable(String name, IOException e) {
        return new UncheckedIOException("[" + name + "] cannot be read", e);
    }
}
