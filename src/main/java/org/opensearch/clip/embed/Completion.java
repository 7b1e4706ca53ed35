// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.action.support.ContextPreservingActionListener;
import org.opensearch.common.util.concurrent.AbstractRunnable;
import org.opensearch.core.action.ActionListener;
import org.opensearch.threadpool.ThreadPool;

/**
 * The end of a request: tells the caller once, on a {@code generic} thread, under exactly the context that the caller had when
 * this was made. The first outcome counts, later ones are dropped.
 *
 * <p>Core continues a search or a bulk on the thread and in the context that complete it, so what runs requests of several
 * users together is only ever given this type, never a caller's own listener. Safe for use by many threads.
 */
public final class Completion<T> implements ActionListener<T> {

    private static final Logger LOGGER = LogManager.getLogger(Completion.class);

    private final ThreadPool threadPool;
    private final AtomicReference<ActionListener<T>> caller;

    /** To be called on the caller's thread. */
    public Completion(ThreadPool threadPool, ActionListener<T> caller) {
        this.threadPool = threadPool;
        this.caller = new AtomicReference<>(
                ContextPreservingActionListener.wrapPreservingContext(caller, threadPool.getThreadContext()));
    }

    public boolean isDone() {
        return caller.get() == null;
    }

    @Override
    public void onResponse(T response) {
        tell(listener -> listener.onResponse(response));
    }

    @Override
    public void onFailure(Exception e) {
        tell(listener -> listener.onFailure(e));
    }

    private void tell(Consumer<ActionListener<T>> outcome) {
        ActionListener<T> listener = caller.getAndSet(null);
        if (listener == null) {
            return;
        }
        AbstractRunnable tell = new AbstractRunnable() {
            @Override
            protected void doRun() {
                outcome.accept(listener);
            }

            @Override
            public void onFailure(Exception e) {
                LOGGER.error("the caller of an embed request failed on its answer", e);
            }
        };
        ExecutorService generic = threadPool.generic();
        if (generic.isShutdown()) {
            // it would swallow the task: the caller is told all the same, still in its own context
            tell.run();
        } else {
            generic.execute(tell);
        }
    }
}
