// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.RunControl;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.StoppedException;
import org.opensearch.clip.core.engine.StoppedException.Reason;

/**
 * A session of ONNX Runtime. Runs go side by side without a lock. After {@link #close} no run begins; one that is still in
 * flight ends in peace and then frees the native session.
 */
final class OnnxSession implements Session {

    private final String name;
    private final OrtEnvironment environment;
    private final OrtSession session;
    /** Of the same mapped weights, with a thread for each core; {@code null} = there is none. */
    private final OrtSession allCores;

    private final Deadlines deadlines;
    private final Duration runTimeout;
    private final Footprint footprint;
    private final long allCoresBytes;
    private final GraphFacts facts;
    private final Map<String, OnnxPort> inputs;
    private final Map<String, OnnxPort> outputs;
    private final AtomicBoolean closed = new AtomicBoolean();
    /** One for the owner, one for each run in flight; at zero the native session is freed, and zero is final. */
    private final AtomicInteger holders = new AtomicInteger(1);

    /**
     * What is known of a graph without its session.
     *
     * @param nodes subgraphs included
     * @param sharesScales see {@link Session#sharesScales}
     */
    record GraphFacts(long nodes, boolean sharesScales, Activations activations) {}

    /** An open session and the memory that opening it took. */
    record Opened(OrtSession session, Footprint footprint) {}

    /**
     * @param name of the graph, for messages
     * @param allCores for runs on all cores, {@code null} = there is none
     */
    OnnxSession(
            String name,
            OrtEnvironment environment,
            Opened opened,
            Opened allCores,
            Deadlines deadlines,
            Duration runTimeout,
            GraphFacts facts)
            throws OrtException {
        this.name = name;
        this.environment = environment;
        this.session = opened.session();
        this.allCores = allCores == null ? null : allCores.session();
        this.deadlines = deadlines;
        this.runTimeout = runTimeout;
        this.footprint = opened.footprint();
        this.allCoresBytes =
                allCores == null ? 0 : Math.max(1, allCores.footprint().anonymousBytes());
        this.facts = facts;
        this.inputs = new LinkedHashMap<>();
        this.outputs = new LinkedHashMap<>();
        session.getInputInfo().values().forEach(node -> inputs.put(node.getName(), OnnxPort.of(node)));
        session.getOutputInfo().values().forEach(node -> outputs.put(node.getName(), OnnxPort.of(node)));
    }

    @Override
    public List<Port> inputs() {
        return inputs.values().stream().map(OnnxPort::port).toList();
    }

    @Override
    public List<Port> outputs() {
        return outputs.values().stream().map(OnnxPort::port).toList();
    }

    @Override
    public Floats run(Map<String, Tensor> given, String output, RunControl control) {
        if (!given.keySet().equals(inputs.keySet())) {
            throw new ModelException("[" + name + "] takes inputs " + inputs.keySet() + ", got " + given.keySet());
        }
        if (!outputs.containsKey(output)) {
            throw new ModelException("[" + name + "] has outputs " + outputs.keySet() + ", not [" + output + "]");
        }
        outputs.get(output).requireFloats();
        if (holders.getAndUpdate(n -> n == 0 ? 0 : n + 1) == 0) {
            throw closedException();
        }
        try {
            if (closed.get()) {
                throw closedException();
            }
            return compute(given, output, control);
        } finally {
            release();
        }
    }

    private Floats compute(Map<String, Tensor> given, String output, RunControl control) {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        Duration limit = control.limitOr(runTimeout);
        OrtSession on = control.allCores() && allCores != null ? allCores : session;
        try (Deadline deadline = deadlines.begin(limit)) {
            control.begin(deadline::terminate);
            for (Map.Entry<String, Tensor> entry : given.entrySet()) {
                OnnxPort port = inputs.get(entry.getKey());
                tensors.put(entry.getKey(), port.tensor(environment, entry.getValue()));
            }
            try (OrtSession.Result result = on.run(tensors, Set.of(output), deadline.options())) {
                OnnxTensor tensor = (OnnxTensor) result.get(0);
                FloatBuffer floats = tensor.getFloatBuffer();
                float[] data = new float[floats.remaining()];
                floats.get(data);
                return new Floats(tensor.getInfo().getShape(), data);
            } catch (OrtException e) {
                if (deadline.stopped()) {
                    throw new StoppedException(
                            Reason.CLOSING, "[" + name + "] was stopped, because the node is closing");
                }
                if (control.isStopped()) {
                    throw new StoppedException(Reason.UNWANTED, "[" + name + "] was stopped: nobody waits for it");
                }
                if (deadline.passed()) {
                    throw new StoppedException(
                            Reason.LIMIT, "[" + name + "] ran longer than " + limit.toMillis() + "ms and was stopped");
                }
                throw e;
            }
        } catch (OrtException e) {
            throw new ModelException(
                    "[" + name + "] failed on inputs of shape " + shapes(given) + ": " + e.getMessage(), e);
        } finally {
            control.end();
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private static Map<String, String> shapes(Map<String, Tensor> tensors) {
        return tensors.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, e -> Arrays.toString(e.getValue().shape()), (a, b) -> a, TreeMap::new));
    }

    private ModelException closedException() {
        return new ModelException("[" + name + "] is not loaded any more");
    }

    @Override
    public Footprint footprint() {
        return footprint;
    }

    @Override
    public long allCoresBytes() {
        return allCoresBytes;
    }

    @Override
    public boolean sharesScales() {
        return facts.sharesScales();
    }

    @Override
    public long runBytes(long inputs, long positions) {
        return facts.activations().bytes(inputs, positions);
    }

    @Override
    public long runBytesOfPictures(long inputs, long height, long width) {
        return facts.activations().bytesOfPictures(inputs, height, width);
    }

    @Override
    public long nodes() {
        return facts.nodes();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release();
        }
    }

    private void release() {
        if (holders.decrementAndGet() == 0) {
            try {
                session.close();
                if (allCores != null) {
                    allCores.close();
                }
                NativeHeap.trim();
            } catch (OrtException e) {
                throw new ModelException("[" + name + "] could not be freed: " + e.getMessage(), e);
            }
        }
    }
}
