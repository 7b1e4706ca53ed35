// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.opensearch.action.support.ContextPreservingActionListener;
import org.opensearch.action.support.ListenerTimeouts;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.cluster.ClusterState;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;

/**
 * Turns {@link Desired#ON_USE} to {@link Desired#LOADED}, on behalf of nobody: who may use a model need not be one who may load it. However many
 * requests of a node find the same model at once, one change is on its way. Safe for use by many threads.
 */
public final class FirstUse {

    private final Client client;
    private final Supplier<ClusterState> state;
    private final Map<String, List<ActionListener<Void>>> waiting = new HashMap<>();

    public FirstUse(Client client, Supplier<ClusterState> state) {
        this.client = client;
        this.state = state;
    }

    /**
     * @param wait after which the listener fails with {@code late}; the change goes on
     * @param listener told on {@code generic} under the caller's context, as soon as the nodes know that the model is wanted
     */
    public void of(String id, TimeValue wait, Exception late, ActionListener<Void> listener) {
        ThreadPool threadPool = client.threadPool();
        ActionListener<Void> caller = ListenerTimeouts.wrapWithTimeout(
                threadPool,
                wait,
                ThreadPool.Names.GENERIC,
                ContextPreservingActionListener.wrapPreservingContext(listener, threadPool.getThreadContext()),
                waiter -> listener.onFailure(late));
        synchronized (waiting) {
            List<ActionListener<Void>> others = waiting.get(id);
            if (others != null) {
                others.add(caller);
                return;
            }
            waiting.put(id, new ArrayList<>(List.of(caller)));
        }
        try (ThreadContext.StoredContext ignored = threadPool.getThreadContext().stashContext()) {
            UpdateModels.send(
                    client,
                    state.get(),
                    new UpdateModels.Request(new Change.Use(id)),
                    ActionListener.wrap(
                            done -> tell(id, waiter -> waiter.onResponse(null)),
                            e -> tell(id, waiter -> waiter.onFailure(e))));
        }
    }

    private void tell(String id, Consumer<ActionListener<Void>> outcome) {
        List<ActionListener<Void>> all;
        synchronized (waiting) {
            all = waiting.remove(id);
        }
        client.threadPool().generic().execute(() -> all.forEach(outcome));
    }
}
