// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.bulk.BulkAction;
import org.opensearch.action.bulk.BulkItemResponse;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.action.support.ActionFilterChain;
import org.opensearch.action.support.ActionRequestMetadata;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.ClusterChangedEvent;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.ClusterStateListener;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.index.Index;
import org.opensearch.gateway.GatewayService;
import org.opensearch.tasks.Task;
import org.opensearch.transport.client.Client;

/**
 * Notices which model first fills a vector field, and has {@link RecordSpaces} write it down: when the bulk whose documents our
 * processor embedded has been indexed, because pipelines run before there is an index, and a simulated one never meets one. A
 * bulk carries a notebook in its thread context that the processor writes into; nothing waits for what becomes of it.
 *
 * <p>The vector fields that an index with {@code index.clip.model_id} is created with belong to that model from the start, those of
 * a copy to the models of its source. Safe for use by many threads.
 */
public final class SpaceRecorder implements ActionFilter, ClusterStateListener {
    private static final Logger LOGGER = LogManager.getLogger(SpaceRecorder.class);
    private static final String NOTEBOOK = "opensearch_clip_spaces";
    private static final TimeValue REPLACE_INTERVAL = TimeValue.timeValueMinutes(1);
    private static final int MOST_REPLACED = 1_000;

    /** What the documents of a bulk were embedded into, that their indices do not know yet. */
    private static final class Notebook {
        /** Index, as the documents name it, to field to fingerprint. */
        private final Map<String, Map<String, String>> indices = new ConcurrentHashMap<>();
    }

    private final Client client;
    private final ClusterService cluster;
    private final SpaceGuard guard;
    private final Set<Index> recording = ConcurrentHashMap.newKeySet();
    /** When a field of an index last went over to another model. */
    private final Map<Index, Long> replaced = new ConcurrentHashMap<>();

    public SpaceRecorder(Client client, ClusterService cluster, IndexNameExpressionResolver resolver) {
        this.client = client;
        this.cluster = cluster;
        this.guard = new SpaceGuard(cluster::state, resolver);
        cluster.addListener(this);
    }

    /** Outside of a bulk it does nothing: a simulated document is not written. */
    static void note(ThreadContext context, String index, String field, String fingerprint) {
        Notebook notebook = context.getTransient(NOTEBOOK);
        if (notebook != null) {
            notebook.indices
                    .computeIfAbsent(index, i -> new ConcurrentHashMap<>())
                    .put(field, fingerprint);
        }
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
        ThreadContext context = client.threadPool().getThreadContext();
        if (!action.equals(BulkAction.NAME) || context.getTransient(NOTEBOOK) != null) {
            chain.proceed(task, action, request, listener);
            return;
        }
        var notebook = new Notebook();
        // The notebook must not outlive its bulk: whoever sends one after the other does so from the listener of the
        // one before.
        Supplier<ThreadContext.StoredContext> caller = context.newRestorableContext(true);
        ActionListener<Response> reading = new ActionListener<>() {
            @Override
            public void onResponse(Response response) {
                try (ThreadContext.StoredContext ignored = caller.get()) {
                    indexed(notebook, response);
                    listener.onResponse(response);
                }
            }

            @Override
            public void onFailure(Exception e) {
                try (ThreadContext.StoredContext ignored = caller.get()) {
                    listener.onFailure(e);
                }
            }
        };
        try (ThreadContext.StoredContext ignored = context.newStoredContext(true)) {
            context.putTransient(NOTEBOOK, notebook);
            chain.proceed(task, action, request, reading);
        }
    }

    /** Never throws: the bulk is done, whatever becomes of this. */
    private void indexed(Notebook notebook, ActionResponse response) {
        if (notebook.indices.isEmpty() || !(response instanceof BulkResponse bulk)) {
            return;
        }
        try {
            ClusterState state = cluster.state();
            Set<String> indexed = Arrays.stream(bulk.getItems())
                    .filter(item -> !item.isFailed())
                    .map(BulkItemResponse::getIndex)
                    .collect(Collectors.toSet());
            notebook.indices.forEach((name, fields) -> {
                IndexMetadata index = guard.writeIndex(state, name);
                if (index != null && indexed.contains(index.getIndex().getName())) {
                    record(state, index, fields);
                }
            });
        } catch (RuntimeException e) {
            LOGGER.warn("the models of vector fields could not be noted", e);
        }
    }

    private void record(ClusterState state, IndexMetadata metadata, Map<String, String> fields) {
        Index index = metadata.getIndex();
        if (RecordSpaces.apply(state, index, fields) == state || isTooSoon(metadata, fields) || !recording.add(index)) {
            return;
        }
        ThreadContext context = client.threadPool().getThreadContext();
        try (ThreadContext.StoredContext ignored = context.stashContext()) {
            client.execute(
                    RecordSpaces.ACTION,
                    new RecordSpaces.Request(index, fields),
                    ActionListener.wrap(done -> recording.remove(index), e -> {
                        recording.remove(index);
                        LOGGER.warn(
                                "the models of vector fields of {} could not be noted, the next bulk tries again",
                                index,
                                e);
                    }));
        }
    }

    /** Where an index lets two models meet, their bulks must not make a cluster state each. */
    private boolean isTooSoon(IndexMetadata index, Map<String, String> fields) {
        Map<String, String> known = index.getCustomData(SpaceGuard.CUSTOM);
        if (known == null || fields.keySet().stream().noneMatch(known::containsKey)) {
            return false;
        }
        long now = System.nanoTime();
        if (replaced.size() > MOST_REPLACED) {
            replaced.clear();
        }
        return replaced.merge(index.getIndex(), now, (last, n) -> n - last < REPLACE_INTERVAL.nanos() ? last : n)
                != now;
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
            if (!fields.isEmpty()) {
                record(event.state(), index, fields);
            }
        }
    }
}
