package org.opensearch.clip.core.onnx;

import java.time.Duration;

/**
 * How a session runs.
 *
 * @param intraOpThreads threads inside one run; 1 is best for throughput when runs are concurrent
 * @param runTimeout a run that takes longer is terminated
 */
public record OnnxOptions(int intraOpThreads, Duration runTimeout) {}
