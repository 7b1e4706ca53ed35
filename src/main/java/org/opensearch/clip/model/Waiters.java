// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.opensearch.action.ActionRunnable;
import org.opensearch.action.support.ContextPreservingActionListener;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.threadpool.Scheduler;
import org.opensearch.threadpool.ThreadPool;

/** Those who wait for a load. Each is called once, on {@code generic}, under the context he came with. Safe for use by many threads. */
final class Waiters {

    private final ThreadPool threadPool;
    private final Supplier<Exception> late;
    private final List<Waiter> all = new ArrayList<>();

    /** @param late what is told to whom it took too long */
    Waiters(ThreadPool threadPool, Supplier<Exception> late) {
        this.threadPool = threadPool;
        this.late = late;
    }

    synchronized void add(ActionListener<Ref> listener, TimeValue wait) {
        all.add(new Waiter(listener, wait));
    }

    /** @param fresh a reference of which each gets, {@code null} = all are refused */
    synchronized void resolve(HeldModel fresh, Exception refusal) {
        all.forEach(waiter -> waiter.resolve(fresh, refusal));
        all.clear();
    }

    private synchronized boolean remove(Waiter waiter) {
        return all.remove(waiter);
    }

    private final class Waiter {
        private final ActionListener<Ref> listener;
        private final Scheduler.Cancellable timer;

        private Waiter(ActionListener<Ref> listener, TimeValue wait) {
            this.listener =
                    ContextPreservingActionListener.wrapPreservingContext(listener, threadPool.getThreadContext());
            this.timer = threadPool.schedule(this::giveUp, wait, ThreadPool.Names.GENERIC);
        }

        private void giveUp() {
            if (remove(this)) {
                listener.onFailure(late.get());
            }
        }

        private void resolve(HeldModel fresh, Exception refusal) {
            timer.cancel();
            if (fresh == null) {
                threadPool.generic().execute(() -> listener.onFailure(refusal));
            } else {
                fresh.incRef();
                threadPool.generic().execute(ActionRunnable.supply(listener, fresh::ref));
            }
        }
    }
}
