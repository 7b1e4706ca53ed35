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
import java.util.Optional;
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

    private static final String NATIVE_PATH = "onnxruntime.native.path";

    /** Runs something later unless cancelled first; the node lends its scheduler. */
    public interface Timer {
        /** @return cancels the task if it has not begun; does not wait for it */
        Runnable schedule(Runnable task, Duration delay);
    }

    private final Timer timer;
    private final Optional<Path> natives;
    private final GraphLimits limits;
    private OrtEnvironment environment;

    /** With the native libraries inside the jar: they are extracted to {@code java.io.tmpdir} when the environment starts. */
    public OnnxRuntime(Timer timer) {
        this(timer, Optional.empty());
    }

    /** @param natives a folder that holds the native libraries of this platform: nothing is extracted; empty: those inside the jar */
    public OnnxRuntime(Timer timer, Optional<Path> natives) {
        this(timer, natives, GraphLimits.DEFAULT);
    }

    OnnxRuntime(Timer timer, Optional<Path> natives, GraphLimits limits) {
        this.timer = timer;
        this.natives = natives;
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

    private Session open(Path file, long bytes, OnnxOptions options) throws OrtException {
        OrtEnvironment env = environment();
        try (SessionOptions settings = settings(options)) {
            OrtSession session = env.createSession(file.toString(), settings);
            try {
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
                environment = natives.isPresent() ? start(natives.get()) : start();
            } catch (LinkageError | RuntimeException e) {
                throw new ModelException(
                        "ONNX Runtime cannot be started on this node (" + System.getProperty("os.name") + ", "
                                + System.getProperty("os.arch") + "): " + root(e).getMessage(),
                        e);
            }
        }
        return environment;
    }

    /** The property is the JVM's, so another plugin with an ONNX Runtime of its own sees it only while ours starts; one set by the operator stands. */
    private static OrtEnvironment start(Path natives) {
        if (System.getProperty(NATIVE_PATH) != null) {
            return start();
        }
        System.setProperty(NATIVE_PATH, natives.toAbsolutePath().toString());
        try {
            return start();
        } finally {
            System.clearProperty(NATIVE_PATH);
        }
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

    private static Throwable root(Throwable e) {
        return e.getCause() == null || e.getCause() == e ? e : root(e.getCause());
    }
}
