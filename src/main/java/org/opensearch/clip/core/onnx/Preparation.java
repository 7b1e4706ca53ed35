// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.ModelException;

/**
 * From a graph as it was published to one that loads fast and shares its weights: scanned, cut to the output that is wanted, its weights in a
 * file of their own, and for a CPU optimised and saved with its weights packed, which are then laid out anew: ONNX Runtime saves them back to back. The heap holds
 * the graph, never its weights.
 *
 * @param cut the part of the graph that the wanted output needs, without its weights
 * @param scanned the whole
 */
record Preparation(PreparedGraphs.Source source, GraphScan.Scanned scanned, ModelProto cut) {

    static final String GRAPH = "graph.onnx";
    static final String WEIGHTS = "weights";

    /** The files of a prepared form, in the order of its manifest. */
    static final List<String> FILES = List.of(GRAPH, WEIGHTS);

    /** Graphs, and what is left free between weights. */
    private static final long SLACK = 64L << 20;

    /**
     * Looks at the graph.
     *
     * @param outputs names of outputs that will do, best first; when the graph has none of them it stays whole
     * @throws ModelException when the graph is refused
     */
    static Preparation of(OnnxRuntime runtime, PreparedGraphs.Source source, List<String> outputs) throws IOException {
        GraphScan.Scanned scanned = runtime.scan(source);
        return new Preparation(source, scanned, GraphCut.toFirst(scanned.model(), outputs));
    }

    /** Whether the graph asks for inputs that the wanted output does not need. */
    boolean fewerInputs() {
        return cut.getGraph().getInputCount() < scanned.model().getGraph().getInputCount();
    }

    /** Of the disk while it is made: weights as they are and packed, twice, because what ONNX Runtime writes has to be laid out anew. */
    long bytes(boolean optimised) {
        return optimised ? 4 * (scanned.weights() + halves()) + SLACK : scanned.weights() + SLACK;
    }

    /** A CPU computes with floats of twice the size. */
    private long halves() {
        return cut.getGraph().getInitializerList().stream()
                .filter(tensor -> tensor.getDataType() == TensorProto.DataType.FLOAT16_VALUE)
                .mapToLong(TensorSize::bytes)
                .sum();
    }

    /** Room on the disk. */
    interface Room {
        /** @throws ModelException when that many bytes are not left */
        void require(long bytes) throws IOException;
    }

    /** Makes {@link #FILES} and the manifest in an empty folder. */
    void make(OnnxRuntime runtime, Path folder, boolean optimised, Room room) throws IOException {
        if (optimised) {
            Path plain = Files.createDirectory(folder.resolve("plain"));
            Path saved = Files.createDirectory(folder.resolve("saved"));
            write(cut, source, plain);
            runtime.optimise(source.name(), plain.resolve(GRAPH), WEIGHTS, saved.resolve(GRAPH));
            PreparedGraphs.delete(plain);
            room.require(Files.size(saved.resolve(GRAPH)) + size(saved.resolve(WEIGHTS)) + SLACK);
            ModelProto graph = SavedGraph.mended(runtime.scanPrepared(source.name(), saved.resolve(GRAPH), WEIGHTS)
                    .model());
            write(graph, in(saved), folder);
            PreparedGraphs.delete(saved);
        } else {
            write(cut, source, folder);
        }
        Manifest.write(folder, FILES);
    }

    /** Writes the graph and its weights, aligned, into the folder. */
    private static void write(ModelProto graph, PreparedGraphs.Source from, Path folder) throws IOException {
        try (TensorData data = new TensorData(from);
                WeightsFile weights = new WeightsFile(folder.resolve(WEIGHTS), data);
                OutputStream out = Files.newOutputStream(folder.resolve(GRAPH))) {
            weights.move(graph).writeTo(out);
        }
    }

    private PreparedGraphs.Source in(Path folder) {
        return new PreparedGraphs.Source(
                source.name(),
                new PreparedGraphs.File(folder.resolve(GRAPH), ""),
                Map.of(WEIGHTS, new PreparedGraphs.File(folder.resolve(WEIGHTS), "")));
    }

    /** ONNX Runtime writes no weights when none is large enough to leave the graph. */
    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
