// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.time.Duration;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.lifecycle.LifecycleListener;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.threadpool.ThreadPool;

/** What the deadlines of {@code core} run on, which knows no thread pool. */
public final class Timers {
    private Timers() {}

    /**
     * Runs {@code task} after {@code delay} on the scheduler's own thread, because a pool that others have filled would keep it waiting. Everything that
     * the node schedules shares this thread.
     *
     * @param task does not block
     * @return cancels it
     */
    public static Runnable later(ThreadPool threadPool, Runnable task, Duration delay) {
        var scheduled = threadPool.schedule(task, TimeValue.timeValueNanos(delay.toNanos()), ThreadPool.Names.SAME);
        return scheduled::cancel;
    }

    /** Its fetches end with the node: one that waits for a slow host must not hold up the end. */
    public static Fetcher fetcher(ThreadPool threadPool, ClusterService clusterService) {
        var fetcher = new Fetcher((task, delay) -> later(threadPool, task, delay));
        clusterService.addLifecycleListener(new LifecycleListener() {
            @Override
            public void beforeStop() {
                fetcher.close();
            }
        });
        return fetcher;
    }
}
