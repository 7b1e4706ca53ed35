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

    private static final List<String> HIDDEN = List.of("last_hidden_state", "token_embeddings", "hidden_states");

    /**
     * @param outputs names of outputs that are one vector an input, best first
     * @throws ModelException when none of the graph's outputs will do
     */
    static Graph of(String name, Session session, List<String> outputs, Pooling pooling, int dimension) {
        int rank = pooling == Pooling.NONE ? 2 : 3;
        List<String> names = pooling == Pooling.NONE ? outputs : HIDDEN;
        List<Port> fit = session.outputs().stream()
                .filter(p -> p.element() == Element.FLOAT && (p.shape().length == rank || p.shape().length == 0))
                .toList();
        Port output = names.stream()
                .flatMap(n -> fit.stream().filter(p -> p.name().equals(n)))
                .findFirst()
                .orElse(fit.size() == 1 ? fit.getFirst() : null);
        if (output == null) {
            throw new ModelException(
                    describe(name, session) + "; expected an output of " + rank + " dimensions, one of " + names
                            + (pooling == Pooling.NONE ? ", or an override [pooling] for hidden states" : ""));
        }
        long last = output.shape().length == 0 ? -1 : output.shape()[rank - 1];
        if (last >= 0 && last != dimension) {
            throw new ModelException("output [" + output.name() + "] of [" + name + "] has " + last
                    + " floats a vector, expected are " + dimension);
        }
        return new Graph(name, session, output, pooling, dimension);
    }

    /** Inputs that one run may take; a graph of fixed batch size is fed one by one. */
    int batch() {
        long fixed = session.inputs().stream()
                .mapToLong(p -> p.shape().length == 0 ? -1 : p.shape()[0])
                .max()
                .orElse(-1);
        if (fixed > 1) {
            throw new ModelException(describe(name, session) + "; expected a batch of any size, or of one");
        }
        return fixed == 1 ? 1 : Integer.MAX_VALUE;
    }

    /**
     * @param out what a run made
     * @param lengths tokens of each input, padding not counted; null when all positions count
     */
    List<float[]> vectors(Floats out, int n, int[] lengths) {
        long[] shape = out.shape();
        int rank = pooling == Pooling.NONE ? 2 : 3;
        if (shape.length != rank || shape[0] != n || shape[rank - 1] != dimension) {
            throw new ModelException("output [" + output.name() + "] of [" + name + "] has shape "
                    + Arrays.toString(shape) + ", expected " + n + " vectors of " + dimension + " floats");
        }
        int positions = rank == 2 ? 1 : (int) shape[1];
        var vectors = new ArrayList<float[]>(n);
        for (int row = 0; row < n; row++) {
            int length = lengths == null ? positions : lengths[row];
            float[] vector = pooling.apply(out.data(), positions, dimension, row, length);
            if (!Vectors.isFinite(vector)) {
                throw new ModelException("[" + name + "] made a vector that is not finite");
            }
            vectors.add(vector);
        }
        return vectors;
    }

    /** What a graph has, for the one who has to find out why it does not fit. */
    static String describe(String name, Session session) {
        return "[" + name + "] has inputs " + ports(session.inputs()) + " and outputs " + ports(session.outputs());
    }

    private static String ports(List<Port> ports) {
        return ports.stream()
                .map(p -> p.name() + " " + p.element().name().toLowerCase(Locale.ROOT)
                        + Arrays.toString(p.shape()).replace("-1", "?"))
                .collect(Collectors.joining(", ", "[", "]"));
    }
}
