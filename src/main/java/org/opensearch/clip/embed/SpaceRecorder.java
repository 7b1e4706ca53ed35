// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.bulk.BulkAction;
import org.opensearch.action.bulk.BulkShardRequest;
import org.opensearch.action.bulk.TransportShardBulkAction;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.action.support.ActionFilterChain;
import org.opensearch.action.support.ActionRequestMetadata;
import org.opensearch.action.support.ContextPreservingActionListener;
import org.opensearch.action.support.ListenerTimeouts;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.ClusterChangedEvent;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.ClusterStateListener;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.AbstractRunnable;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.index.Index;
import org.opensearch.gateway.GatewayService;
import org.opensearch.tasks.Task;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;

/**
 * Has {@link RecordSpaces} write down which model first fills a vector field, before its first document is written: pipelines run
 * before there is an index, and a simulated one never meets one, so a bulk carries a {@link Notebook}, and its shards are stopped on
 * the node that coordinates it until all nodes know whose vectors they bring. Two models that fill a field at once meet at the
 * cluster manager, where one of them wins; the other's items are refused. What is known costs a look into the cluster state.
 *
 * <p>The vector fields that an index with {@code index.clip.model_id} is created with belong to that model from the start, those of
 * a copy to the models of its source. Safe for use by many threads; none of them waits.
 */
public final class SpaceRecorder implements ActionFilter, ClusterStateListener {
    private static final Logger LOGGER = LogManager.getLogger(SpaceRecorder.class);
    private static final TimeValue REPLACE_INTERVAL = TimeValue.timeValueMinutes(1);
    private static final int MOST_REPLACED = 1_000;

    private record Field(Index index, String name) {}

    private final Client client;
    private final ClusterService cluster;
    private final VectorFields vectorFields;
    private final VectorHeap heap;
    /** When a field last went over to another model. */
    private final Map<Field, Long> replaced = new ConcurrentHashMap<>();

    public SpaceRecorder(Client client, ClusterService cluster, IndexNameExpressionResolver resolver, VectorHeap heap) {
        this.heap = heap;
        this.client = client;
        this.cluster = cluster;
        this.vectorFields = new VectorFields(resolver);
        cluster.addListener(this);
    }

    @Override
    public int order() {
        return 0;
    }

    @Override
    public <Request extends ActionRequest, Response extends ActionResponse> void apply(
            Task task,
            String action,
            Request request,
            ActionRequestMetadata<Request, Response> metadata,
            ActionListener<Response> listener,
            ActionFilterChain<Request, Response> chain) {
        Notebook notebook = Notebook.of(context());
        if (action.equals(BulkAction.NAME) && notebook == null) {
            // The notebook must not outlive its bulk: whoever sends one after the other does so from the listener of
            // the
            // one before.
            var book = new Notebook(heap);
            ActionListener<Response> outside = ActionListener.runBefore(
                    new ContextPreservingActionListener<>(context().newRestorableContext(true), listener), book::close);
            try (ThreadContext.StoredContext ignored = context().newStoredContext(true)) {
                book.open(context());
                chain.proceed(task, action, request, outside);
            }
        } else if (action.equals(TransportShardBulkAction.ACTION_NAME)
                && notebook != null
                && request instanceof BulkShardRequest shard) {
            beforeWrite(notebook, shard, listener, () -> chain.proceed(task, action, request, listener));
        } else {
            chain.proceed(task, action, request, listener);
        }
    }

    private ThreadContext context() {
        return client.threadPool().getThreadContext();
    }

    /** @param write to be called once all items that must not be written are aborted */
    private void beforeWrite(Notebook notebook, BulkShardRequest request, ActionListener<?> listener, Runnable write) {
        ClusterState state = cluster.state();
        IndexMetadata index = state.metadata().index(request.shardId().getIndex());
        Set<String> open =
                index == null ? Set.of() : notebook.fields((field, models) -> isOpen(state, index, field, models));
        if (open.isEmpty()) {
            write.run();
            return;
        }
        var shard = new ShardWrite(request, notebook, open);
        Map<String, String> unknown = new HashMap<>();
        Map<String, String> replacing = new HashMap<>();
        boolean follows = SpaceGuard.mayMeet(index);
        shard.forEach((field, vector) -> {
            String recorded = SpaceGuard.recorded(state, index, field);
            String first = vector.fingerprints().iterator().next();
            if (recorded == null && vectorFields.mayTake(index, field, vector.length())) {
                unknown.putIfAbsent(field, first);
            } else if (recorded != null && follows && !vector.fingerprints().contains(recorded)) {
                replacing.put(field, first);
            }
        });
        if (!replacing.isEmpty()) {
            replace(index.getIndex(), replacing);
        }
        if (unknown.isEmpty()) {
            shard.refuse(state, index);
            write.run();
            return;
        }
        record(
                new RecordSpaces.Request(index.getIndex(), unknown).within(request.timeout()),
                then(listener, failure -> {
                    ClusterState now = cluster.state();
                    IndexMetadata written = now.metadata().index(index.getIndex());
                    if (written != null) {
                        unknown.keySet().removeIf(field -> SpaceGuard.recorded(now, written, field) != null);
                        shard.postpone(now, written, unknown, failure);
                        shard.refuse(now, written);
                    }
                    write.run();
                }));
    }

    /** Whether it matters by which of the models a shard's vectors are. */
    private boolean isOpen(ClusterState state, IndexMetadata index, String field, Set<String> models) {
        String recorded = SpaceGuard.recorded(state, index, field);
        if (recorded == null) {
            return true;
        }
        return !models.equals(Set.of(recorded)) && (!SpaceGuard.mayMeet(index) || mayReplace(index.getIndex(), field));
    }

    /** Where an index lets two models meet, their bulks must not make a cluster state each. */
    private boolean mayReplace(Index index, String field) {
        Long last = replaced.get(new Field(index, field));
        return last == null || System.nanoTime() - last >= REPLACE_INTERVAL.nanos();
    }

    private void replace(Index index, Map<String, String> fields) {
        if (replaced.size() > MOST_REPLACED) {
            replaced.clear();
        }
        fields.keySet().forEach(field -> replaced.put(new Field(index, field), System.nanoTime()));
        record(index, fields);
    }

    private interface Recorded {
        /** @param failure {@code null} when all nodes know it */
        void accept(Exception failure);
    }

    /** Goes on in this context, on a thread that bulks are written by, where the rest of this one is sent from. */
    private ActionListener<AcknowledgedResponse> then(ActionListener<?> listener, Recorded next) {
        return ContextPreservingActionListener.wrapPreservingContext(
                ActionListener.wrap(done -> resume(listener, next, null), e -> resume(listener, next, e)), context());
    }

    private void resume(ActionListener<?> listener, Recorded next, Exception failure) {
        client.threadPool().executor(ThreadPool.Names.WRITE).execute(new AbstractRunnable() {
            @Override
            protected void doRun() {
                next.accept(failure);
            }

            /** What it took to embed the documents must not be lost to a queue that is full now. */
            @Override
            public boolean isForceExecution() {
                return true;
            }

            @Override
            public void onFailure(Exception e) {
                listener.onFailure(e);
            }
        });
    }

    private void record(RecordSpaces.Request request, ActionListener<AcknowledgedResponse> listener) {
        // a cluster manager that does not answer must not hold a bulk for longer than its timeout
        ActionListener<AcknowledgedResponse> inTime = ListenerTimeouts.wrapWithTimeout(
                client.threadPool(), listener, request.timeout(), ThreadPool.Names.GENERIC, RecordSpaces.ACTION.name());
        try (ThreadContext.StoredContext ignored = context().stashContext()) {
            RecordSpaces.send(client, cluster.state(), request, inTime);
        }
    }

    /** What nobody waits for. */
    private void record(Index index, Map<String, String> fields) {
        record(
                new RecordSpaces.Request(index, fields),
                ActionListener.wrap(
                        done -> {},
                        e -> LOGGER.warn("the models of vector fields of {} could not be recorded", index, e)));
    }

    @Override
    public void clusterChanged(ClusterChangedEvent event) {
        // indices that come back with the cluster are not new
        boolean recovered = event.previousState().blocks().hasGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK);
        if (!event.localNodeClusterManager() || !event.metadataChanged() || recovered) {
            return;
        }
        for (String name : event.indicesCreated()) {
            IndexMetadata index = event.state().metadata().index(name);
            // a copy's source may be gone when the record is made
            Map<String, String> fields = new HashMap<>(SpaceGuard.fields(event.state(), index));
            ModelMetadata.of(event.state())
                    .model(ClipSettings.INDEX_MODEL_ID.get(index.getSettings()))
                    .ifPresent(model ->
                            VectorFields.in(index).forEach(field -> fields.putIfAbsent(field, model.fingerprint())));
            if (!fields.equals(index.getCustomData(SpaceGuard.CUSTOM)) && !fields.isEmpty()) {
                record(index.getIndex(), fields);
            }
        }
    }
}
