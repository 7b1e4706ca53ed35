// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.RunOptions;
import java.time.Duration;

/**
 * Ends one run that takes too long: ONNX Runtime looks at the flag between two nodes of a graph. The lock keeps a late
 * timer off options that are freed already.
 */
final class Deadline implements AutoCloseable {

    private final RunOptions options = new RunOptions();
    private final Runnable cancel;
    private boolean closed;
    private boolean passed;

    Deadline(OnnxRuntime.Timer timer, Duration after) throws OrtException {
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
        if (closed) {
            return;
        }
        passed = true;
        try {
            options.setTerminate(true);
        } catch (OrtException e) {
            throw new IllegalStateException("cannot end a run of ONNX Runtime", e);
        }
    }

    synchronized boolean passed() {
        return passed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        cancel.run();
        options.close();
    }
}
