// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Tensor;

/** What a run of long texts takes, as the graph says and as the system says of a process of its own. */
class ActivationsTests {
    private static final OnnxOptions OPTIONS = new OnnxOptions(1, Duration.ofMinutes(5));
    private static final long POSITIONS = 2048;
    /** Of a picture: 2,025 patches. */
    private static final int SIDE = 360;

    private static OnnxRuntime runtime() {
        return new OnnxRuntime((task, delay) -> () -> {});
    }

    @Test
    void headsAndTheWidestLayerAreReadFromTheGraph(@TempDir Path folder) throws IOException {
        Path graph = Transformer.write(folder.resolve("graph.onnx"), 2);
        try (Session session = runtime().open(graph, Set.of(), OPTIONS)) {
            long scores = 4 * Transformer.HEADS * POSITIONS * POSITIONS;
            long rows = 4 * Transformer.WIDE * POSITIONS;
            assertEquals(3 * scores + 5 * rows, session.runBytes(1, POSITIONS));
            assertEquals(2 * session.runBytes(1, POSITIONS), session.runBytes(2, POSITIONS));
        }
    }

    @Test
    void thePatchesOfAPictureAreReadFromTheGraph(@TempDir Path folder) throws IOException {
        Path graph = Transformer.writeForPictures(folder.resolve("graph.onnx"), 2);
        try (Session session = runtime().open(graph, Set.of(), OPTIONS)) {
            long positions = SIDE / Transformer.PATCH * SIDE / Transformer.PATCH + 1;
            long map = 4 * 64 * SIDE / Transformer.PATCH * SIDE / Transformer.PATCH;
            assertEquals(session.runBytes(1, positions) + 3 * map, session.runBytesOfPictures(1, SIDE, SIDE));
            assertEquals(2 * session.runBytesOfPictures(1, SIDE, SIDE), session.runBytesOfPictures(2, SIDE, SIDE));
        }
    }

    /** Of the small models of each family, all of which cut pictures into patches of 16 x 16, MobileCLIP by several convolutions. */
    @Test
    void theFamiliesPatchesAreKnown() throws IOException {
        Path models = Path.of("src/test/resources/models/parity");
        int count = 0;
        try (Stream<Path> folders = Files.list(models)) {
            for (Path folder : folders.toList()) {
                for (String graph : List.of("onnx/vision_model.onnx", "visual/model.onnx")) {
                    Path file = folder.resolve("model").resolve(graph);
                    if (Files.exists(file)) {
                        var made = Activations.of(
                                ModelProto.parseFrom(Files.readAllBytes(file)).getGraph());
                        assertEquals(16 * 16, made.patch(), folder.toString());
                        count++;
                    }
                }
            }
        }
        assertEquals(8, count);
    }

    @Test
    void jinaClipsLongestTextTakesGigabytes() {
        long bytes = new Activations(12, 3072).bytes(1, 8192);
        assertTrue(bytes > 3 * 3_200_000_000L && bytes < 11_000_000_000L, "bytes: " + bytes);
        assertTrue(new Activations(12, 3072).bytes(1, 77) < 10_000_000);
        assertTrue(new Activations(256, 1).bytes(1, Long.MAX_VALUE / 2) >= Long.MAX_VALUE / 4);
    }

    /** The same graph, as published and prepared: at most what it is charged, and no less than a third of it. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aRunTakesNoMoreThanTheGraphSays(@TempDir Path folder) throws Exception {
        Transformer.write(folder.resolve("texts.onnx"), 2);
        Transformer.writeForPictures(folder.resolve("pictures.onnx"), 2);
        for (String form : List.of("texts published", "texts prepared", "pictures published", "pictures prepared")) {
            String[] parts = form.split(" ");
            Path graph = folder.resolve(parts[0] + ".onnx");
            Process process = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xms32m",
                            "-Xmx32m",
                            "-XX:+AlwaysPreTouch",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "--enable-native-access=ALL-UNNAMED",
                            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                            "-cp",
                            System.getProperty("java.class.path"),
                            OneRun.class.getName(),
                            graph.toString(),
                            folder.resolve(form).toString(),
                            parts[1],
                            parts[0]))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String[] said;
            try (var reader = process.inputReader()) {
                said = reader.readLine().split(" ");
            }
            assertEquals(0, process.waitFor());
            long peak = Long.parseLong(said[0]);
            long charged = Long.parseLong(said[1]);
            String found = form + ": peak " + (peak >> 20) + " MB, charged " + (charged >> 20) + " MB";
            System.out.println(found);
            assertTrue(peak <= charged + (16 << 20), found);
            assertTrue(peak >= charged / 4, found);
        }
    }

    /** Prints how far the process grew during a run, and what the graph said. */
    static final class OneRun {

        private OneRun() {}

        public static void main(String[] arguments) throws IOException {
            Path graph = Path.of(arguments[0]);
            try (Session session = arguments[2].equals("prepared")
                    ? new PreparedGraphs(Path.of(arguments[1]), runtime(), () -> 0)
                            .open(
                                    new PreparedGraphs.Source(
                                            "graph.onnx", new PreparedGraphs.File(graph, graph.toString()), Map.of()),
                                    List.of("y"),
                                    OPTIONS,
                                    () -> {})
                            .session()
                    : runtime().open(graph, Set.of(), OPTIONS)) {
                if (arguments[3].equals("pictures")) {
                    run(session, 64, 64);
                    long before = status("VmRSS:");
                    run(session, SIDE, SIDE);
                    // the pixels are charged apart
                    long charged = session.runBytesOfPictures(1, SIDE, SIDE) + 2 * 3 * 4 * SIDE * SIDE;
                    System.out.println((status("VmHWM:") - before) + " " + charged);
                } else {
                    run(session, 64);
                    long before = status("VmRSS:");
                    run(session, POSITIONS);
                    System.out.println((status("VmHWM:") - before) + " " + session.runBytes(1, POSITIONS));
                }
            }
        }

        private static void run(Session session, int height, int width) {
            long[] shape = {1, 3, height, width};
            FloatBuffer pixels = ByteBuffer.allocateDirect(3 * 4 * height * width)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
            session.run(Map.of("pixels", new Tensor(shape, pixels)), "y");
        }

        private static void run(Session session, long positions) {
            long[] shape = {1, positions};
            session.run(
                    Map.of("ids", new Tensor(shape, ones(positions)), "mask", new Tensor(shape, ones(positions))), "y");
        }

        private static LongBuffer ones(long count) {
            LongBuffer buffer = ByteBuffer.allocateDirect((int) (8 * count))
                    .order(ByteOrder.nativeOrder())
                    .asLongBuffer();
            while (buffer.hasRemaining()) {
                buffer.put(1);
            }
            return buffer.flip();
        }

        private static long status(String kind) throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(kind))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .sum();
        }
    }
}
