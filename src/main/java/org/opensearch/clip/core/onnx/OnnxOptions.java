// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.time.Duration;
import java.util.Objects;

/**
 * How a session runs.
 *
 * @param intraOpThreads threads inside one run; 1 is best for throughput when runs are concurrent
 * @param runTimeout a run that takes longer is terminated, unless whoever wants it says another time
 * @param device where it runs
 * @param cores that one run may use when no other wants any; 1 = no session is opened for that
 * @param sharedBatches inputs share runs even where one scale of quantisation is found for all of them
 */
public record OnnxOptions(int intraOpThreads, Duration runTimeout, Device device, int cores, boolean sharedBatches) {

    /** A run of one input gains little from more threads, and each session has its own. */
    private static final int MOST_CORES = 16;

    public OnnxOptions {
        if (intraOpThreads < 1) {
            throw new IllegalArgumentException("intraOpThreads must be at least 1, got " + intraOpThreads);
        }
        if (runTimeout.isNegative() || runTimeout.isZero()) {
            throw new IllegalArgumentException("runTimeout must be positive, got " + runTimeout);
        }
        Objects.requireNonNull(device, "device");
        cores = Math.min(cores, MOST_CORES);
    }

    /** On the CPU. */
    public OnnxOptions(int intraOpThreads, Duration runTimeout) {
        this(intraOpThreads, runTimeout, Device.CPU, 1, false);
    }

    /** The same for a session whose runs use all cores. */
    OnnxOptions onAllCores() {
        return new OnnxOptions(cores, runTimeout, device, cores, sharedBatches);
    }
}
