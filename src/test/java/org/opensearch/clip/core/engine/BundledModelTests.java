// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.vector.Vectors;

/** The model of the zip, as it ships, from a text or a file to the vector, against the same in Python. */
class BundledModelTests {

    private static final Path MODEL = Path.of("config/opensearch-clip-demo-v1");
    private static final Path PICTURES = Path.of("qa/pictures");

    private record Text(String input, long[] ids, String vector) {}

    private record Picture(String input, String vector) {}

    private record Expected(List<Text> texts, List<Picture> pictures) {}

    private static Expected expected;
    private static DualEncoder encoder;

    @BeforeAll
    static void open() throws IOException {
        String json = Files.readString(Path.of("src/test/resources/models/bundled/expected.json"));
        expected = new Gson().fromJson(json, Expected.class);
        encoder = TinyClip.open(MODEL, ModelFolder.describe(MODEL, Overrides.NONE));
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static float[] vector(String base64) {
        byte[] bytes = Base64.getDecoder().decode(base64);
        float[] vector = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
        return vector;
    }

    private static void same(String input, String reference, float[] vector) {
        double cosine = Vectors.dot(Vectors.normalize(vector(reference)), Vectors.normalize(vector));
        assertTrue(cosine >= 0.9999, input + ": cosine " + cosine);
    }

    @Test
    void textsInSixteenLanguagesAreThoseOfTheReference() {
        for (Text text : expected.texts()) {
            Prepared prepared = encoder.prepare(new Input.Text(text.input()));
            assertArrayEquals(text.ids(), ((Prepared.Text) prepared).ids(), text.input());
            same(text.input(), text.vector(), encoder.encode(List.of(prepared)).getFirst());
        }
    }

    @Test
    void picturesAreThoseOfTheReference() throws IOException {
        for (Picture picture : expected.pictures()) {
            byte[] file = Files.readAllBytes(PICTURES.resolve(picture.input()));
            Prepared prepared = encoder.prepare(new Input.Image(file));
            same(
                    picture.input(),
                    picture.vector(),
                    encoder.encode(List.of(prepared)).getFirst());
        }
    }

    @Test
    void aNameFindsItsPicture() throws IOException {
        List<String> names = List.of("dog face", "red apple", "umbrella with rain drops", "automobile");
        List<String> files = List.of("1F436", "1F34E", "2614", "1F697");
        for (int i = 0; i < names.size(); i++) {
            float[] query = vector(new Input.Text(names.get(i)));
            String best = "";
            double most = -1;
            for (String file : files) {
                double score = Vectors.dot(query, vector(picture(file)));
                best = score > most ? file : best;
                most = Math.max(most, score);
            }
            assertEquals(files.get(i), best, names.get(i));
        }
    }

    private static Input picture(String id) throws IOException {
        return new Input.Image(Files.readAllBytes(PICTURES.resolve("noto").resolve(id + ".png")));
    }

    private static float[] vector(Input input) {
        return Vectors.normalize(encoder.encode(List.of(encoder.prepare(input))).getFirst());
    }
}
