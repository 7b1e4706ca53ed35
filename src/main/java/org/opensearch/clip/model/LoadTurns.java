// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.clip.model.RecordFirstLoad.Request;
import org.opensearch.clip.model.RecordFirstLoad.Step;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;

/**
 * This node's part in {@link FirstLoad}: its loads wait here until some node has loaded their model or it is this one's turn. What is to be done
 * follows from the cluster state and from what this process does, whenever either changes, so a message that is lost is sent again.
 *
 * <p>Safe for use by many threads. A load is told what it waits for under a lock of its own, under which nothing blocks.
 */
final class LoadTurns {

    private static final Logger logger = LogManager.getLogger(LoadTurns.class);
    private static final TimeValue PAUSE = TimeValue.timeValueSeconds(1);
    private static final String NOBODYS_TURN =
            "this model ended two nodes while they were the first to load it; POST _load tries it again";

    private final ClusterService cluster;
    private final ThreadPool threadPool;
    private final BiConsumer<Request, ActionListener<AcknowledgedResponse>> manager;
    private final Set<LoadAttempt> waiting = ConcurrentHashMap.newKeySet();
    private final Map<String, LoadAttempt> running = new ConcurrentHashMap<>();
    private final Map<String, String> loaded = new ConcurrentHashMap<>();
    private final Set<String> sending = ConcurrentHashMap.newKeySet();

    LoadTurns(Client client, ClusterService cluster, ThreadPool threadPool) {
        this(cluster, threadPool, (request, listener) -> client.execute(RecordFirstLoad.ACTION, request, listener));
    }

    /** @param manager of the cluster, gets what this node has to say */
    LoadTurns(
            ClusterService cluster,
            ThreadPool threadPool,
            BiConsumer<Request, ActionListener<AcknowledgedResponse>> manager) {
        this.cluster = cluster;
        this.threadPool = threadPool;
        this.manager = manager;
    }

    /** The attempt is told when to go on, at once or later, unless it is cancelled before. */
    void await(LoadAttempt attempt) {
        waiting.add(attempt);
        decide(attempt);
    }

    /** @return whether it waited */
    boolean leave(LoadAttempt attempt) {
        return waiting.remove(attempt);
    }

    /** An attempt that went on is over. */
    void ended(LoadAttempt attempt, boolean success) {
        DeclaredModel model = attempt.model();
        if (success) {
            loaded.put(model.id(), model.form());
        }
        running.remove(model.id(), attempt);
        look();
    }

    /** To be called when the cluster state has changed. */
    void look() {
        waiting.forEach(this::decide);
        ClusterState state = cluster.state();
        for (DeclaredModel model : ModelMetadata.of(state).models()) {
            report(model, state.nodes().getLocalNode());
        }
    }

    private void decide(LoadAttempt attempt) {
        synchronized (attempt) {
            ClusterState state = cluster.state();
            DeclaredModel model = ModelMetadata.of(state)
                    .model(attempt.model().id())
                    .filter(declared -> declared.form().equals(attempt.model().form()))
                    .orElse(null);
            if (model == null || !waiting.contains(attempt)) {
                return;
            }
            FirstLoad first = model.firstLoad();
            FirstLoad.Turn turn = Frame.isManagerOld(state) // which knows no turns
                    ? FirstLoad.Turn.DONE
                    : first.turn(state.nodes().getLocalNode(), state.nodes());
            switch (turn) {
                case DONE -> goOn(attempt);
                case MINE -> {
                    if (!sending.contains(model.id())) { // how the last attempt went is said first
                        running.put(model.id(), attempt);
                        goOn(attempt);
                    }
                }
                case FREE -> {
                    attempt.waits(null, false);
                    send(new Request(model, state.nodes().getLocalNode(), Step.TAKE), model.id());
                }
                case ANOTHERS ->
                    attempt.waits(
                            "waits for node [" + state.nodes().get(first.node()).getName()
                                    + "], which loads it first, because no node has loaded it before",
                            false);
                case NOBODYS -> attempt.waits(NOBODYS_TURN, true);
            }
        }
    }

    private void goOn(LoadAttempt attempt) {
        if (leave(attempt)) {
            attempt.waits(null, false);
            attempt.goOn();
        }
    }

    /** What the cluster does not know yet. */
    private void report(DeclaredModel model, DiscoveryNode local) {
        if (model.firstLoad().done() || Frame.isManagerOld(cluster.state())) {
            return;
        }
        if (model.form().equals(loaded.get(model.id()))) {
            send(new Request(model, local, Step.LOADED), model.id());
        } else if (model.firstLoad().isOf(local) && !running.containsKey(model.id())) {
            send(new Request(model, local, Step.FAILED), model.id());
        }
    }

    /** On behalf of nobody. One message of a model at a time; what is right after its answer is seen then. */
    private void send(Request request, String id) {
        if (!sending.add(id)) {
            return;
        }
        logger.debug("first load of model [{}]: {}", id, request.step());
        ClusterState before = cluster.state();
        ActionListener<AcknowledgedResponse> answer = ActionListener.wrap(
                done -> {
                    if (cluster.state() == before) { // this node is behind, and would say the same again
                        later(id);
                    } else {
                        next(id);
                    }
                },
                e -> later(id));
        threadPool.generic().execute(() -> {
            try (var ignored = threadPool.getThreadContext().stashContext()) {
                manager.accept(request, answer);
            }
        });
    }

    private void later(String id) {
        threadPool.scheduleUnlessShuttingDown(PAUSE, ThreadPool.Names.GENERIC, () -> next(id));
    }

    private void next(String id) {
        sending.remove(id);
        look();
    }
}
