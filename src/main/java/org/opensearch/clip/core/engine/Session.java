// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.nio.Buffer;
import java.util.List;
import java.util.Map;

/**
 * One loaded graph: named tensors in, one named tensor out. The port that {@code core.onnx} implements. Safe for use by
 * many threads at once; {@link #close} waits for nobody, so the owner counts references.
 */
public interface Session extends AutoCloseable {

    /** Element type of a tensor, as far as towers use them. */
    enum Element {
        FLOAT,
        INT64,
        INT32,
        OTHER
    }

    /** A graph's input or output. {@code shape}: one entry a dimension, -1 where it is dynamic. */
    record Port(String name, Element element, long[] shape) {}

    /**
     * A dense row-major tensor. {@code data}: direct, native order, exactly the product of {@code shape} elements from
     * its position.
     */
    record Tensor(long[] shape, Buffer data) {}

    /** A dense row-major float tensor on the heap. */
    record Floats(long[] shape, float[] data) {}

    List<Port> inputs();

    List<Port> outputs();

    /**
     * Runs the graph once.
     *
     * @param inputs one tensor for each input of the graph
     * @param output the output wanted
     * @throws ModelException when the graph fails, or ran longer than the session's limit and was terminated
     */
    Floats run(Map<String, Tensor> inputs, String output);

    /** Bytes of memory that this session is charged for. */
    long bytes();

    @Override
    void close();
}
