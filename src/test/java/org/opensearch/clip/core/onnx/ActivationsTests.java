// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
        Path graph = Transformer.write(folder.resolve("graph.onnx"), 2);
        for (String form : List.of("published", "prepared")) {
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
                            form))
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
                run(session, 64);
                long before = status("VmRSS:");
                run(session, POSITIONS);
                System.out.println((status("VmHWM:") - before) + " " + session.runBytes(1, POSITIONS));
            }
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
