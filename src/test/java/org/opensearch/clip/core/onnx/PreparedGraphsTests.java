// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Floats;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;
import org.opensearch.clip.core.onnx.PreparedGraphs.File;
import org.opensearch.clip.core.onnx.PreparedGraphs.Opened;
import org.opensearch.clip.core.onnx.PreparedGraphs.Source;

class PreparedGraphsTests {

    private static final Path BUNDLED = Path.of("config/opensearch-clip-demo-v1/onnx");
    private static final OnnxOptions OPTIONS = new OnnxOptions(1, Duration.ofMinutes(5));

    @TempDir
    Path folder;

    private final OnnxRuntime runtime = new OnnxRuntime((task, delay) -> () -> {});
    private Path forms;
    private PreparedGraphs prepared;
    private final AtomicInteger made = new AtomicInteger();

    @BeforeEach
    void aNodeStarts() {
        forms = folder.resolve("clip/prepared");
        prepared = new PreparedGraphs(forms, runtime, () -> 0);
    }

    @Test
    void theBundledModelMakesTheSameVectors() {
        for (String name : List.of("text_model", "vision_model")) {
            Path file = BUNDLED.resolve(name + ".onnx");
            Source source = source(file, Map.of());
            try (Session original = runtime.open(file, OPTIONS);
                    Session form = open(source, List.of("text_embeds", "image_embeds"))) {
                String output = form.outputs().getFirst().name();
                assertSame(run(original, output), run(form, output));
                assertTrue(form.footprint().measured(), "measured");
                assertTrue(
                        form.footprint().mappedBytes() > 0,
                        () -> form.footprint().toString());
            }
        }
    }

    @Test
    void aTowerIsCutOutOfAModelThatIsOneFileWhereverItsWeightsLie() throws IOException {
        Source source = twoTowers(false);
        try (Session whole =
                        runtime.open(source.graph().path(), source.weights().keySet(), OPTIONS);
                Session text = open(source, List.of("text"));
                Session image = open(source, List.of("image_embeds", "image"))) {
            assertEquals(List.of("ids"), names(text.inputs()));
            assertEquals(List.of("text"), names(text.outputs()));
            assertEquals(List.of("pixels"), names(image.inputs()));
            assertEquals(List.of("image"), names(image.outputs()));
            assertTrue(text.nodes() + image.nodes() < whole.nodes(), () -> text.nodes() + " + " + image.nodes());
            assertSame(run(whole, "text"), run(text, "text"));
            assertSame(run(whole, "image"), run(image, "image"));
        }
    }

    @Test
    void aTextDoesNotRunThePictureTower() throws IOException {
        Source source = twoTowers(true);
        try (Session whole =
                        runtime.open(source.graph().path(), source.weights().keySet(), OPTIONS);
                Session text = open(source, List.of("text"))) {
            assertThrows(ModelException.class, () -> run(whole, "similarity"));
            assertEquals(3 * 64, run(text, "text").data().length);
        }
    }

    @Test
    void weightsMayLieUnderAnotherName() throws IOException {
        Source named = twoTowers(false);
        Path graph = Files.move(named.graph().path(), folder.resolve("0a1b"));
        Path weights = Files.move(named.weights().get("weights").path(), folder.resolve("2c3d"));
        Source hashed = new Source("model.onnx", new File(graph, "0a1b"), Map.of("weights", new File(weights, "2c3d")));
        try (Session image = open(hashed, List.of("image"))) {
            assertEquals(3 * 64, run(image, "image").data().length);
        }
    }

    @Test
    void aFormIsMadeOnceAndKept() throws Exception {
        Source source = twoTowers(false);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Object>> opens = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                opens.add(() -> {
                    open(source, List.of("text")).close();
                    return Files.readAttributes(form().resolve("weights"), "lastModifiedTime,fileKey");
                });
            }
            for (Future<Object> opened : threads.invokeAll(opens)) {
                assertEquals(Files.readAttributes(form().resolve("weights"), "lastModifiedTime,fileKey"), opened.get());
            }
        }
        Object made = Files.getLastModifiedTime(form().resolve("weights"));
        aNodeStarts();
        open(source, List.of("text")).close();
        assertEquals(made, Files.getLastModifiedTime(form().resolve("weights")));
    }

    @Test
    void ofACpuThatIsNotKnownGraphsAreCutOnly() throws IOException {
        Source source = twoTowers(false);
        prepared = new PreparedGraphs(forms, runtime, () -> 0, Optional.empty());
        try (Session whole =
                        runtime.open(source.graph().path(), source.weights().keySet(), OPTIONS);
                Session image = open(source, List.of("image"))) {
            assertEquals(List.of("pixels"), names(image.inputs()));
            assertSame(run(whole, "image"), run(image, "image"));
        }
    }

    @Test
    void whatItIsMadeOfIsItsName() throws IOException {
        Source source = twoTowers(false);
        open(source, List.of("text")).close();
        open(source, List.of("image")).close();
        Source other = new Source(source.name(), new File(source.graph().path(), "other"), source.weights());
        open(other, List.of("text")).close();
        assertEquals(3, forms().size());
        assertEquals(3, made.get());
        open(source, List.of("text")).close();
        assertEquals(3, made.get());
    }

    @Test
    void aDamagedFormIsMadeAnew() throws IOException {
        Source source = twoTowers(false);
        Floats expected;
        try (Session text = open(source, List.of("text"))) {
            expected = run(text, "text");
        }
        Path weights = form().resolve("weights");
        byte[] whole = Files.readAllBytes(weights);
        List<UnaryOperator<byte[]>> damages = List.of(
                bytes -> {
                    bytes[bytes.length / 2] ^= 1;
                    return bytes;
                },
                bytes -> new byte[0],
                bytes -> null);
        for (UnaryOperator<byte[]> damage : damages) {
            byte[] damaged = damage.apply(whole.clone());
            Files.delete(weights);
            if (damaged != null) {
                Files.write(weights, damaged);
            }
            aNodeStarts();
            try (Session text = open(source, List.of("text"))) {
                assertSame(expected, run(text, "text"));
            }
            assertArrayEquals(whole, Files.readAllBytes(weights));
        }
    }

    @Test
    void aFileThatHasShrunkIsSeenWithoutARestart() throws IOException {
        Source source = twoTowers(false);
        open(source, List.of("text")).close();
        Path weights = form().resolve("weights");
        long size = Files.size(weights);
        try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            channel.truncate(size - 1);
        }
        open(source, List.of("text")).close();
        assertEquals(size, Files.size(weights));
    }

    @Test
    void whatIsHalfMadeOrOfAnotherCpuIsSweptAndNeverUsed() throws IOException {
        Source source = twoTowers(false);
        open(source, List.of("text")).close();
        Path form = form();
        Path half = Files.createDirectories(forms.resolve("making-" + form.getFileName()));
        Files.write(half.resolve("weights"), new byte[9]);
        Path stale = Files.createDirectory(forms.resolve("0123456789abcdef-" + "0".repeat(40)));
        Files.write(stale.resolve("graph.onnx"), new byte[9]);
        aNodeStarts();
        open(source, List.of("text")).close();
        assertEquals(List.of(form), forms());
    }

    @Test
    void aFormOfTheFormatBeforeIsSweptAndNeverUsed() throws Exception {
        Source source = twoTowers(false);
        open(source, List.of("text")).close();
        Path form = form();
        String environment = "1\n" + runtime.version() + "\n"
                + CpuFeatures.read(Path.of("/proc/cpuinfo")).orElse("any");
        String key = form.getFileName().toString().split("-", 2)[1];
        String before = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(environment.getBytes(StandardCharsets.UTF_8)))
                .substring(0, 16);
        Files.move(form, forms.resolve(before + "-" + key));
        aNodeStarts();
        open(source, List.of("text")).close();
        assertEquals(List.of(form), forms());
        assertEquals(2, made.get());
    }

    @Test
    void aFolderThatOthersMayWriteToIsNotUsed() throws IOException {
        Source source = twoTowers(false);
        open(source, List.of("text")).close();
        Path theirs = Files.createFile(form().resolve("theirs"));
        Files.setPosixFilePermissions(form(), PosixFilePermissions.fromString("rwxrwxrwx"));
        aNodeStarts();
        open(source, List.of("text")).close();
        assertTrue(Files.notExists(theirs), "made anew");

        Files.setPosixFilePermissions(forms, PosixFilePermissions.fromString("rwxrwxrwx"));
        aNodeStarts();
        Source bundled = source(BUNDLED.resolve("text_model.onnx"), Map.of());
        Opened opened = prepared.open(bundled, List.of("text_embeds"), OPTIONS, () -> {});
        opened.session().close();
        assertTrue(opened.unprepared().contains("others may write to it"), opened::unprepared);
    }

    @Test
    void withoutRoomTheGraphIsLoadedAsItIsUnlessItMustBeCut() throws IOException {
        prepared = new PreparedGraphs(forms, runtime, () -> Long.MAX_VALUE / 2);
        Opened opened = prepared.open(
                source(BUNDLED.resolve("text_model.onnx"), Map.of()), List.of("text_embeds"), OPTIONS, () -> {});
        opened.session().close();
        assertTrue(
                opened.unprepared()
                        .matches(
                                "preparing it takes \\d+ MiB of disk, 0 MiB are left above \\[plugins\\.clip\\.disk\\.min_free\\]"),
                opened::unprepared);
        Source source = twoTowers(false);
        ModelException e =
                assertThrows(ModelException.class, () -> prepared.open(source, List.of("text"), OPTIONS, () -> {}));
        assertTrue(
                e.getMessage().startsWith("[model.onnx] has to be cut into its towers: preparing it takes"),
                e::getMessage);
        assertEquals(List.of(), forms());
    }

    @Test
    void withoutRoomForWhatHasBeenOptimisedItIsLoadedAsItIsToo() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        prepared = new PreparedGraphs(forms, runtime, () -> asked.getAndIncrement() == 0 ? 0 : Long.MAX_VALUE / 2);
        Opened opened = prepared.open(
                source(BUNDLED.resolve("text_model.onnx"), Map.of()), List.of("text_embeds"), OPTIONS, () -> {});
        opened.session().close();
        assertTrue(
                opened.unprepared()
                        .matches(
                                "preparing it takes \\d+ MiB of disk, 0 MiB are left above \\[plugins\\.clip\\.disk\\.min_free\\]"),
                opened::unprepared);
        assertEquals(2, asked.get());
        assertEquals(List.of(), forms());
    }

    @Test
    void halvesTakeTheRoomOfFloats() throws IOException {
        ModelProto.Builder model =
                ModelProto.parseFrom(Files.readAllBytes(SessionMemoryTests.matrices(folder.resolve("floats.onnx"), 1)))
                        .toBuilder();
        GraphProto.Builder graph = model.getGraphBuilder();
        byte[] halves = new byte[SessionMemoryTests.LAYER_BYTES / 2];
        graph.getInitializerBuilder(0)
                .setDataType(TensorProto.DataType.FLOAT16_VALUE)
                .setRawData(ByteString.copyFrom(halves));
        graph.clearNode()
                .addNode(cast("x_half", "x", TensorProto.DataType.FLOAT16_VALUE))
                .addNode(NodeProto.newBuilder()
                        .setOpType("MatMul")
                        .addInput("x_half")
                        .addInput("w0")
                        .addOutput("y_half"))
                .addNode(cast("y", "y_half", TensorProto.DataType.FLOAT_VALUE));
        Source source =
                source(Files.write(folder.resolve("halves.onnx"), model.build().toByteArray()), Map.of());
        open(source, List.of("y")).close();
        long made = Files.size(form().resolve("weights"));
        long reserved = Preparation.of(runtime, source, List.of("y")).bytes(true);
        assertTrue(reserved >= 2 * made + (64 << 20), () -> reserved + " for " + made);
    }

    private static NodeProto.Builder cast(String output, String input, int type) {
        return NodeProto.newBuilder()
                .setOpType("Cast")
                .addInput(input)
                .addOutput(output)
                .addAttribute(AttributeProto.newBuilder()
                        .setName("to")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(type));
    }

    @Test
    void aRefusedGraphIsRefusedAndLeavesNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("text.onnx"), "hello");
        assertThrows(
                ModelException.class, () -> prepared.open(source(file, Map.of()), List.of("text"), OPTIONS, () -> {}));
        assertEquals(List.of(), forms());
    }

    private Source twoTowers(boolean poison) throws IOException {
        Path graph = TwoTowers.write(folder.resolve("model.onnx"), poison);
        return source(graph, Map.of("weights", new File(graph.resolveSibling("weights"), "w")));
    }

    private static Source source(Path graph, Map<String, File> weights) {
        return new Source(graph.getFileName().toString(), new File(graph, graph.toString()), weights);
    }

    private Session open(Source source, List<String> outputs) {
        Opened opened = prepared.open(source, outputs, OPTIONS, made::incrementAndGet);
        assertNull(opened.unprepared());
        return opened.session();
    }

    private Path form() throws IOException {
        return forms().getFirst();
    }

    private List<Path> forms() throws IOException {
        try (Stream<Path> all = Files.list(forms)) {
            return all.toList();
        }
    }

    private static List<String> names(List<Port> ports) {
        return ports.stream().map(Port::name).toList();
    }

    private static void assertSame(Floats expected, Floats found) {
        assertArrayEquals(expected.shape(), found.shape());
        assertArrayEquals(expected.data(), found.data(), 2e-6f);
        assertTrue(cosine(expected.data(), found.data()) > 0.99999999);
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }

    /** Three rows of whatever the graph takes. */
    private static Floats run(Session session, String output) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (Port port : session.inputs()) {
            Random random = new Random(5);
            long[] shape = port.shape().clone();
            int elements = 1;
            for (int i = 0; i < shape.length; i++) {
                shape[i] = i == 0 ? 3 : shape[i] < 0 ? 16 : shape[i];
                elements *= (int) shape[i];
            }
            ByteBuffer data = ByteBuffer.allocateDirect(8 * elements).order(ByteOrder.nativeOrder());
            for (int i = 0; i < elements; i++) {
                if (port.element() == Element.INT64) {
                    data.putLong(random.nextInt(1, 9));
                } else {
                    data.putFloat(random.nextFloat());
                }
            }
            data.flip();
            inputs.put(
                    port.name(),
                    new Tensor(shape, port.element() == Element.INT64 ? data.asLongBuffer() : data.asFloatBuffer()));
        }
        return session.run(inputs, output);
    }
}
