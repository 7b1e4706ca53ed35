// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.time.Duration;
import java.util.Objects;

/**
 * How a session runs.
 *
 * @param intraOpThreads threads inside one run; 1 is best for throughput when runs are concurrent
 * @param runTimeout a run that takes longer is terminated
 * @param device where it runs
 */
public record OnnxOptions(int intraOpThreads, Duration runTimeout, Device device) {

    public OnnxOptions {
        if (intraOpThreads < 1) {
            throw new IllegalArgumentException("intraOpThreads must be at least 1, got " + intraOpThreads);
        }
        if (runTimeout.isNegative() || runTimeout.isZero()) {
            throw new IllegalArgumentException("runTimeout must be positive, got " + runTimeout);
        }
        Objects.requireNonNull(device, "device");
    }

    /** On the CPU. */
    public OnnxOptions(int intraOpThreads, Duration runTimeout) {
        this(intraOpThreads, runTimeout, Device.CPU);
    }
}
