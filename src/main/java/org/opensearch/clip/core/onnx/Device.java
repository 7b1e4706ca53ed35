// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

/**
 * Where a model runs.
 *
 * @param index of the GPU, as CUDA counts them; 0 for the CPU
 */
public record Device(Kind kind, int index) {

    public enum Kind {
        CPU,
        CUDA
    }

    public static final Device CPU = new Device(Kind.CPU, 0);

    /**
     * What a wish came to.
     *
     * @param warning why it is not what the wisher might expect, or {@code null}
     */
    public record Chosen(Device device, String warning) {}

    static Device cuda(int index) {
        return new Device(Kind.CUDA, index);
    }

    /** As settings and answers name it: {@code cpu}, {@code cuda:0}. */
    @Override
    public String toString() {
        return kind == Kind.CPU ? "cpu" : "cuda:" + index;
    }
}
