// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.settings.LifecycleSettings;
import org.opensearch.cluster.ClusterChangedEvent;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.ClusterStateListener;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.lifecycle.AbstractLifecycleComponent;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.gateway.GatewayService;
import org.opensearch.threadpool.ExecutorBuilder;
import org.opensearch.threadpool.ScalingExecutorBuilder;
import org.opensearch.threadpool.ThreadPool;

/**
 * The models that this node holds, reconciled towards what the cluster declares: whenever the declared models or the nodes change, each
 * model that is wanted here gets a {@link ModelSlot}, and each slot that is not wanted any more is closed. Nothing here depends on
 * what another node says, and no state outlives the process, so none can be stuck.
 *
 * <p>Safe for use by many threads. Slots come and go under this object's monitor; handing out a loaded model takes no lock.
 */
public final class LoadedModels extends AbstractLifecycleComponent implements ClusterStateListener {

    private static final Logger logger = LogManager.getLogger(LoadedModels.class);

    /** Thread pool for what reads whole models: loading, and hashing at declaration. */
    public static final String POOL = "clip_model";

    /** Thread pool for what waits for a network, maybe for hours. */
    static final String DOWNLOADS = "clip_download";

    /** Thread pool for a request that waits for files of a model, maybe for a slow server: for one to declare, for one to verify. */
    public static final String FILES = "clip_files";

    private static final String HELD_BACK =
            "not loaded at the start of this node, [plugins.clip.load.at_start] is false; POST _load loads it";

    /** Loads a model, blocking; what it throws becomes the reason that users see. */
    public interface Loader {

        /** Whether {@link #fetch} may take long. */
        default boolean downloads(DeclaredModel model) {
            return false;
        }

        /** @throws CrashedException when the model must not be loaded before somebody asks for it */
        default void require(DeclaredModel model) {}

        /** Gets what is not on this node yet, on {@link #DOWNLOADS}. */
        default void fetch(DeclaredModel model, Progress progress) {}

        /** Called once, when it is known which models are declared. */
        default void sweep() {}

        /** Somebody asks for it: that an earlier load has ended the node keeps the next from nothing. Blocks for as long as a disk takes. */
        default void forgive(DeclaredModel model) {}

        /** The node ends in order, and with it what is under way. */
        default void stop() {}

        /** @param progress told how far it is; cancelled when the model is not wanted any more */
        Loaded load(DeclaredModel model, Progress progress);

        /** Stops the runs of what it has loaded: the node closes. */
        default void stopRuns() {}
    }

    /**
     * @param bytes of native memory that it is charged for
     * @param device where it runs
     * @param warning why that is not where one might expect it to run, or {@code null}
     * @param close gives everything back
     */
    public record Loaded(
            DualEncoder encoder,
            long bytes,
            String device,
            String warning,
            List<LoadedTower> towers,
            Releasable close) {}

    /** A counted reference: the encoder stays open until it is closed. */
    public interface Ref extends Releasable {
        DeclaredModel model();

        DualEncoder encoder();
    }

    private final ClusterService clusterService;
    private final ThreadPool threadPool;
    private final Loader loader;
    private final LoadTurns turns;
    private final Map<String, ModelSlot> slots = new ConcurrentHashMap<>();
    private volatile TimeValue usualTtl;
    private volatile boolean closed;
    private final boolean loadAtStart;
    private boolean swept;

    /** Models that were wanted when this node started, and are not loaded before somebody asks for them. */
    private final Set<String> heldBack = ConcurrentHashMap.newKeySet();

    LoadedModels(ClusterService clusterService, ThreadPool threadPool, Loader loader, LoadTurns turns) {
        this.clusterService = clusterService;
        this.threadPool = threadPool;
        this.loader = loader;
        this.turns = turns;
        this.loadAtStart = LifecycleSettings.LOAD_AT_START.get(clusterService.getSettings());
        this.usualTtl = clusterService.getClusterSettings().get(LifecycleSettings.MODEL_TTL);
        clusterService.getClusterSettings().addSettingsUpdateConsumer(LifecycleSettings.MODEL_TTL, this::usualTtl);
    }

    private void usualTtl(TimeValue changed) {
        usualTtl = changed;
        slots.values().forEach(ModelSlot::watch);
    }

    /** For {@code Plugin.getExecutorBuilders}. Two threads: a load waits for the disk, and a short one should not wait for a long one. */
    public static ExecutorBuilder<?>[] pools() {
        TimeValue idle = TimeValue.timeValueSeconds(30);
        return new ExecutorBuilder<?>[] {
            new ScalingExecutorBuilder(POOL, 0, 2, idle),
            new ScalingExecutorBuilder(DOWNLOADS, 0, 3, idle),
            new ScalingExecutorBuilder(FILES, 0, 4, idle)
        };
    }

    /** Whether this node is one that should hold the model, by role and declaration. */
    public boolean eligible(String modelId) {
        ClusterState state = clusterService.state();
        return ModelMetadata.of(state)
                .model(modelId)
                .filter(model -> eligible(model, state))
                .isPresent();
    }

    private static boolean eligible(DeclaredModel model, ClusterState state) {
        return model.eligible(state.nodes()).stream()
                .anyMatch(node -> node.getId().equals(state.nodes().getLocalNodeId()));
    }

    /**
     * Hands out the model when it is loaded here: at once on the calling thread, or, while it is loading, from a {@code generic}
     * thread within {@code wait}, under the caller's context. A model that is idle is loaded for that, also for one who does not wait.
     *
     * <p>Failures: {@code ResourceNotFoundException} (404) not declared, 409 not to be loaded, 503 still loading after {@code wait},
     * not yet to be loaded, or its load failed.
     */
    public void acquire(String modelId, TimeValue wait, ActionListener<Ref> listener) {
        ModelSlot slot = slots.get(modelId);
        if (slot == null) {
            // The state that declares it may have been applied without this having been told yet.
            ClusterState state = clusterService.state();
            reconcile(state);
            slot = slots.get(modelId);
            if (slot == null) {
                listener.onFailure(absent(state, modelId));
                return;
            }
        }
        slot.acquire(wait, listener);
    }

    /** The models that are wanted here. */
    List<Observed> observed() {
        return Stream.concat(
                        slots.values().stream().map(ModelSlot::observed),
                        heldBack.stream().map(LoadedModels::heldBack))
                .toList();
    }

    private static Observed heldBack(String id) {
        return new Observed(id, Observed.State.UNLOADED, 0, null, null, List.of(), HELD_BACK, 0, null);
    }

    /** Somebody asks for it: tries again what has failed, and loads what is idle or was left out at the start, now. */
    void retry(String modelId) {
        ModelMetadata.of(clusterService.state()).model(modelId).ifPresent(loader::forgive);
        if (heldBack.remove(modelId)) {
            reconcile(clusterService.state());
        }
        ModelSlot slot = slots.get(modelId);
        if (slot != null) {
            slot.retry();
        }
    }

    @Override
    public void clusterChanged(ClusterChangedEvent event) {
        if (event.nodesChanged() || event.metadataChanged() || event.blocksChanged()) {
            reconcile(event.state());
        }
    }

    private synchronized void reconcile(ClusterState state) {
        // A node that has just started sees no metadata at all, which says nothing about what is declared.
        if (closed || state.blocks().hasGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK)) {
            return;
        }
        Map<String, DeclaredModel> wanted = ModelMetadata.of(state).models().stream()
                .filter(model -> model.load() && eligible(model, state))
                .collect(Collectors.toMap(DeclaredModel::id, model -> model, (one, same) -> one, HashMap::new));
        if (!swept) {
            swept = true;
            threadPool.executor(POOL).execute(this::sweep);
            heldBack.addAll(loadAtStart ? Set.of() : wanted.keySet());
        }
        heldBack.retainAll(wanted.keySet()); // what is wanted anew is wanted now
        wanted.keySet().removeAll(heldBack);
        for (String id : slots.keySet()) {
            if (!wanted.containsKey(id)) {
                slots.remove(id).close(absent(state, id));
            }
        }
        wanted.forEach((id, model) -> slots.compute(id, (same, slot) -> {
            ModelSlot wanting =
                    slot == null ? new ModelSlot(loader, turns, threadPool, this::release, () -> usualTtl) : slot;
            wanting.want(model);
            return wanting;
        }));
        turns.look();
    }

    private void sweep() {
        try {
            loader.sweep();
        } catch (StackOverflowError e) { // ends the node if nobody catches it
            logger.warn("the folder of models cannot be tidied", e);
        }
    }

    private Exception absent(ClusterState state, String id) {
        if (heldBack.contains(id)) {
            return new OpenSearchStatusException("model [" + id + "] is " + HELD_BACK, RestStatus.SERVICE_UNAVAILABLE);
        }
        Optional<DeclaredModel> model = ModelMetadata.of(state).model(id);
        if (model.isEmpty()) {
            return new ResourceNotFoundException(
                    "model [" + Shown.of(id) + "] is not declared: PUT /_plugins/_clip/models/" + Shown.of(id));
        }
        return switch (model.get().desired()) {
            case LOADED ->
                new OpenSearchStatusException(
                        "model [" + id + "] is not for this node: see [nodes] of its declaration", RestStatus.CONFLICT);
            case ON_USE -> Refusal.unavailable("model [" + id + "] is loaded when it is first used");
            case UNLOADED -> notLoaded(id);
        };
    }

    /** For callers who would have to load it themselves. */
    public static OpenSearchStatusException notLoaded(String id) {
        return new OpenSearchStatusException(
                "model [" + id + "] is declared and not loaded: POST /_plugins/_clip/models/" + id + "/_load",
                RestStatus.CONFLICT);
    }

    /** Stops all runs: the node closes. */
    public void stopRuns() {
        loader.stopRuns();
    }

    /** Sessions take their time to close, and the last user may be on any thread. */
    private void release(Releasable memory) {
        if (closed) {
            memory.close();
        } else {
            threadPool.executor(POOL).execute(memory::close);
        }
    }

    @Override
    protected void doStart() {
        clusterService.addListener(this);
    }

    @Override
    protected void doStop() {
        loader.stop();
        clusterService.removeListener(this);
    }

    @Override
    protected synchronized void doClose() {
        closed = true;
        Exception reason = Refusal.unavailable("the node is closing");
        slots.values().forEach(slot -> slot.close(reason));
        slots.clear();
    }
}
