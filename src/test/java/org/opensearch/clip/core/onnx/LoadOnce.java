// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Tensor;

/**
 * A process that loads a graph of {@link OddConstants} and runs it. It says what it does before it does it, so that its last word is what ended it. Arguments: how to
 * load it; the same graph with its weights inside, to compare with; the graph; a folder for prepared forms.
 */
final class LoadOnce {

    /** How a graph may come to be loaded. */
    enum Way {
        PREPARED,
        CUT_ONLY,
        PUBLISHED
    }

    private static final OnnxOptions OPTIONS = new OnnxOptions(1, Duration.ofMinutes(5));

    /** More than a kernel takes at once, and some left over. */
    private static final int INPUTS = 19;

    private LoadOnce() {}

    public static void main(String[] arguments) throws IOException {
        OnnxRuntime runtime = new OnnxRuntime((task, delay) -> () -> {});
        Path graph = Path.of(arguments[2]);
        say("reference");
        float[] expected;
        try (Session inside = runtime.open(Path.of(arguments[1]), OPTIONS)) {
            expected = run(inside);
        }
        Path weights = graph.resolveSibling("weights");
        boolean beside = Files.exists(weights);
        say("load");
        try (Session session = switch (Way.valueOf(arguments[0])) {
            case PREPARED -> prepared(new PreparedGraphs(Path.of(arguments[3]), runtime, () -> 0), graph, beside);
            case CUT_ONLY ->
                prepared(new PreparedGraphs(Path.of(arguments[3]), runtime, () -> 0, Optional.empty()), graph, beside);
            case PUBLISHED -> runtime.open(graph, beside ? Set.of("weights") : Set.of(), OPTIONS);
        }) {
            say("run");
            float[] found = run(session);
            say(Double.toString(cosine(expected, found)));
        }
    }

    private static Session prepared(PreparedGraphs prepared, Path graph, boolean beside) {
        Path weights = graph.resolveSibling("weights");
        PreparedGraphs.Opened opened = prepared.open(
                new PreparedGraphs.Source(
                        "graph.onnx",
                        new PreparedGraphs.File(graph, "graph"),
                        beside ? Map.of("weights", new PreparedGraphs.File(weights, "weights")) : Map.of()),
                List.of("y"),
                OPTIONS,
                () -> say("prepare"));
        if (opened.unprepared() != null) {
            throw new AssertionError(opened.unprepared());
        }
        return opened.session();
    }

    private static float[] run(Session session) {
        Random random = new Random(5);
        ByteBuffer x =
                ByteBuffer.allocateDirect(4 * INPUTS * OddConstants.WIDTH).order(ByteOrder.nativeOrder());
        while (x.hasRemaining()) {
            x.putFloat(random.nextFloat() - 0.5f);
        }
        LongBuffer rows = ByteBuffer.allocateDirect(8 * INPUTS)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
        for (int i = 0; i < INPUTS; i++) {
            rows.put(i, i % OddConstants.ROWS);
        }
        Tensor inputs =
                new Tensor(new long[] {INPUTS, OddConstants.WIDTH}, x.flip().asFloatBuffer());
        return session.run(Map.of("x", inputs, "row", new Tensor(new long[] {INPUTS}, rows)), "y")
                .data();
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

    private static void say(String what) {
        System.out.println(what);
    }
}
