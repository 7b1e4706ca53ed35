// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.OrtException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The runs in flight of a node, each with its deadline, so that all can be stopped when the node closes. Safe for use by many threads. */
final class Deadlines {

    private final OnnxRuntime.Timer timer;
    private final Set<Deadline> open = ConcurrentHashMap.newKeySet();
    private volatile boolean stopped;

    Deadlines(OnnxRuntime.Timer timer) {
        this.timer = timer;
    }

    /** @return to be closed after the run; a run that begins after {@link #stop} ends at its first node */
    Deadline begin(Duration after) throws OrtException {
        Deadline deadline = new Deadline(timer, after, open::remove);
        open.add(deadline);
        if (stopped) {
            deadline.stop();
        }
        return deadline;
    }

    /** Stops what runs, and whatever begins from now on. Does not wait. */
    void stop() {
        stopped = true;
        open.forEach(Deadline::stop);
    }
}
