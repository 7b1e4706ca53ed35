// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.OnnxOptions;
import org.opensearch.clip.core.onnx.OnnxRuntime;
import org.opensearch.clip.core.text.Cleaning;
import org.opensearch.clip.core.text.Tokenizer;
import org.opensearch.clip.core.vector.Pooling;

/** The dual encoder of random weights that {@code make.py} makes, and what the reference says about it. */
final class TinyClip {

    static final Path FOLDER = Path.of("src/test/resources/models/tiny-clip");

    record Text(String input, int tokens, float[] vector) {}

    record Picture(String input, float[] vector) {}

    record Hidden(String input, float[] MEAN, float[] CLS, float[] LAST) {
        float[] pooled(Pooling pooling) {
            return switch (pooling) {
                case MEAN -> MEAN;
                case CLS -> CLS;
                case LAST -> LAST;
                case NONE -> throw new AssertionError();
            };
        }
    }

    record Expected(List<Text> texts, List<Picture> pictures, List<Hidden> hidden) {}

    private TinyClip() {}

    static Expected expected() {
        try {
            return new Gson().fromJson(Files.readString(FOLDER.resolve("expected.json")), Expected.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ModelDescription description() {
        return ModelFolder.describe(FOLDER, Overrides.NONE);
    }

    static DualEncoder open() {
        return open(FOLDER, description());
    }

    static DualEncoder open(Path folder, ModelDescription description) {
        Optional<Tokenizer> tokenizer =
                description.text().map(t -> Tokenizer.open(folder.resolve(t.tokenizer()), t.maxTokens()));
        return new DualEncoder(
                description,
                description.text().map(Tower.Text::graph).map(g -> session(folder, g)),
                tokenizer,
                description.image().map(Tower.Image::graph).map(g -> session(folder, g)));
    }

    static Session session(Path folder, String graph) {
        return new OnnxRuntime((task, delay) -> () -> {})
                .open(folder.resolve(graph), new OnnxOptions(1, Duration.ofMinutes(1)));
    }

    static ModelDescription of(int dimension, Optional<Tower.Text> text, Optional<Tower.Image> image) {
        return new ModelDescription(
                "test", "fp32", dimension, List.of(), text, image, OptionalDouble.empty(), OptionalDouble.empty());
    }

    /** The text tower alone, with another graph. */
    static ModelDescription text(String graph, int dimension, Pooling pooling, int maxTokens, boolean fixedLength) {
        Tower.Text tower = new Tower.Text(
                graph,
                List.of(pooling == Pooling.NONE ? "text_embeds" : "last_hidden_state"),
                pooling,
                "tokenizer.json",
                maxTokens,
                fixedLength ? Tower.Padding.SEEN : Tower.Padding.LONGEST,
                1,
                Cleaning.NONE,
                Tower.Side.PLAIN,
                Tower.Side.PLAIN);
        return of(dimension, Optional.of(tower), Optional.empty());
    }
}
