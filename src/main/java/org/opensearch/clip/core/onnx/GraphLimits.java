// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.util.Set;

/**
 * What a graph may hold.
 *
 * @param domains of operators, {@code ""} and {@code ai.onnx} being the standard one
 * @param operators of a graph as it is published, see {@link Operators}
 * @param controlFlow the operators that may carry a subgraph
 * @param nodes of the whole graph, subgraphs included, and functions as often as they are called
 * @param depth of subgraphs and functions in each other
 * @param functions that it may define
 * @param heapBytes of the graph without its weights while it is read
 * @param constantElements of all tensors that have no data in a file and a size that the graph fixes
 * @param weightBytes of all its tensors together
 */
record GraphLimits(
        Set<String> domains,
        Set<String> operators,
        Set<String> controlFlow,
        long nodes,
        int depth,
        int functions,
        long heapBytes,
        long constantElements,
        long weightBytes) {

    /**
     * {@code If} runs one of its branches, once, and exporters write it. {@code Loop} and {@code Scan} may run without end, and
     * exporters of embedding models do not write them. The largest constant known is a mask of 8,192 by 8,192 tokens, an eighth
     * of what is allowed. Exporters that make a function of each module nest them as deep as modules are: half of what is allowed.
     */
    static final GraphLimits DEFAULT = new GraphLimits(
            Set.of("", "ai.onnx", Operators.MICROSOFT, "com.microsoft.nchwc"),
            Operators.PUBLISHED,
            Set.of("If"),
            100_000,
            16,
            1_000,
            64L << 20,
            1L << 29,
            32L << 30);
}
