// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.model.LoadedModels;
import org.opensearch.clip.model.Refusal;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.lifecycle.LifecycleListener;
import org.opensearch.core.action.ActionListener;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.threadpool.ThreadPool;

/**
 * The requests of this node whose callers wait for an answer. When the node closes they all get a 503, while the connections are still there
 * to carry it, and the runs that were for them are stopped, so that the node does not wait for them. Safe for use by many threads.
 */
public final class OpenRequests {

    /** For handing out answers; nobody who hears them may hold up the end of the node for longer. */
    private static final long PATIENCE_MILLIS = 1000;

    private static final Logger LOGGER = LogManager.getLogger(OpenRequests.class);

    private final ThreadPool threadPool;
    private final LoadedModels models;
    private final Set<Completion<?>> open = ConcurrentHashMap.newKeySet();
    private final CountDownLatch allTold = new CountDownLatch(1);
    private volatile boolean closing;

    /** @param http the first thing that a node stops */
    @Inject
    public OpenRequests(ThreadPool threadPool, HttpServerTransport http, LoadedModels models) {
        this.threadPool = threadPool;
        this.models = models;
        http.addLifecycleListener(new LifecycleListener() {
            @Override
            public void beforeStop() {
                close();
            }
        });
    }

    /** To be called on the caller's thread. */
    <T> Completion<T> add(ActionListener<T> caller) {
        AtomicReference<Completion<T>> self = new AtomicReference<>();
        Completion<T> request = new Completion<>(threadPool, ActionListener.runAfter(caller, () -> told(self.get())));
        self.set(request);
        open.add(request);
        if (closing) {
            refuse(request);
        }
        return request;
    }

    private void told(Completion<?> request) {
        open.remove(request);
        if (closing && open.isEmpty()) {
            allTold.countDown();
        }
    }

    private static void refuse(Completion<?> request) {
        request.onFailure(Refusal.unavailable("the node is closing"));
    }

    private void close() {
        closing = true;
        boolean some = !open.isEmpty();
        open.forEach(OpenRequests::refuse);
        models.stopRuns();
        try {
            if (some && !allTold.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                LOGGER.warn("[{}] requests end without an answer, as the node closes", open.size());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
