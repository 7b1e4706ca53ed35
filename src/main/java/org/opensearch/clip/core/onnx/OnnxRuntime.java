package org.opensearch.clip.core.onnx;

import java.nio.file.Path;
import java.time.Duration;
import org.opensearch.clip.core.engine.Session;

/** The door to ONNX Runtime: starts its environment once and opens sessions. Safe for use by many threads. */
public final class OnnxRuntime {

    /** Runs something later unless cancelled first; the node lends its scheduler. */
    public interface Timer {
        Runnable schedule(Runnable task, Duration delay);
    }

    public OnnxRuntime(Timer timer) {
        throw new UnsupportedOperationException();
    }

    /** @throws org.opensearch.clip.core.engine.ModelException when the file is no model or asks for more than we allow */
    public Session open(Path graph, OnnxOptions options) {
        throw new UnsupportedOperationException();
    }
}
