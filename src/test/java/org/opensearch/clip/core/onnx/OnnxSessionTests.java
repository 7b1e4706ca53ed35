// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.RunControl;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Floats;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;
import org.opensearch.clip.core.engine.StoppedException;
import org.opensearch.clip.core.engine.StoppedException.Reason;

class OnnxSessionTests {

    private static final Path MODELS = Path.of("src/test/resources/onnx");
    private static final OnnxOptions LONG = new OnnxOptions(1, Duration.ofMinutes(10));
    private static final GraphLimits LOOPS = new GraphLimits(
            Set.of(""), Set.of("Loop", "Add", "Identity"), Set.of("Loop"), 100, 1, 0, 1 << 20, 1 << 20, 1 << 20);

    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    private final OnnxRuntime.Timer timer = (task, delay) -> {
        Future<?> scheduled = scheduler.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
        return () -> scheduled.cancel(false);
    };
    private final OnnxRuntime runtime = new OnnxRuntime(timer);

    @AfterEach
    void stop() {
        scheduler.shutdownNow();
    }

    @Test
    void saysNamesElementsAndShapes() {
        try (Session session = open("elements")) {
            List<Port> inputs = session.inputs();
            assertEquals(
                    List.of("ids", "mask", "x", "half", "brain"),
                    inputs.stream().map(Port::name).toList());
            assertEquals(
                    List.of(Element.INT64, Element.INT32, Element.FLOAT, Element.FLOAT, Element.FLOAT),
                    inputs.stream().map(Port::element).toList());
            assertArrayEquals(new long[] {-1, 3}, inputs.get(0).shape());
            assertEquals(
                    List.of("y", "h", "b", "n"),
                    session.outputs().stream().map(Port::name).toList());
            assertEquals(Element.INT64, session.outputs().get(3).element());
        }
    }

    @Test
    void readsEveryElementTypeFromTheBuffersPosition() {
        try (Session session = open("elements")) {
            Floats y = session.run(inputs(), "y");
            assertArrayEquals(new long[] {2, 3}, y.shape());
            assertArrayEquals(new float[] {1110.5f, 2220.5f, 3330.5f, 4440.5f, 5550.5f, 6660.5f}, y.data());
        }
    }

    @Test
    void convertsHalfPrecisionBothWays() {
        try (Session session = open("elements")) {
            assertArrayEquals(
                    new float[] {1.5f, -65504, 0.099975586f},
                    session.run(inputs(), "h").data());
            assertArrayEquals(
                    new float[] {1.5f, 260, 0.100097656f},
                    session.run(inputs(), "b").data());
        }
    }

    @Test
    void refusesWhatDoesNotFitTheGraph() {
        try (Session session = open("matmul")) {
            Tensor longs = new Tensor(new long[] {1, 3}, longs(1, 2, 3));
            Tensor narrow = new Tensor(new long[] {1, 2}, floats(1, 2));
            Tensor good = new Tensor(new long[] {1, 3}, floats(1, 2, 3));
            assertMessage("[matmul.onnx] takes inputs [x], got []", () -> session.run(Map.of(), "y"));
            assertMessage("input [x] takes float, got DirectLongBufferU", () -> session.run(Map.of("x", longs), "y"));
            assertMessage("[matmul.onnx] has outputs [y], not [z]", () -> session.run(Map.of("x", good), "z"));
            assertMessage(
                    "[matmul.onnx] failed on inputs of shape {x=[1, 2]}", () -> session.run(Map.of("x", narrow), "y"));
            Tensor lying = new Tensor(new long[] {2, 3}, floats(1, 2, 3));
            assertThrows(IllegalArgumentException.class, () -> session.run(Map.of("x", lying), "y"));
            assertArrayEquals(
                    new float[] {22, 28}, session.run(Map.of("x", good), "y").data());
        }
        try (Session session = open("elements")) {
            assertMessage("output [n] is of type int64", () -> session.run(inputs(), "n"));
        }
    }

    @Test
    void stopsARunawayGraphAndStaysUsable() {
        OnnxRuntime lenient = new OnnxRuntime(timer, LOOPS);
        try (Session session =
                lenient.open(MODELS.resolve("runaway.onnx"), new OnnxOptions(1, Duration.ofMillis(300)))) {
            for (int i = 0; i < 2; i++) {
                assertMessage("[runaway.onnx] ran longer than 300ms and was stopped", () -> session.run(one(), "y"));
            }
        }
    }

    @Test
    void stopsAllRunsWhenTheNodeCloses() throws Exception {
        CountDownLatch running = new CountDownLatch(2);
        OnnxRuntime lenient = new OnnxRuntime(
                (task, delay) -> {
                    running.countDown();
                    return () -> {};
                },
                LOOPS);
        try (Session session = lenient.open(MODELS.resolve("runaway.onnx"), LONG);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Floats>> runs = List.of(
                    threads.submit(() -> session.run(one(), "y")), threads.submit(() -> session.run(one(), "y")));
            running.await();
            lenient.stopRuns();
            for (Future<Floats> run : runs) {
                Exception stopped = assertThrows(Exception.class, run::get);
                assertInstanceOf(StoppedException.class, stopped.getCause());
            }
            assertThrows(StoppedException.class, () -> session.run(one(), "y"));
        }
    }

    @Test
    void endsTheRunThatNobodyWaitsForAndNoOther() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        OnnxRuntime lenient = new OnnxRuntime(
                (task, delay) -> {
                    running.countDown();
                    return () -> {};
                },
                LOOPS);
        RunControl control = new RunControl(Duration.ofMinutes(10), false);
        try (Session session = lenient.open(MODELS.resolve("runaway.onnx"), LONG);
                Session other = runtime.open(MODELS.resolve("matmul.onnx"), LONG);
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Floats> run = threads.submit(() -> session.run(one(), "y", control));
            running.await();
            control.stop();
            Exception stopped = assertThrows(Exception.class, run::get);
            assertEquals(Reason.UNWANTED, ((StoppedException) stopped.getCause()).reason());
            Map<String, Tensor> inputs = Map.of("x", new Tensor(new long[] {1, 3}, floats(1, 2, 3)));
            assertArrayEquals(new float[] {22, 28}, other.run(inputs, "y").data());
            assertThrows(StoppedException.class, () -> session.run(one(), "y", control), "what follows it neither");
        }
    }

    @Test
    void aTimerThatFiresTooLateTouchesNothing() {
        List<Runnable> late = new ArrayList<>();
        OnnxRuntime careless = new OnnxRuntime((task, delay) -> {
            late.add(task);
            return () -> {};
        });
        try (Session session = careless.open(MODELS.resolve("matmul.onnx"), LONG)) {
            Map<String, Tensor> inputs = Map.of("x", new Tensor(new long[] {1, 3}, floats(1, 2, 3)));
            for (int i = 0; i < 1000; i++) {
                session.run(inputs, "y");
                late.get(i).run();
            }
            assertArrayEquals(new float[] {22, 28}, session.run(inputs, "y").data());
        }
        late.forEach(Runnable::run);
    }

    @Test
    void threadsShareASessionWithoutMixingTheirRows() throws Exception {
        try (Session session = open("matmul");
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Void>> work = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                float seed = i;
                work.add(() -> {
                    Tensor x = new Tensor(new long[] {2, 3}, floats(seed, 0, 1, 0, seed, 2));
                    float[] expected = {seed + 5, 2 * seed + 6, 3 * seed + 10, 4 * seed + 12};
                    assertArrayEquals(expected, session.run(Map.of("x", x), "y").data());
                    return null;
                });
            }
            for (Future<Void> done : threads.invokeAll(work)) {
                done.get();
            }
        }
    }

    @Test
    void closingLetsARunEndAndAdmitsNoOther() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        AtomicReference<Runnable> stop = new AtomicReference<>();
        OnnxRuntime.Timer manualTimer = (task, delay) -> {
            stop.set(task);
            running.countDown();
            return () -> {};
        };
        OnnxRuntime manual = new OnnxRuntime(manualTimer, LOOPS);
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Session session = manual.open(MODELS.resolve("runaway.onnx"), LONG);
            Future<Floats> run = threads.submit(() -> session.run(one(), "y"));
            running.await();
            session.close();
            session.close();
            assertFalse(run.isDone());
            assertMessage("[runaway.onnx] is not loaded any more", () -> session.run(one(), "y"));
            stop.get().run();
            Exception failed = assertThrows(Exception.class, run::get);
            assertTrue(failed.getCause().getMessage().contains("was stopped"), failed::toString);
        }
    }

    @Test
    void refusesFilesThatAreNoGraphWithoutNamingTheirFolder(@TempDir Path folder) throws Exception {
        Path text = Files.writeString(folder.resolve("text.onnx"), "hello");
        Path graph = Files.copy(MODELS.resolve("matmul.onnx"), folder.resolve("graph.onnx"));
        Path link = Files.createSymbolicLink(folder.resolve("link.onnx"), graph);
        for (Path file : List.of(text, link, folder, folder.resolve("absent.onnx"))) {
            ModelException refused = assertThrows(ModelException.class, () -> runtime.open(file, LONG));
            assertTrue(refused.getMessage().contains(file.getFileName().toString()), refused::getMessage);
            assertFalse(refused.getMessage().contains(folder.getParent().toString()), refused::getMessage);
        }
    }

    @Test
    void needsNoContextClassLoader() {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(null);
        try (Session session = open("matmul")) {
            assertEquals(1, session.inputs().size());
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private Session open(String name) {
        return runtime.open(MODELS.resolve(name + ".onnx"), LONG);
    }

    private static void assertMessage(String part, Runnable refused) {
        ModelException e = assertThrows(ModelException.class, refused::run);
        assertTrue(e.getMessage().contains(part), e::getMessage);
    }

    private static Map<String, Tensor> one() {
        return Map.of("x", new Tensor(new long[] {1}, floats(1)));
    }

    private static Map<String, Tensor> inputs() {
        FloatBuffer offset = floats(-1, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f);
        offset.get();
        IntBuffer mask =
                ByteBuffer.allocateDirect(24).order(ByteOrder.nativeOrder()).asIntBuffer();
        mask.put(new int[] {110, 220, 330, 440, 550, 660}).flip();
        long[] shape = {2, 3};
        return Map.of(
                "ids", new Tensor(shape, longs(1000, 2000, 3000, 4000, 5000, 6000)),
                "mask", new Tensor(shape, mask),
                "x", new Tensor(shape, offset),
                "half", new Tensor(new long[] {3}, floats(1.5f, -65504, 0.1f)),
                "brain", new Tensor(new long[] {3}, floats(1.5f, 259, 0.1f)));
    }

    private static LongBuffer longs(long... values) {
        return ByteBuffer.allocateDirect(8 * values.length)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer()
                .put(values)
                .flip();
    }

    private static FloatBuffer floats(float... values) {
        return ByteBuffer.allocateDirect(4 * values.length)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(values)
                .flip();
    }
}
