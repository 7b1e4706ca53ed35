// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opensearch.common.SuppressForbidden;

/** The files of the tiny CLIP, as an operator would lay them. */
@SuppressForbidden(reason = "files of this project")
final class TinyFolder {

    private static final Path TINY = Path.of("src/test/resources/models/tiny-clip");

    private TinyFolder() {}

    /** @return {@code config}, with a model named {@code tiny} below it */
    static Path in(Path config) {
        Path model = config.resolve("opensearch-clip/models/tiny");
        try {
            Files.createDirectories(model.resolve("onnx"));
            for (String file : List.of(
                    "config.json",
                    "preprocessor_config.json",
                    "tokenizer.json",
                    "onnx/text_model.onnx",
                    "onnx/vision_model.onnx")) {
                Files.copy(TINY.resolve(file), model.resolve(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return config;
    }
}
