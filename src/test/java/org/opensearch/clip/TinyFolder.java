// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.opensearch.common.SuppressForbidden;

/** The files of the tiny CLIP, as an operator would lay them. */
@SuppressForbidden(reason = "files of this project")
public final class TinyFolder {

    private static final Path TINY = Path.of("src/test/resources/models/tiny-clip");

    private TinyFolder() {}

    /** @return {@code config}, with a model named {@code tiny} below it */
    public static Path in(Path config) {
        Path target = config.resolve("opensearch-clip/models/tiny");
        try (Stream<Path> files = Files.walk(TINY)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                Path copy = target.resolve(TINY.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return config;
    }
}
