// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.RunOptions;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Ends one run, because it takes too long or because the node closes: ONNX Runtime looks at the flag between two nodes of a graph. The lock
 * keeps a late timer off options that are freed already.
 */
final class Deadline implements AutoCloseable {

    private final RunOptions options = new RunOptions();
    private final Consumer<Deadline> onClose;
    private final Runnable cancel;
    private boolean closed;
    private boolean passed;
    private boolean stopped;

    /** @param onClose told once, by the thread that closes this */
    Deadline(OnnxRuntime.Timer timer, Duration after, Consumer<Deadline> onClose) throws OrtException {
        this.onClose = onClose;
        try {
            cancel = timer.schedule(this::pass, after);
        } catch (RuntimeException e) {
            options.close();
            throw e;
        }
    }

    RunOptions options() {
        return options;
    }

    private synchronized void pass() {
        passed = !closed;
        terminate();
    }

    /** Ends the run now. */
    synchronized void stop() {
        stopped = !closed;
        terminate();
    }

    /** As {@link #stop}, by whoever wanted the run. */
    synchronized void terminate() {
        if (closed) {
            return;
        }
        try {
            options.setTerminate(true);
        } catch (OrtException e) {
            throw new IllegalStateException("cannot end a run of ONNX Runtime", e);
        }
    }

    /** Whether the run took too long. */
    synchronized boolean passed() {
        return passed;
    }

    /** Whether {@link #stop} ended it. */
    synchronized boolean stopped() {
        return stopped;
    }

    @Override
    public synchronized void close() {
        closed = true;
        cancel.run();
        options.close();
        onClose.accept(this);
    }
}
