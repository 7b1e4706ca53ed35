// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.RunControl;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Tensor;

/** One run on all cores: another session of the same mapped weights, and the same vector. */
class AllCoresTests {

    private static final Path PICTURES = Path.of("src/test/resources/models/tiny-clip/onnx/vision_model.onnx");
    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir
    Path folder;

    private final OnnxRuntime runtime = new OnnxRuntime((task, delay) -> () -> {});

    private Session open(int cores) {
        var source = PreparedGraphs.Source.of(
                "vision_model.onnx", List.of(), path -> new PreparedGraphs.File(PICTURES, "0a1b"));
        return new PreparedGraphs(folder.resolve("clip/prepared"), runtime, () -> 0)
                .open(source, List.of("image_embeds"), new OnnxOptions(1, LONG, Device.CPU, cores, false), () -> {})
                .session();
    }

    private static float[] run(Session session, boolean allCores) {
        long[] shape = session.inputs().getFirst().shape().clone();
        shape[0] = 1;
        int elements = 1;
        for (long size : shape) {
            elements *= (int) size;
        }
        FloatBuffer pixels = ByteBuffer.allocateDirect(Float.BYTES * elements)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        Random random = new Random(7);
        for (int i = 0; i < elements; i++) {
            pixels.put(i, random.nextFloat());
        }
        Map<String, Tensor> inputs = Map.of(session.inputs().getFirst().name(), new Tensor(shape, pixels));
        return session.run(inputs, "image_embeds", new RunControl(LONG, allCores))
                .data();
    }

    @Test
    void makesTheSameVectorAndSaysWhatItTakes() {
        try (Session session = open(4)) {
            assertTrue(session.allCoresBytes() > 0);
            assertEquals(session.footprint().bytes() + session.allCoresBytes(), session.bytes());
            assertArrayEquals(run(session, false), run(session, true), 2e-6f);
        }
    }

    @Test
    void takesNothingWhereThereIsOneCore() {
        try (Session session = open(1)) {
            assertEquals(0, session.allCoresBytes());
            assertArrayEquals(run(session, false), run(session, true));
        }
    }
}
