// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opensearch.clip.core.engine.TinyClip.FOLDER;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.image.ImageException;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.GraphPorts;
import org.opensearch.clip.core.text.Tokenizer;
import org.opensearch.clip.core.vector.Pooling;
import org.opensearch.clip.core.vector.Vectors;

class DualEncoderTests {

    static double cosine(float[] a, float[] b) {
        return Vectors.dot(Vectors.normalize(a), Vectors.normalize(b));
    }

    private static List<Prepared> texts(DualEncoder encoder) {
        return TinyClip.expected().texts().stream()
                .map(t -> encoder.prepare(new Input.Text(t.input())))
                .toList();
    }

    private static List<Prepared> pictures(int n) {
        var random = new Random(3);
        var pictures = new ArrayList<Prepared>();
        for (int i = 0; i < n; i++) {
            float[] pixels = new float[3 * 32 * 32];
            for (int p = 0; p < pixels.length; p++) {
                pixels[p] = (float) random.nextGaussian();
            }
            pictures.add(new Prepared.Image(pixels, 1, 1));
        }
        return pictures;
    }

    /** Each input alone, then all together in one batch of several lengths. */
    private static void batchingChangesNothing(DualEncoder encoder, List<Prepared> inputs) {
        List<float[]> together = encoder.encode(inputs);
        for (int i = 0; i < inputs.size(); i++) {
            float[] alone = encoder.encode(List.of(inputs.get(i))).getFirst();
            assertTrue(cosine(alone, together.get(i)) >= 0.999999, "input " + i);
        }
    }

    @Test
    void textsBecomeTheVectorsOfTheReference() {
        try (DualEncoder encoder = TinyClip.open()) {
            for (TinyClip.Text text : TinyClip.expected().texts()) {
                var prepared = (Prepared.Text) encoder.prepare(new Input.Text(text.input()));
                assertEquals(text.tokens(), prepared.ids().length);
                assertFalse(prepared.truncated());
                assertArrayEquals(
                        text.vector(), encoder.encode(List.of(prepared)).getFirst(), 1e-5f);
            }
        }
    }

    @Test
    void picturesBecomeTheVectorsOfTheReference() throws IOException {
        try (DualEncoder encoder = TinyClip.open()) {
            for (TinyClip.Picture picture : TinyClip.expected().pictures()) {
                byte[] file = Files.readAllBytes(FOLDER.resolve("pictures").resolve(picture.input()));
                Prepared prepared = encoder.prepare(new Input.Image(file));
                assertArrayEquals(
                        picture.vector(), encoder.encode(List.of(prepared)).getFirst(), 1e-5f);
            }
        }
    }

    @Test
    void anUnreadablePictureIsTheInputsOwnFault() {
        try (DualEncoder encoder = TinyClip.open()) {
            byte[] nothing = "this is no picture".getBytes(StandardCharsets.UTF_8);
            var e = assertThrows(InputException.class, () -> encoder.prepare(new Input.Image(nothing)));
            assertEquals(InputException.Kind.INVALID_IMAGE, e.kind());
            assertEquals(ImageException.class, e.getCause().getClass());
        }
    }

    @Test
    void longTextsAreCut() {
        try (DualEncoder encoder = TinyClip.open()) {
            var prepared = (Prepared.Text) encoder.prepare(new Input.Text("dog ".repeat(100)));
            assertEquals(32, prepared.ids().length);
            assertTrue(prepared.truncated());
        }
    }

    /** Says that each position of a text takes a byte, and each picture a byte. */
    private record Counting(Session session, List<Long> batches) implements Session {
        @Override
        public Floats run(Map<String, Tensor> inputs, String output, RunControl control) {
            batches.add(inputs.values().iterator().next().shape()[0]);
            return session.run(inputs, output);
        }

        @Override
        public long runBytes(long inputs, long positions) {
            return inputs * positions;
        }

        @Override
        public long runBytesOfPictures(long inputs, long height, long width) {
            return inputs;
        }

        @Override
        public List<Port> inputs() {
            return session.inputs();
        }

        @Override
        public List<Port> outputs() {
            return session.outputs();
        }

        @Override
        public Footprint footprint() {
            return session.footprint();
        }

        @Override
        public long nodes() {
            return session.nodes();
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private record Limited(long most, List<Long> open) implements RunMemory {
        @Override
        public Taken take(long bytes, int tokens) {
            if (bytes > most) {
                throw new InputException(InputException.Kind.INVALID_TEXT, "[" + tokens + "] tokens");
            }
            open.add(bytes);
            return () -> open.remove(bytes);
        }
    }

    @Test
    void textsShareARunWhileItsMemoryIsThere() {
        var description = TinyClip.description();
        var text = description.text().orElseThrow();
        var batches = new ArrayList<Long>();
        var open = new ArrayList<Long>();
        try (DualEncoder encoder = new DualEncoder(
                TinyClip.of(description.dimension(), Optional.of(text), Optional.empty()),
                Optional.of(new Counting(TinyClip.session(FOLDER, text.graph()), batches)),
                Optional.of(Tokenizer.open(FOLDER.resolve(text.tokenizer()), text.maxTokens())),
                Optional.empty(),
                new Limited(20, open))) {
            Prepared four = encoder.prepare(new Input.Text("dog dog"));
            int tokens = ((Prepared.Text) four).ids().length;
            assertEquals(7, encoder.encode(Collections.nCopies(7, four)).size());
            assertTrue(
                    batches.stream().allMatch(count -> count * tokens <= 20) && batches.size() > 1,
                    () -> "runs of " + batches + " texts of " + tokens + " tokens");
            Prepared longest = encoder.prepare(new Input.Text("dog ".repeat(100)));
            var e = assertThrows(InputException.class, () -> encoder.encode(List.of(four, longest)));
            assertEquals("[32] tokens", e.getMessage());
            assertEquals(List.of(), open);
        }
    }

    @Test
    void picturesShareARunWhileItsMemoryIsThere() {
        var description = TinyClip.description();
        var tower = description.image().orElseThrow();
        var batches = new ArrayList<Long>();
        var open = new ArrayList<Long>();
        long each = 2 * 3 * 32 * 32 * 4 + 1;
        try (DualEncoder encoder = new DualEncoder(
                TinyClip.of(description.dimension(), Optional.empty(), Optional.of(tower)),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Counting(TinyClip.session(FOLDER, tower.graph()), batches)),
                new Limited(3 * each, open))) {
            assertEquals(7, encoder.encode(pictures(7)).size());
            assertEquals(List.of(2L, 3L, 2L), batches);
            assertEquals(List.of(), open);
        }
    }

    /** A graph of pictures of any size, which are one number each. */
    private record Large(ImageSpec pixels, List<Long> batches) implements Session {
        @Override
        public Floats run(Map<String, Tensor> inputs, String output, RunControl control) {
            long count = inputs.get("pixel_values").shape()[0];
            batches.add(count);
            float[] ones = new float[(int) count];
            Arrays.fill(ones, 1);
            return new Floats(new long[] {count, 1}, ones);
        }

        @Override
        public List<Port> inputs() {
            long[] shape = {-1, 3, pixels.height(), pixels.width()};
            return List.of(new Port("pixel_values", Element.FLOAT, shape));
        }

        @Override
        public List<Port> outputs() {
            return List.of(new Port("image_embeds", Element.FLOAT, new long[] {-1, 1}));
        }

        @Override
        public Footprint footprint() {
            return new Footprint(0, 0, true);
        }

        @Override
        public long nodes() {
            return 1;
        }

        @Override
        public void close() {}
    }

    @Test
    void picturesOfALargeTowerShareARunByTheirBytes() {
        ImageSpec s = TinyClip.description().image().orElseThrow().pixels();
        for (Map.Entry<Integer, List<Long>> run :
                Map.of(2048, List.of(1L, 1L), 1024, List.of(2L)).entrySet()) {
            int side = run.getKey();
            var large = new ImageSpec(side, side, s.resize(), s.filter(), s.rescale(), s.mean(), s.std(), 0);
            var tower = new Tower.Image("onnx/vision_model.onnx", List.of("image_embeds"), Pooling.NONE, large);
            var batches = new ArrayList<Long>();
            try (DualEncoder encoder = new DualEncoder(
                    TinyClip.of(1, Optional.empty(), Optional.of(tower)),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(new Large(large, batches)),
                    RunMemory.UNCOUNTED)) {
                Prepared picture = new Prepared.Image(new float[large.floats()], 1, 1);
                assertEquals(2, encoder.encode(List.of(picture, picture)).size());
                assertEquals(run.getValue(), batches);
            }
        }
    }

    @Test
    void batchingChangesNoText() {
        try (DualEncoder encoder = TinyClip.open()) {
            batchingChangesNothing(encoder, texts(encoder));
        }
    }

    @Test
    void batchingChangesNoPicture() {
        try (DualEncoder encoder = TinyClip.open()) {
            batchingChangesNothing(encoder, pictures(7));
        }
    }

    @Test
    void reusedMemoryLeaksNothingIntoTheNextRun() {
        try (DualEncoder encoder = TinyClip.open()) {
            List<Prepared> texts = texts(encoder);
            float[] first = encoder.encode(List.of(texts.get(1))).getFirst();
            encoder.encode(texts);
            encoder.encode(pictures(9));
            assertArrayEquals(first, encoder.encode(List.of(texts.get(1))).getFirst());
        }
    }

    @Test
    void manyThreadsGetTheSameVectors() throws Exception {
        try (DualEncoder encoder = TinyClip.open();
                var threads = Executors.newFixedThreadPool(4)) {
            List<Prepared> texts = texts(encoder);
            List<Prepared> pictures = pictures(3);
            List<float[]> expectedTexts = encoder.encode(texts);
            List<float[]> expectedPictures = encoder.encode(pictures);
            Callable<Void> both = () -> {
                for (int n = 0; n < 100; n++) {
                    for (int i = 0; i < texts.size(); i++) {
                        assertArrayEquals(
                                expectedTexts.get(i), encoder.encode(texts).get(i), 1e-6f);
                    }
                    assertArrayEquals(
                            expectedPictures.getLast(), encoder.encode(pictures).getLast(), 1e-6f);
                }
                return null;
            };
            for (var done : threads.invokeAll(List.of(both, both, both, both))) {
                done.get();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void hiddenStatesArePooled(Pooling pooling) {
        try (DualEncoder encoder = TinyClip.open(FOLDER, TinyClip.text("onnx/hidden.onnx", 16, pooling, 32, false))) {
            List<TinyClip.Hidden> expected = TinyClip.expected().hidden();
            List<Prepared> inputs = expected.stream()
                    .map(h -> encoder.prepare(new Input.Text(h.input())))
                    .toList();
            List<float[]> together = encoder.encode(inputs);
            for (int i = 0; i < inputs.size(); i++) {
                assertArrayEquals(expected.get(i).pooled(pooling), together.get(i), 1e-4f);
            }
            batchingChangesNothing(encoder, inputs);
        }
    }

    @Test
    void aGraphOfFixedShapeIsFedOneByOneAtItsLength() {
        try (DualEncoder encoder =
                TinyClip.open(FOLDER, TinyClip.text("onnx/fixed.onnx", 24, Pooling.NONE, 32, false))) {
            List<float[]> vectors = encoder.encode(texts(encoder));
            List<TinyClip.Text> expected = TinyClip.expected().texts();
            assertEquals(expected.size(), vectors.size());
            for (int i = 0; i < vectors.size(); i++) {
                assertTrue(cosine(expected.get(i).vector(), vectors.get(i)) >= 0.999999);
            }
        }
    }

    @Test
    void towersOfFixedLengthSeeTheirPadding() {
        try (DualEncoder always =
                        TinyClip.open(FOLDER, TinyClip.text("onnx/text_model.onnx", 24, Pooling.NONE, 32, true));
                DualEncoder mask = TinyClip.open()) {
            Prepared text = mask.prepare(new Input.Text("red shoe"));
            long[] padded = Arrays.copyOf(((Prepared.Text) text).ids(), 32);
            Arrays.fill(padded, ((Prepared.Text) text).ids().length, 32, 1);
            float[] expected =
                    mask.encode(List.of(new Prepared.Text(padded, false))).getFirst();
            assertArrayEquals(expected, always.encode(List.of(text)).getFirst(), 1e-6f);
            assertTrue(cosine(expected, mask.encode(List.of(text)).getFirst()) < 0.99);
            batchingChangesNothing(always, texts(always));
        }
    }

    @Test
    void aModelOfOneTowerRefusesTheOtherKind() {
        try (DualEncoder encoder =
                TinyClip.open(FOLDER, TinyClip.text("onnx/text_model.onnx", 24, Pooling.NONE, 32, false))) {
            var e = assertThrows(InputException.class, () -> encoder.prepare(new Input.Image(new byte[10])));
            assertEquals(InputException.Kind.INVALID_IMAGE, e.kind());
            assertEquals("the model has no picture tower: it embeds texts only", e.getMessage());
            assertThrows(IllegalArgumentException.class, () -> encoder.encode(pictures(1)));
        }
        ModelDescription whole = TinyClip.description();
        ModelDescription pictures = TinyClip.of(24, Optional.empty(), whole.image());
        try (DualEncoder encoder = TinyClip.open(FOLDER, pictures)) {
            var e = assertThrows(InputException.class, () -> encoder.prepare(new Input.Text("a")));
            assertEquals(InputException.Kind.INVALID_TEXT, e.kind());
            assertEquals(1, encoder.encode(pictures(1)).size());
        }
    }

    @Test
    void aBatchIsOfOneKindAndNotEmpty() {
        try (DualEncoder encoder = TinyClip.open()) {
            List<Prepared> mixed =
                    List.of(texts(encoder).getFirst(), pictures(1).getFirst());
            var e = assertThrows(IllegalArgumentException.class, () -> encoder.encode(mixed));
            assertEquals(
                    "a batch must be of one modality that the model has, got 1 texts and 1 pictures", e.getMessage());
            assertThrows(IllegalArgumentException.class, () -> encoder.encode(List.of()));
        }
    }

    @Test
    void vectorsThatAreNotFiniteAreRefused() {
        try (DualEncoder encoder = TinyClip.open()) {
            float[] pixels = new float[3 * 32 * 32];
            pixels[0] = Float.NaN;
            var e = assertThrows(ModelException.class, () -> encoder.encode(List.of(new Prepared.Image(pixels, 1, 1))));
            assertEquals("[onnx/vision_model.onnx] made a vector that is not finite", e.getMessage());
        }
    }

    @Test
    void chargesBothSessions() {
        ModelDescription both = TinyClip.description();
        Session text = TinyClip.session(FOLDER, "onnx/text_model.onnx");
        Session image = TinyClip.session(FOLDER, "onnx/vision_model.onnx");
        Optional<Tokenizer> tokenizer = Optional.of(Tokenizer.open(
                FOLDER.resolve("tokenizer.json"), both.text().orElseThrow().maxTokens()));
        try (DualEncoder encoder = new DualEncoder(both, Optional.of(text), tokenizer, Optional.of(image))) {
            assertEquals(text.bytes() + image.bytes(), encoder.bytes());
        }
    }

    private static void refused(ModelDescription description, String... parts) {
        var e = assertThrows(
                ModelException.class, () -> TinyClip.open(FOLDER, description).close());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), part + " not in: " + e.getMessage());
        }
    }

    @Test
    void aGraphThatDoesNotFitIsRefusedWithWhatItHas() {
        refused(
                TinyClip.text("onnx/hidden.onnx", 16, Pooling.NONE, 32, false),
                "[onnx/hidden.onnx] has inputs [input_ids int32[?, ?], attention_mask int32[?, ?],",
                "outputs [last_hidden_state float[?, ?, 16]]",
                "[pooling]");
        refused(
                TinyClip.text("onnx/text_model.onnx", 24, Pooling.MEAN, 32, false),
                "expected an output of 3 dimensions",
                "last_hidden_state");
        refused(
                TinyClip.text("onnx/text_model.onnx", 512, Pooling.NONE, 32, false),
                "output [text_embeds] of [onnx/text_model.onnx] has 24 floats a vector, expected are 512");
        refused(
                TinyClip.text("onnx/vision_model.onnx", 24, Pooling.NONE, 32, false),
                "has inputs [pixel_values float[?, 3, 32, 32]]",
                "input_ids");
        refused(
                TinyClip.text("onnx/fixed.onnx", 24, Pooling.NONE, 40, false),
                "takes sequences of 32 tokens, max_tokens is 40: override [max_tokens] with 32");
    }

    @Test
    void aGraphIsKnownBeforeItIsLoaded() {
        try (Session session = TinyClip.session(FOLDER, "onnx/hidden.onnx")) {
            var read = GraphPorts.read("hidden", FOLDER.resolve("onnx/hidden.onnx"), List.of());
            assertEquals(Graph.describe("hidden", session), Graph.describe("hidden", read));
        }
        DualEncoder.check(TinyClip.description(), DualEncoderTests::ports);
        var e = assertThrows(
                ModelException.class,
                () -> DualEncoder.check(
                        TinyClip.text("onnx/hidden.onnx", 24, Pooling.NONE, 32, false), DualEncoderTests::ports));
        assertTrue(e.getMessage().contains("[onnx/hidden.onnx] has inputs [input_ids int32[?, ?],"), e.getMessage());
    }

    private static Ports ports(Tower tower) {
        return GraphPorts.read(tower.graph(), FOLDER.resolve(tower.graph()), tower.outputs());
    }

    @Test
    void aPictureGraphMustTakeThePixelsOfThePreprocessor() {
        ImageSpec s = TinyClip.description().image().orElseThrow().pixels();
        var larger = new ImageSpec(64, 64, s.resize(), s.filter(), s.rescale(), s.mean(), s.std(), 0);
        var tower = new Tower.Image("onnx/vision_model.onnx", List.of("image_embeds"), Pooling.NONE, larger);
        refused(
                TinyClip.of(24, Optional.empty(), Optional.of(tower)),
                "pixel_values float[?, 3, 32, 32]",
                "expected one float input pixel_values [batch, 3, 64, 64] as [preprocessor_config.json] says");
    }
}
