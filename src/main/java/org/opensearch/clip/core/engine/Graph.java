// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Floats;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.vector.Pooling;
import org.opensearch.clip.core.vector.Vectors;

/**
 * A session seen as a tower's graph: which output is the vector, and how vectors come out of it. Immutable.
 *
 * @param name of the file, for messages
 * @param output the port that the vectors are read from
 * @param dimension floats a vector
 */
record Graph(String name, Session session, Port output, Pooling pooling, int dimension) {

    /** @throws ModelException when none of the graph's outputs will do */
    static Graph of(Tower tower, Session session, int dimension) {
        return new Graph(tower.graph(), session, output(tower, session, dimension), tower.pooling(), dimension);
    }

    /** @throws ModelException see {@link #of} */
    static Port output(Tower tower, Ports graph, int dimension) {
        List<Port> ports = graph.outputs();
        Port output = tower.output(ports.stream().map(Port::name).toList())
                .flatMap(name ->
                        ports.stream().filter(p -> p.name().equals(name)).findFirst())
                .filter(p -> p.element() == Element.FLOAT && fits(p, tower))
                .orElseThrow(() -> new ModelException(describe(tower.graph(), graph) + "; expected "
                        + (tower.pooling() == Pooling.NONE
                                ? "an output of 2 dimensions, one of " + tower.outputs()
                                        + ", or an override [pooling] for hidden states"
                                : "an output of 3 dimensions, one of " + tower.outputs())));
        long[] shape = output.shape();
        long last = shape.length == 0 ? -1 : shape[shape.length - 1];
        if (last >= 0 && last != dimension) {
            throw new ModelException("output [" + output.name() + "] of [" + tower.graph() + "] has " + last
                    + " floats a vector, expected are " + dimension);
        }
        return output;
    }

    /** A graph may leave the number of dimensions open, which is 0 here. Who asks for pooling by name gets no vector made otherwise. */
    private static boolean fits(Port port, Tower tower) {
        return switch (port.shape().length) {
            case 0 -> true;
            case 2 -> tower.pooling() == Pooling.NONE || tower.outputs().contains(port.name());
            case 3 -> tower.pooling() != Pooling.NONE;
            default -> false;
        };
    }

    /**
     * Inputs that one run may take; a graph of fixed batch size is fed one by one.
     *
     * @param inputs of the graph that have a batch as their first dimension
     */
    static int batch(String name, Ports graph, List<Port> inputs) {
        long fixed = inputs.stream()
                .mapToLong(p -> p.shape().length == 0 ? -1 : p.shape()[0])
                .max()
                .orElse(-1);
        if (fixed > 1) {
            throw new ModelException(describe(name, graph) + "; expected a batch of any size, or of one");
        }
        return fixed == 1 ? 1 : Integer.MAX_VALUE;
    }

    /**
     * @param out what a run made
     * @param lengths tokens of each input, padding not counted; null when all positions count
     */
    List<float[]> vectors(Floats out, int n, int[] lengths) {
        long[] shape = out.shape();
        int rank = shape.length;
        if (rank != 2 && (rank != 3 || pooling == Pooling.NONE) || shape[0] != n || shape[rank - 1] != dimension) {
            throw new ModelException("output [" + output.name() + "] of [" + name + "] has shape "
                    + Arrays.toString(shape) + ", expected " + n + " vectors of " + dimension + " floats");
        }
        int positions = rank == 2 ? 1 : (int) shape[1];
        Pooling how = rank == 2 ? Pooling.NONE : pooling;
        var vectors = new ArrayList<float[]>(n);
        for (int row = 0; row < n; row++) {
            int length = lengths == null ? positions : lengths[row];
            float[] vector = how.apply(out.data(), positions, dimension, row, length);
            if (!Vectors.isFinite(vector)) {
                throw new ModelException("[" + name + "] made a vector that is not finite");
            }
            vectors.add(vector);
        }
        return vectors;
    }

    /** What a graph has, for the one who has to find out why it does not fit. */
    static String describe(String name, Ports graph) {
        return "[" + name + "] has inputs " + ports(graph.inputs()) + " and outputs " + ports(graph.outputs());
    }

    private static String ports(List<Port> ports) {
        return ports.stream()
                .map(p -> p.name() + " " + p.element().name().toLowerCase(Locale.ROOT)
                        + Arrays.toString(p.shape()).replace("-1", "?"))
                .collect(Collectors.joining(", ", "[", "]"));
    }
}
