// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;

/**
 * The door to ONNX Runtime: starts its environment with the first session, not before, so that a node that never holds a
 * model never maps the library, and opens sessions. Safe for use by many threads.
 *
 * <p>The library reads a graph by its path, never from bytes: for a graph that has no path it resolves external weights
 * against the working directory of the process.
 */
public final class OnnxRuntime {

    /** Percent of its weights that a session holds where what it has freed is not given back (docs/onnx-runtime.md). */
    private static final long UNTRIMMED = 190;

    /** Runs something later unless cancelled first; the node lends its scheduler. */
    public interface Timer {
        /** @return cancels the task if it has not begun; does not wait for it */
        Runnable schedule(Runnable task, Duration delay);
    }

    private final Timer timer;
    private final GraphLimits limits;
    private OrtEnvironment environment;

    public OnnxRuntime(Timer timer) {
        this(timer, GraphLimits.DEFAULT);
    }

    OnnxRuntime(Timer timer, GraphLimits limits) {
        this.timer = timer;
        this.limits = limits;
    }

    /**
     * Loads a graph that holds its weights itself.
     *
     * @throws ModelException when the file is no model or asks for more than we allow
     */
    public Session open(Path graph, OnnxOptions options) {
        return open(graph, Set.of(), options);
    }

    /**
     * Loads a graph.
     *
     * @param weights names of the files beside the graph that may hold its weights
     * @throws ModelException when the file is no model or asks for more than we allow
     */
    public Session open(Path graph, Set<String> weights, OnnxOptions options) {
        Path file = graph.toAbsolutePath().normalize();
        String name = file.getFileName().toString();
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new ModelException("[" + name + "] is not a regular file; a model's graph must be one, and no link");
        }
        try {
            long bytes = GraphScan.check(file, weights, limits);
            return open(file, bytes, options);
        } catch (OrtException e) {
            throw new ModelException("ONNX Runtime cannot load [" + name + "]: " + reason(e, file), e);
        } catch (IOException e) {
            throw new ModelException("[" + name + "] cannot be read", e);
        }
    }

    private Session open(Path file, long weights, OnnxOptions options) throws OrtException {
        OrtEnvironment env = environment();
        try (SessionOptions settings = settings(options)) {
            OrtSession session = env.createSession(file.toString(), settings);
            try {
                long bytes = NativeHeap.trim() ? weights : weights * UNTRIMMED / 100;
                return new OnnxSession(file.getFileName().toString(), env, session, timer, options.runTimeout(), bytes);
            } catch (OrtException | RuntimeException e) {
                session.close();
                throw e;
            }
        }
    }

    /** What ONNX Runtime says, without the folder the model lies in: the message may reach a caller. */
    private static String reason(OrtException e, Path file) {
        return e.getMessage().replace(file.getParent() + "/", "");
    }

    private static SessionOptions settings(OnnxOptions options) throws OrtException {
        SessionOptions settings = new SessionOptions();
        settings.setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL);
        settings.setInterOpNumThreads(1);
        settings.setIntraOpNumThreads(options.intraOpThreads());
        // nothing but ONNX's own format: what the scan has read is what is loaded
        settings.addConfigEntry("session.load_model_format", "ONNX");
        settings.addConfigEntry("session.intra_op.allow_spinning", "0");
        settings.addConfigEntry("session.inter_op.allow_spinning", "0");
        // a pattern is kept for every shape ever seen, and batches and text lengths vary without end
        settings.setMemoryPatternOptimization(false);
        settings.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
        return settings;
    }

    private synchronized OrtEnvironment environment() {
        if (environment == null) {
            try {
                environment = start();
            } catch (LinkageError | RuntimeException e) {
                throw new ModelException("ONNX Runtime cannot be started on this node: " + reason(e), e);
            }
        }
        return environment;
    }

    /** Errors arrive as exceptions, so the native log, which goes to the console of the process, keeps to what is fatal. */
    private static OrtEnvironment start() {
        OrtEnvironment environment =
                OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "opensearch-clip");
        try {
            environment.setTelemetry(false);
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
        return environment;
    }

    /** Of libraries only the names: where they lie is nobody's business. */
    private static String reason(Throwable e) {
        if (e.getCause() != null && e.getCause() != e) {
            return reason(e.getCause());
        }
        String message = String.valueOf(e.getMessage()).replaceAll("(/[^/:\\s]+)+/", "");
        return message.contains("VERS_")
                ? "another plugin has loaded another version of it, and a node can hold one (" + message + ")"
                : message;
    }
}
