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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.onnx.OnnxSession.GraphFacts;
import org.opensearch.clip.core.onnx.OnnxSession.Opened;

/**
 * The door to ONNX Runtime: starts its environment with the first session, not before, so that a node that never holds a
 * model never maps the library, and opens sessions. Safe for use by many threads.
 *
 * <p>The library reads a graph by its path, never from bytes: for a graph that has no path it resolves external weights
 * against the working directory of the process.
 */
public final class OnnxRuntime {

    /** Runs something later unless cancelled first; the node lends its scheduler. */
    public interface Timer {
        /** @return cancels the task if it has not begun; does not wait for it */
        Runnable schedule(Runnable task, Duration delay);
    }

    private final Deadlines deadlines;
    private final GraphLimits limits;
    private OrtEnvironment environment;
    private Cuda cuda;

    public OnnxRuntime(Timer timer) {
        this(timer, GraphLimits.DEFAULT);
    }

    OnnxRuntime(Timer timer, GraphLimits limits) {
        this.deadlines = new Deadlines(timer);
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
        Map<String, Path> beside =
                weights.stream().collect(Collectors.toMap(Function.identity(), file::resolveSibling));
        return open(name, file, beside, options);
    }

    /** Loads a graph as it was published, if its weights lie where it says. */
    Session open(PreparedGraphs.Source source, OnnxOptions options) {
        Path file = source.graph().path().toAbsolutePath().normalize();
        Map<String, Path> beside = source.paths();
        beside.entrySet()
                .removeIf(weight -> !file.resolveSibling(weight.getKey())
                        .equals(weight.getValue().toAbsolutePath().normalize()));
        return open(source.name(), file, beside, options);
    }

    private Session open(String name, Path file, Map<String, Path> weights, OnnxOptions options) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new ModelException("[" + name + "] is not a regular file; a model's graph must be one, and no link");
        }
        return naming(name, file, () -> {
            GraphScan.Scanned scanned = GraphScan.check(name, file, weights, limits);
            return open(name, file, scanned, SessionSettings.of(options), options, null);
        });
    }

    /** Loads a graph that {@link PreparedGraphs} has made. */
    Session openPrepared(String name, Path graph, String weights, boolean optimised, OnnxOptions options) {
        return naming(name, graph, () -> {
            GraphScan.Scanned scanned = scanPrepared(name, graph, weights);
            SessionOptions settings = optimised ? SessionSettings.optimised(options) : SessionSettings.of(options);
            // another session of the same mapped weights is cheap; without them it would hold a copy
            OnnxOptions wide = optimised && options.cores() > 1 ? options.onAllCores() : null;
            return open(name, graph, scanned, settings, options, wide);
        });
    }

    /** @throws ModelException when the graph is refused */
    GraphScan.Scanned scan(PreparedGraphs.Source source) throws IOException {
        return GraphScan.check(source.name(), source.graph().path(), source.paths(), limits);
    }

    /**
     * Optimises a graph for the CPU of this node and saves it.
     *
     * @param name for messages
     * @param weights name of the file beside {@code graph} that holds its weights, and of the one that is made beside {@code saved}
     */
    synchronized void optimise(String name, Path graph, String weights, Path saved) {
        OnnxOptions options = new OnnxOptions(1, Duration.ofDays(1));
        OrtEnvironment env = environment();
        naming(name, graph, () -> {
            GraphScan.check(name, graph, beside(graph, weights), limits);
            try (SessionOptions settings = SessionSettings.saving(options, saved, weights)) {
                env.createSession(graph.toString(), settings).close();
                return saved;
            } finally {
                NativeHeap.trim();
            }
        });
    }

    /** As {@link #scan}, of a graph that {@link #optimise} has saved. */
    GraphScan.Scanned scanPrepared(String name, Path graph, String weights) throws IOException {
        return GraphScan.checkPrepared(name, graph, beside(graph, weights), limits);
    }

    private static Map<String, Path> beside(Path graph, String weights) {
        return Map.of(weights, graph.resolveSibling(weights));
    }

    private interface Opening<T> {
        T open() throws OrtException, IOException;
    }

    /** Failures become messages that name the graph as it was published, and no folder. */
    private static <T> T naming(String name, Path file, Opening<T> opening) {
        try {
            return opening.open();
        } catch (OrtException e) {
            throw new ModelException("ONNX Runtime cannot load [" + name + "]: " + reason(e, file), e);
        } catch (IOException e) {
            throw new ModelException("[" + name + "] cannot be read", e);
        }
    }

    /** One at a time, because each is measured by what the process has before and after it. */
    private synchronized Session open(
            String name,
            Path file,
            GraphScan.Scanned scanned,
            SessionOptions settings,
            OnnxOptions options,
            OnnxOptions wide)
            throws OrtException {
        boolean gpu = options.device().kind() == Device.Kind.CUDA; // it has memory of its own
        GraphFacts facts = new GraphFacts(
                scanned.nodes(),
                !options.sharedBatches() && SharedScales.in(scanned.model()),
                gpu ? Activations.NONE : Activations.of(scanned.model().getGraph()));
        boolean prepared = scanned.prepared();
        List<Opened> opened = new ArrayList<>();
        try {
            opened.add(open(file, settings, scanned.weights(), prepared));
            if (wide != null) {
                opened.add(open(file, SessionSettings.optimised(wide), 0, prepared));
            }
            return new OnnxSession(
                    name,
                    environment(),
                    opened.getFirst(),
                    wide == null ? null : opened.getLast(),
                    deadlines,
                    options.runTimeout(),
                    facts);
        } catch (OrtException | RuntimeException e) {
            for (Opened session : opened) {
                session.session().close();
            }
            throw e;
        }
    }

    private Opened open(Path file, SessionOptions given, long weights, boolean prepared) throws OrtException {
        OrtEnvironment env = environment();
        try (SessionOptions settings = given) {
            MemoryProbe probe = new MemoryProbe(file.getParent());
            OrtSession session = env.createSession(file.toString(), settings);
            NativeHeap.trim();
            return new Opened(session, probe.taken(weights, prepared));
        }
    }

    /** As {@link #version}, from the jar that the library comes in: it is not started. */
    static String release() {
        return OrtEnvironment.class.getPackage().getImplementationVersion();
    }

    /**
     * Stops the runs of all sessions, and whatever runs begin from now on: they fail with a {@link org.opensearch.clip.core.engine.StoppedException}.
     * Does not wait for their end.
     */
    public void stopRuns() {
        deadlines.stop();
    }

    /** Of the library: what one version has prepared is not for another. */
    String version() {
        return environment().getVersion();
    }

    /**
     * @param wish {@code cpu}, {@code cuda}, {@code cuda:n}, or {@code auto}: the first GPU if it can be used, else the CPU
     * @throws ModelException when a GPU is wanted and cannot be used: why
     */
    public Device.Chosen device(String wish) {
        if (wish.equals("cpu")) {
            return new Device.Chosen(Device.CPU, null);
        }
        boolean auto = wish.equals("auto");
        if (auto && !Cuda.present()) {
            return new Device.Chosen(Device.CPU, null);
        }
        int index = wish.indexOf(':') < 0 ? 0 : Integer.parseInt(wish.substring(wish.indexOf(':') + 1));
        Optional<String> unavailable = cuda().unavailable(index);
        if (unavailable.isEmpty()) {
            return new Device.Chosen(Device.cuda(index), null);
        }
        if (!auto) {
            throw new ModelException("device [" + wish + "] is not available: " + unavailable.get());
        }
        return new Device.Chosen(
                Device.CPU, "runs on the CPU although this node has a GPU of NVIDIA: " + unavailable.get());
    }

    private synchronized Cuda cuda() {
        if (cuda == null) {
            cuda = new Cuda(environment());
        }
        return cuda;
    }

    /** What ONNX Runtime says, without the folder the model lies in: the message may reach a caller. */
    private static String reason(OrtException e, Path file) {
        return e.getMessage().replace(file.getParent() + "/", "");
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
