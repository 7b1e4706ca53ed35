// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.OnnxOptions;
import org.opensearch.clip.core.onnx.OnnxRuntime;
import org.opensearch.clip.core.onnx.PreparedGraphs;
import org.opensearch.clip.core.text.Tokenizer;
import org.opensearch.clip.core.vector.Vectors;

/** A small model of each family, against what the original libraries make of it: {@code qa/parity/goldens.py} made them. */
class FamilyParityTests {

    private static final Path FOLDER = Path.of("src/test/resources/models/parity");

    /** goldens.py keeps every so many-th float of a picture. */
    private static final int STEP = 61;

    @TempDir
    static Path forms;

    private record Text(String text, String side, long[] ids, String vector) {
        Input input() {
            return new Input.Text(text, side.equals("query") ? Input.Side.QUERY : Input.Side.PASSAGE);
        }
    }

    private record Picture(String name, String pixels, String vector) {
        Input input() {
            try {
                return new Input.Image(
                        Files.readAllBytes(FOLDER.resolve("pictures").resolve(name)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private record Golden(Map<String, Object> overrides, List<Text> texts, List<Picture> pictures) {
        static Golden of(String family) throws IOException {
            Golden all = new Gson()
                    .fromJson(Files.readString(FOLDER.resolve(family).resolve("expected.json")), Golden.class);
            // native code decodes WebP, in a process of its own: NativePicturesTests
            return new Golden(
                    all.overrides,
                    all.texts,
                    all.pictures.stream()
                            .filter(picture -> !picture.name.endsWith(".webp"))
                            .toList());
        }

        /** As a node does: each tower cut out of its graph and prepared. */
        DualEncoder open(String family) {
            Path model = FOLDER.resolve(family).resolve("model");
            Folder folder = Folder.at(model);
            ModelDescription description = ModelFolder.describe(folder, Overrides.parse(overrides));
            List<Artifact> files = ModelFolder.artifacts(folder, description);
            return new DualEncoder(
                    description,
                    description.text().map(tower -> session(folder, tower, files)),
                    description.text().map(t -> Tokenizer.open(folder.file(t.tokenizer()), t.maxTokens())),
                    description.image().map(tower -> session(folder, tower, files)));
        }

        private static Session session(Folder folder, Tower tower, List<Artifact> files) {
            Map<String, String> hashes = files.stream().collect(Collectors.toMap(Artifact::path, Artifact::sha256));
            PreparedGraphs.Source source = PreparedGraphs.Source.of(
                    tower.graph(),
                    hashes.keySet(),
                    path -> new PreparedGraphs.File(folder.file(path), hashes.get(path)));
            var runtime = new OnnxRuntime((task, delay) -> () -> {});
            return new PreparedGraphs(forms, runtime, () -> 0)
                    .open(source, tower.outputs(), new OnnxOptions(1, Duration.ofMinutes(1)), () -> {})
                    .session();
        }
    }

    static List<String> families() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.filter(f -> Files.exists(f.resolve("expected.json")))
                    .map(f -> f.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private static float[] floats(String base64) {
        byte[] bytes = Base64.getDecoder().decode(base64);
        float[] floats = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return floats;
    }

    private static void same(double cosine, float[] expected, float[] vector, String input) {
        double found = Vectors.dot(Vectors.normalize(expected), Vectors.normalize(vector));
        assertTrue(found >= cosine, input + ": cosine " + found);
    }

    @ParameterizedTest
    @MethodSource("families")
    void textsAreThoseOfTheReference(String family) throws IOException {
        Golden golden = Golden.of(family);
        try (DualEncoder encoder = golden.open(family)) {
            for (Text text : golden.texts()) {
                var prepared = (Prepared.Text) encoder.prepare(text.input());
                assertArrayEquals(text.ids(), prepared.ids(), text.text());
                float[] vector = encoder.encode(List.of(prepared)).getFirst();
                same(0.9999, floats(text.vector()), vector, text.side() + " " + text.text());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void picturesAreThoseOfTheReference(String family) throws IOException {
        Golden golden = Golden.of(family);
        try (DualEncoder encoder = golden.open(family)) {
            assertEquals(
                    golden.pictures().isEmpty(), encoder.description().image().isEmpty());
            for (Picture picture : golden.pictures()) {
                var prepared = (Prepared.Image) encoder.prepare(picture.input());
                float[] expected = floats(picture.pixels());
                FloatBuffer found = FloatBuffer.allocate(
                        encoder.description().image().orElseThrow().pixels().floats());
                prepared.pixels().put(found);
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], found.get(i * STEP), 1e-5f, picture.name() + " at " + i * STEP);
                }
                float[] vector = encoder.encode(List.of(prepared)).getFirst();
                same(0.9999, floats(picture.vector()), vector, picture.name());
            }
        }
    }

    /** Alone, in one batch of several lengths, and in other batches on eight threads at once. */
    @ParameterizedTest
    @MethodSource("families")
    void batchingChangesNothing(String family) throws Exception {
        Golden golden = Golden.of(family);
        try (DualEncoder encoder = golden.open(family);
                var threads = Executors.newFixedThreadPool(8)) {
            for (Stream<Input> inputs : List.of(
                    golden.texts().stream().map(Text::input),
                    golden.pictures().stream().map(Picture::input))) {
                List<Prepared> prepared = inputs.map(encoder::prepare).toList();
                if (prepared.isEmpty()) {
                    continue;
                }
                List<float[]> alone = prepared.stream()
                        .map(p -> encoder.encode(List.of(p)).getFirst())
                        .toList();
                var runs = new ArrayList<Callable<Void>>();
                for (int thread = 0; thread < 8; thread++) {
                    var random = new Random(thread);
                    runs.add(() -> together(encoder, prepared, alone, random));
                }
                for (var done : threads.invokeAll(runs)) {
                    done.get();
                }
            }
        }
    }

    private static Void together(DualEncoder encoder, List<Prepared> inputs, List<float[]> alone, Random random) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, inputs.size()).boxed().toList());
        for (int round = 0; round < 4; round++) {
            List<Integer> batch = order.subList(0, round == 0 ? inputs.size() : 1 + random.nextInt(inputs.size()));
            List<float[]> vectors =
                    encoder.encode(batch.stream().map(inputs::get).toList());
            for (int i = 0; i < batch.size(); i++) {
                same(0.999999, alone.get(batch.get(i)), vectors.get(i), "input " + batch.get(i));
            }
            Collections.shuffle(order, random);
        }
        return null;
    }
}
