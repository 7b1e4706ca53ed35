// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Tensor;

/** What a prepared model costs a process of its own, by what the system says of it, and that its heap has nothing to do with it. */
@EnabledOnOs(OS.LINUX)
class PreparedMemoryTests {

    private static final int LAYERS = 32;
    private static final long WEIGHTS = (long) LAYERS * SessionMemoryTests.LAYER_BYTES;

    /** What the JVM itself may take or give meanwhile. */
    private static final long NOISE = WEIGHTS / 4;

    @Test
    void weightsAreMappedAndUnloadingGivesThemBackAndTheHeapMayBeSmallerThanTheModel(@TempDir Path folder)
            throws Exception {
        Path graph = SessionMemoryTests.matrices(folder.resolve("graph.onnx"), LAYERS);
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms48m",
                        "-Xmx48m",
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OneModel.class.getName(),
                        graph.toString(),
                        folder.resolve("forms").toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<long[]> moments = new ArrayList<>();
        try (var lines = process.inputReader().lines()) {
            lines.map(line -> line.split(" "))
                    .map(words -> new long[] {Long.parseLong(words[0]), Long.parseLong(words[1])})
                    .forEach(moments::add);
        }
        assertEquals(0, process.waitFor());
        for (int round = 0; round < 2; round++) {
            long[] before = moments.get(3 * round);
            long[] loaded = moments.get(3 * round + 1);
            long[] unloaded = moments.get(3 * round + 2);
            assertNear(0, loaded[0] - before[0]);
            assertNear(WEIGHTS, loaded[1] - before[1]);
            assertNear(0, unloaded[0] - before[0]);
            assertNear(0, unloaded[1] - before[1]);
        }
    }

    private static void assertNear(long expected, long found) {
        assertTrue(Math.abs(found - expected) < NOISE, () -> "expected about " + expected + " bytes, found " + found);
    }

    /** Prints anonymous and mapped bytes: before, loaded and run, unloaded; twice. */
    static final class OneModel {

        private OneModel() {}

        public static void main(String[] arguments) throws IOException {
            PreparedGraphs prepared =
                    new PreparedGraphs(Path.of(arguments[1]), new OnnxRuntime((task, delay) -> () -> {}), () -> 0);
            Path small = Path.of("src/test/resources/onnx/matmul.onnx");
            open(prepared, small).close(); // whatever is loaded once
            open(prepared, Path.of(arguments[0])).close();
            for (int round = 0; round < 2; round++) {
                say();
                try (Session session = open(prepared, Path.of(arguments[0]))) {
                    int size = SessionMemoryTests.SIZE;
                    ByteBuffer x = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder());
                    session.run(Map.of("x", new Tensor(new long[] {1, size}, x.asFloatBuffer())), "y");
                    say();
                }
                say();
            }
        }

        private static Session open(PreparedGraphs prepared, Path graph) {
            PreparedGraphs.Opened opened = prepared.open(
                    new PreparedGraphs.Source("graph.onnx", new PreparedGraphs.File(graph, graph.toString()), Map.of()),
                    List.of("y"),
                    new OnnxOptions(1, Duration.ofMinutes(5)),
                    () -> {});
            if (opened.unprepared() != null) {
                throw new AssertionError(opened.unprepared());
            }
            return opened.session();
        }

        private static void say() throws IOException {
            System.out.println(rss("RssAnon:") + " " + rss("RssFile:"));
        }

        private static long rss(String kind) throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(kind))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .sum();
        }
    }
}
