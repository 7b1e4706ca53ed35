// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opensearch.clip.core.engine.ModelException;

/**
 * From a graph as it was published to one that loads fast and shares its weights: scanned, cut to the output that is wanted, its weights in a
 * file of their own, and for a CPU optimised and saved with its weights packed. The heap holds the graph, never its weights.
 *
 * @param cut the part of the graph that the wanted output needs, without its weights
 * @param scanned the whole
 */
record Preparation(PreparedGraphs.Source source, GraphScan.Scanned scanned, ModelProto cut) {

    static final String GRAPH = "graph.onnx";
    static final String WEIGHTS = "weights";

    /** The files of a prepared form, in the order of its manifest. */
    static final List<String> FILES = List.of(GRAPH, WEIGHTS);

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

    /** Of the disk while it is made: weights as they are, and again as they are and packed. */
    long bytes(boolean optimised) {
        return scanned.weights() * (optimised ? 3 : 1) + (64L << 20);
    }

    /** Makes {@link #FILES} and the manifest in an empty folder. */
    void make(OnnxRuntime runtime, Path folder, boolean optimised) throws IOException {
        Path plain = optimised ? Files.createDirectory(folder.resolve("plain")) : folder;
        try (TensorData data = new TensorData(source);
                WeightsFile weights = new WeightsFile(plain.resolve(WEIGHTS), data);
                OutputStream out = Files.newOutputStream(plain.resolve(GRAPH))) {
            weights.move(cut).writeTo(out);
        }
        if (optimised) {
            runtime.optimise(source.name(), plain.resolve(GRAPH), WEIGHTS, folder.resolve(GRAPH));
            Files.delete(plain.resolve(GRAPH));
            Files.delete(plain.resolve(WEIGHTS));
            Files.delete(plain);
            if (Files.notExists(folder.resolve(WEIGHTS))) { // when none is large enough to leave the graph
                Files.createFile(folder.resolve(WEIGHTS));
            }
        }
        Manifest.write(folder, FILES);
    }
}
