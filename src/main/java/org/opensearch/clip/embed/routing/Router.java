// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Failures;
import org.opensearch.clip.embed.VectorFields;
import org.opensearch.clip.embed.scheduling.InferenceScheduler;
import org.opensearch.clip.embed.scheduling.RequestLimits;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.Desired;
import org.opensearch.clip.model.FirstUse;
import org.opensearch.clip.model.LoadedModels;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.model.Refusal;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.ClusterChangedEvent;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.Randomness;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.UncategorizedExecutionException;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.node.NodeClosedException;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.ConnectTransportException;
import org.opensearch.transport.NodeDisconnectedException;
import org.opensearch.transport.ReceiveTimeoutTransportException;
import org.opensearch.transport.TransportRequestOptions;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;

/**
 * Brings a request to a node that holds its model: this one first, then the one to which this node has sent the fewest requests
 * that are still open. A node that does not have the model loaded, or cannot be reached, is passed over for the next; only when
 * none has it loaded, the request waits for it. The first request for a model that is loaded on use has it loaded. Never blocks. Safe for use by many threads.
 */
public final class Router {

    /** Longest silence of a node after which another is asked. */
    private static final TimeValue LONGEST_SILENCE = TimeValue.timeValueSeconds(5);

    /** Loading or failed; and what a node says whose cluster state is older or newer than ours. */
    private static final Set<RestStatus> NOT_LOADED =
            Set.of(RestStatus.SERVICE_UNAVAILABLE, RestStatus.NOT_FOUND, RestStatus.CONFLICT);

    private final TransportService transport;
    private final ClusterService cluster;
    private final LoadedModels loaded;
    private final InferenceScheduler scheduler;
    private final OpenRequests openRequests;
    private final ClipSettings settings;
    private final ClipStats stats;
    private final FirstUse firstUse;
    private final VectorFields vectorFields;
    private final Map<String, Integer> outstanding = new ConcurrentHashMap<>();
    private final Watch.Board board = new Watch.Board();

    @Inject
    public Router(
            TransportService transport,
            ClusterService cluster,
            IndexNameExpressionResolver resolver,
            LoadedModels loaded,
            InferenceScheduler scheduler,
            OpenRequests openRequests,
            Client client,
            ClipSettings settings,
            ClipStats stats) {
        this.transport = transport;
        this.cluster = cluster;
        this.loaded = loaded;
        this.scheduler = scheduler;
        this.openRequests = openRequests;
        this.settings = settings;
        this.stats = stats;
        this.firstUse = new FirstUse(client, cluster::state);
        this.vectorFields = new VectorFields(resolver);
        // a model that is not declared any more gets no request, so what is forgotten stays so
        cluster.addListener(
                event -> stats.retain(ModelMetadata.of(event.state()).ids()));
        cluster.addListener(this::forgetWhatIsUnloaded);
        board.serve(transport);
        Forward.HOP.serve(transport, ThreadPool.Names.SAME, (forward, task, listener) -> {
            Runnable done = board.add(task.getParentTaskId());
            Completion<Response> completion = completion((EmbedTask) task, ActionListener.runAfter(listener, done));
            runHere(forward.request(), forward.loadWait(), (EmbedTask) task, completion, completion::onFailure);
        });
    }

    private void forgetWhatIsUnloaded(ClusterChangedEvent event) {
        ModelMetadata models = ModelMetadata.of(event.state());
        if (!models.equals(ModelMetadata.of(event.previousState()))) {
            scheduler.retain((id, fingerprint) -> models.model(id)
                    .filter(model -> model.load() && model.fingerprint().equals(fingerprint))
                    .isPresent());
        }
    }

    /** @param listener completed as {@link Completion} says, whatever happens */
    void route(Request request, EmbedTask task, ActionListener<Response> listener) {
        Resolution resolution;
        try {
            resolution = Resolution.of(request, cluster.state(), vectorFields);
        } catch (Exception e) {
            completion(task, listener).onFailure(e);
            return;
        }
        Completion<Response> completion = completion(task, ActionListener.map(listener, resolution::tell));
        if (request.inputs().isEmpty()) {
            completion.onResponse(resolution.response());
            return;
        }
        try {
            DeclaredModel model = resolution.model();
            new Trip(request.to(model.id()), model, task, completion).begin(model);
        } catch (Exception e) {
            completion.onFailure(e);
        }
    }

    /** Runs a request on this node, whose model is resolved, or not at all. */
    void here(Request request, EmbedTask task, ActionListener<Response> listener) {
        Completion<Response> completion = completion(task, listener);
        runHere(request, settings.models().loadWait(), task, completion, completion::onFailure);
    }

    /** Ends with the task. */
    <T> Completion<T> completion(EmbedTask task, ActionListener<T> listener) {
        Completion<T> completion = openRequests.add(listener);
        task.whenCancelled(() -> completion.onFailure(Failures.cancelled()));
        return completion;
    }

    private void runHere(
            Request request,
            TimeValue wait,
            EmbedTask task,
            Completion<Response> completion,
            Consumer<Exception> notHere) {
        Waiting waiting = new Waiting(request.modelId(), task);
        loaded.acquire(
                request.modelId(),
                wait,
                ActionListener.wrap(
                        ref -> {
                            if (completion.isDone() || !waiting.end()) {
                                ref.close();
                            } else {
                                scheduler.submit(request, ref, task, completion);
                            }
                        },
                        e -> {
                            waiting.end();
                            notHere.accept(e);
                        }));
    }

    /** A request that the lanes do not know yet. One that is cancelled while it waits for its model is counted here. */
    private final class Waiting {
        private final AtomicBoolean waits = new AtomicBoolean(true);

        Waiting(String modelId, EmbedTask task) {
            task.whenCancelled(() -> {
                if (end()) {
                    stats.model(modelId).failed("cancelled");
                }
            });
        }

        /** @return whether it has not ended before */
        boolean end() {
            return waits.compareAndSet(true, false);
        }
    }

    /** From node to node. Used by one thread at a time. */
    private final class Trip {
        private record Stop(DiscoveryNode node, boolean waits) {}

        private final Request request;
        private final EmbedTask task;
        private final Completion<Response> completion;
        private final Deque<Stop> stops = new ArrayDeque<>();
        private final long start = System.nanoTime();
        private long silentNanos;
        private boolean lostOne;

        Trip(Request request, DeclaredModel model, EmbedTask task, Completion<Response> completion) {
            this.request = request;
            this.task = task;
            this.completion = completion;
            if (model.desired() == Desired.UNLOADED
                    || model.desired() == Desired.ON_USE && !settings.models().loadOnUse()) {
                throw LoadedModels.notLoaded(model.id());
            }
            List<DiscoveryNode> nodes = inOrder(model);
            if (nodes.isEmpty()) {
                throw Refusal.unavailable("no node of the cluster may hold model [" + model.id() + "] (nodes: "
                        + (model.nodes() == null ? "data, ingest and search nodes" : model.nodes()) + ")");
            }
            if (nodes.size() > 1) {
                nodes.forEach(node -> stops.add(new Stop(node, false)));
            }
            nodes.forEach(node -> stops.add(new Stop(node, true)));
        }

        void begin(DeclaredModel model) {
            if (model.load()) {
                next();
                return;
            }
            Waiting waiting = new Waiting(model.id(), task);
            firstUse.of(
                    model.id(),
                    remainingWait(),
                    Refusal.unavailable("model [" + model.id() + "] is still loading"),
                    ActionListener.runBefore(
                            ActionListener.wrap(
                                    wanted -> next(), e -> completion.onFailure(told(ExceptionsHelper.unwrapCause(e)))),
                            waiting::end));
        }

        private void next() {
            Stop stop = stops.poll();
            TimeValue wait = stop.waits() ? remainingWait() : TimeValue.ZERO;
            if (stop.node().equals(transport.getLocalNode())) {
                runHere(request, wait, task, completion, this::failed);
                return;
            }
            String id = stop.node().getId();
            outstanding.merge(id, 1, Integer::sum);
            ActionListener<Response> answer = ActionListener.notifyOnce(ActionListener.runBefore(
                    ActionListener.wrap(completion::onResponse, this::failed),
                    () -> outstanding.computeIfPresent(id, (node, n) -> n == 1 ? null : n - 1)));
            Watch watch = new Watch(
                    transport,
                    stop.node(),
                    task,
                    silenceBorne(stop.node()),
                    quiet -> answer.onFailure(new Silence(stop.node(), quiet)));
            if (!Frame.isOld(stop.node())) {
                watch.start();
            }
            TransportRequestOptions options = TransportRequestOptions.builder()
                    .withTimeout(longest(request.lane(), request.timeout(), wait))
                    .build();
            Forward.HOP.send(
                    transport,
                    stop.node(),
                    new Forward(request, wait),
                    task,
                    options,
                    ActionListener.runBefore(answer, watch::stop));
        }

        /** A node that says nothing is left for another after a part of the time that the caller gave, for nobody when that is over. */
        private TimeValue silenceBorne(DiscoveryNode asked) {
            long all = limits(request.lane(), request.timeout()).each().nanos();
            long left = Math.max(1, all - silentNanos);
            boolean another = stops.stream().anyMatch(stop -> !stop.node().equals(asked));
            return TimeValue.timeValueNanos(
                    another ? Math.min(left, Math.min(all / 4, LONGEST_SILENCE.nanos())) : left);
        }

        /** @return what the caller is told when no other node is left */
        private Exception silence(Silence from) {
            stops.removeIf(stop -> stop.node().equals(from.node));
            silentNanos += from.nanos;
            return Refusal.unavailable("no node that may hold model [" + request.modelId()
                    + "] answers now: they said nothing for ["
                    + TimeValue.timeValueMillis(TimeUnit.NANOSECONDS.toMillis(silentNanos)) + "], [timeout] is ["
                    + limits(request.lane(), request.timeout()).each() + "]");
        }

        private TimeValue remainingWait() {
            long left = settings.models().loadWait().nanos() - (System.nanoTime() - start);
            return TimeValue.timeValueNanos(Math.max(0, left));
        }

        private void failed(Exception e) {
            Throwable cause = e instanceof Silence from ? silence(from) : ExceptionsHelper.unwrapCause(e);
            if (stops.isEmpty() || completion.isDone() || !isForNext(cause)) {
                completion.onFailure(told(cause));
                return;
            }
            try {
                next();
            } catch (Exception unexpected) {
                completion.onFailure(unexpected);
            }
        }

        /** What the caller is told: no address of a node, and when to come back. */
        private Exception told(Throwable cause) {
            if (cause instanceof ReceiveTimeoutTransportException
                    || cause instanceof ConnectTransportException
                    || cause instanceof NodeClosedException) {
                return Refusal.unavailable(
                        "no node that may hold model [" + request.modelId() + "] can be reached now");
            }
            if (cause instanceof OpenSearchException known && known.status() == RestStatus.SERVICE_UNAVAILABLE) {
                return Refusal.retryable(known);
            }
            return cause instanceof Exception known ? known : new UncategorizedExecutionException("failed", cause);
        }

        private boolean isForNext(Throwable cause) {
            if (cause instanceof NodeDisconnectedException) {
                // the request may be what ended that node, so it does not travel through the whole cluster
                boolean first = !lostOne;
                lostOne = true;
                return first;
            }
            return cause instanceof ConnectTransportException
                    || cause instanceof ReceiveTimeoutTransportException
                    || cause instanceof NodeClosedException
                    || NOT_LOADED.contains(ExceptionsHelper.status(cause));
        }
    }

    private static final class Silence extends RuntimeException {
        private final transient DiscoveryNode node;
        private final long nanos;

        private Silence(DiscoveryNode node, long nanos) {
            super("no answer", null, false, false);
            this.node = node;
            this.nanos = nanos;
        }
    }

    private RequestLimits limits(Embed.Lane lane, TimeValue given) {
        return RequestLimits.of(lane, given, settings.lanes());
    }

    /** What a node that works may take at most, and the way to it. */
    TimeValue longest(Embed.Lane lane, TimeValue given, TimeValue wait) {
        RequestLimits limits = limits(lane, given);
        return TimeValue.timeValueNanos(
                wait.nanos() + limits.inQueue().nanos() + limits.each().nanos() + LONGEST_SILENCE.nanos());
    }

    private List<DiscoveryNode> inOrder(DeclaredModel model) {
        List<DiscoveryNode> nodes =
                new ArrayList<>(model.eligible(cluster.state().nodes()));
        Collections.shuffle(nodes, Randomness.get());
        nodes.sort(Comparator.comparingInt(
                node -> node.equals(transport.getLocalNode()) ? -1 : outstanding.getOrDefault(node.getId(), 0)));
        return nodes;
    }
}
