// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.vector.Pooling;
import org.opensearch.clip.core.vector.Vectors;

/** The model of photographs as the zip has it: what is committed of it, and the text tower of Maven Central's jar. */
class PhotographsModelTests {

    private static final Path COMMITTED = Path.of("config/opensearch-clip-photos-v1");
    private static final Path PICTURES = Path.of("qa/pictures/photographs");

    /** Of 8 bits: another CPU moves its vectors. */
    private static final double LEAST_TEXT = 0.995;

    private static final double LEAST_IMAGE = 0.9999;

    private record In(String text, String image) {}

    private record Golden(List<In> inputs, List<float[]> embeddings) {}

    @TempDir
    static Path folder;

    private static ModelDescription description;
    private static DualEncoder encoder;

    @BeforeAll
    static void open() throws IOException {
        try (Stream<Path> files = Files.walk(COMMITTED)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = folder.resolve(COMMITTED.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        resource("all-minilm-l6-v2-q.onnx", "onnx/text_model.onnx");
        resource("all-minilm-l6-v2-q-tokenizer.json", "tokenizer.json");
        description = ModelFolder.describe(folder, Overrides.NONE);
        encoder = TinyClip.open(folder, description);
    }

    private static void resource(String name, String file) throws IOException {
        try (InputStream in = PhotographsModelTests.class.getResourceAsStream("/" + name)) {
            Files.copy(in, folder.resolve(file));
        }
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static float[] vector(Input input) {
        return Vectors.normalize(encoder.encode(List.of(encoder.prepare(input))).getFirst());
    }

    private static double texts(String a, String b) {
        return Vectors.dot(vector(new Input.Text(a)), vector(new Input.Text(b)));
    }

    @Test
    void isADualEncoderWithASentenceEncoderForTexts() {
        assertEquals("clip", description.family());
        assertEquals(384, description.dimension());
        assertEquals(20, description.logits().orElseThrow().scale());
        Tower.Text text = description.text().orElseThrow();
        assertEquals(Pooling.MEAN, text.pooling());
        assertEquals(256, text.maxTokens());
        assertEquals(3 * 260 * 260, description.image().orElseThrow().pixels().floats());
    }

    @Test
    void makesTheVectorsOfTheReference() throws IOException {
        var golden = new Gson().fromJson(Files.readString(folder.resolve("golden.json")), Golden.class);
        for (int i = 0; i < golden.inputs().size(); i++) {
            In in = golden.inputs().get(i);
            float[] vector = in.text() != null
                    ? vector(new Input.Text(in.text()))
                    : vector(new Input.Image(Base64.getDecoder().decode(in.image())));
            double cosine = Vectors.dot(Vectors.normalize(golden.embeddings().get(i)), vector);
            assertTrue(cosine >= (in.text() != null ? LEAST_TEXT : LEAST_IMAGE), "#" + i + ": cosine " + cosine);
        }
    }

    @Test
    void aNameAndAKindFindTheirPhotograph() throws IOException {
        Map<String, float[]> photographs = new HashMap<>();
        for (String id :
                List.of("cheetah", "coffee", "clownfish", "screwdriver", "cathedral", "penguin", "dog", "volleyball")) {
            photographs.put(id, vector(new Input.Image(Files.readAllBytes(PICTURES.resolve(id + ".jpg")))));
        }
        Map<String, String> expected = Map.of(
                "a wild cat", "cheetah",
                "something to drink", "coffee",
                "a fish", "clownfish",
                "a tool", "screwdriver",
                "an old church", "cathedral",
                "a bird that cannot fly", "penguin",
                "a German shepherd", "dog",
                "a ball", "volleyball");
        expected.forEach((text, id) -> {
            float[] query = vector(new Input.Text(text));
            String best = photographs.entrySet().stream()
                    .max(Comparator.comparingDouble(e -> Vectors.dot(query, e.getValue())))
                    .orElseThrow()
                    .getKey();
            assertEquals(id, best, text);
        });
    }

    @Test
    void textsStayComparedAsTheSentenceEncoderDoes() {
        assertTrue(texts("a car", "an automobile") > texts("a car", "a banana") + 0.3);
        assertTrue(texts("a red apple", "a crimson fruit") > texts("a red apple", "a large truck") + 0.3);
    }
}
