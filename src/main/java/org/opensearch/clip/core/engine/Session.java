// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.nio.Buffer;
import java.util.Map;

/**
 * One loaded graph: named tensors in, one named tensor out. The port that {@code core.onnx} implements. Safe for use by
 * many threads at once; {@link #close} waits for nobody, so the owner counts references.
 */
public interface Session extends Ports, AutoCloseable {

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

    /**
     * Memory outside the heap that a session took when it was opened. What its runs take besides, depends on their batches.
     *
     * @param anonymousBytes that nobody else can use until it is closed
     * @param mappedBytes of files: shared with whoever maps them too, and the system may take them back, at the price of reading them again
     * @param measured by what the system said before and after; else assumed from the size of the weights
     */
    record Footprint(long anonymousBytes, long mappedBytes, boolean measured) {

        /** What a node must have for it to run at full speed: a run reads all of its weights, wherever they are. */
        public long bytes() {
            return anonymousBytes + mappedBytes;
        }
    }

    /**
     * Runs the graph once.
     *
     * @param inputs one tensor for each input of the graph
     * @param output the output wanted
     * @param control how long it may take, on how many cores, and how it is ended
     * @throws StoppedException when it was ended before it was done
     * @throws ModelException when the graph fails
     */
    Floats run(Map<String, Tensor> inputs, String output, RunControl control);

    /** As the other, for a caller that stays until the end. */
    default Floats run(Map<String, Tensor> inputs, String output) {
        return run(inputs, output, RunControl.patient());
    }

    Footprint footprint();

    /** Memory outside the heap that it takes besides, so that one run can use all cores; 0 = none can. */
    default long allCoresBytes() {
        return 0;
    }

    /** Of memory, that this session is charged for. */
    default long bytes() {
        return footprint().bytes() + allCoresBytes();
    }

    /** Whether all inputs of a run are quantised by one scale, found in the run itself, so that each moves the vectors of the others. */
    default boolean sharesScales() {
        return false;
    }

    /**
     * Memory outside the heap that a run takes for a moment, at most, as far as the graph says it.
     *
     * @param positions that each of the inputs is padded to
     */
    default long runBytes(long inputs, long positions) {
        return 0;
    }

    /** The same for pictures that the graph sees as so many pixels, which are not counted themselves. */
    default long runBytesOfPictures(long inputs, long height, long width) {
        return 0;
    }

    /** Of the graph that is run, subgraphs included. */
    long nodes();

    @Override
    void close();
}
