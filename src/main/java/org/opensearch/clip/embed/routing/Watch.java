// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.Hop;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.tasks.Task;
import org.opensearch.threadpool.Scheduler;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportRequestOptions;
import org.opensearch.transport.TransportService;

/**
 * Tells a node that is busy from one that hangs: while a request of ours is there, it is asked again and again whether it works on
 * it. A busy node says yes for as long as its queue is; a node that is stopped, or never got the request, does not. One for each
 * request that is sent; safe for use by many threads.
 */
final class Watch {

    private static final int QUESTIONS = 3;

    private final TransportService transport;
    private final DiscoveryNode node;
    private final Task task;
    private final long limitNanos;
    private final LongConsumer silent;
    private final long periodNanos;
    private volatile long heard = System.nanoTime();
    private volatile boolean stopped;
    private volatile Scheduler.ScheduledCancellable next;

    /**
     * @param task that has sent the request
     * @param limit of silence, after which {@code silent} is told once for how many nanoseconds it was
     */
    Watch(TransportService transport, DiscoveryNode node, Task task, TimeValue limit, LongConsumer silent) {
        this.transport = transport;
        this.node = node;
        this.task = task;
        this.limitNanos = limit.nanos();
        this.silent = silent;
        this.periodNanos = Math.max(1, limit.nanos() / QUESTIONS);
    }

    void start() {
        long left = Math.max(1, limitNanos - (System.nanoTime() - heard));
        TimeValue pause = TimeValue.timeValueNanos(Math.min(periodNanos, left));
        next = transport.getThreadPool().schedule(this::look, pause, ThreadPool.Names.SAME);
        if (stopped) {
            next.cancel();
        }
    }

    void stop() {
        stopped = true;
        Scheduler.ScheduledCancellable last = next;
        if (last != null) {
            last.cancel();
        }
    }

    private void look() {
        if (stopped) {
            return;
        }
        long quiet = System.nanoTime() - heard;
        if (quiet >= limitNanos) {
            stopped = true;
            transport.getThreadPool().generic().execute(() -> silent.accept(quiet));
            return;
        }
        Asked.HOP.send(
                transport,
                node,
                new Asked(new TaskId(transport.getLocalNode().getId(), task.getId()).toString()),
                task,
                TransportRequestOptions.builder()
                        .withTimeout(TimeValue.timeValueNanos(limitNanos))
                        .build(),
                ActionListener.wrap(this::said, e -> {}));
        start();
    }

    private void said(Works works) {
        if (works.yes()) {
            heard = System.nanoTime();
        }
    }

    /** What this node works on for others. Safe for use by many threads. */
    static final class Board {
        private final Map<String, Integer> working = new ConcurrentHashMap<>();

        /** Answers those who ask. */
        void serve(TransportService transport) {
            Asked.HOP.serve(
                    transport,
                    ThreadPool.Names.SAME,
                    (asked, task, listener) -> listener.onResponse(new Works(working.containsKey(asked.task()))));
        }

        /**
         * @param asker the task, on another node, that has sent a request
         * @return to be run once, when that is answered
         */
        Runnable add(TaskId asker) {
            String key = asker.toString();
            working.merge(key, 1, Integer::sum);
            return () -> working.computeIfPresent(key, (k, n) -> n == 1 ? null : n - 1);
        }
    }

    /** @param task that has sent a request to the node */
    record Asked(String task) implements Writeable {
        private static final Hop<Asked, Works> HOP =
                new Hop<>("internal:opensearch/clip/embed/works", null, Asked::new, Works::new);

        Asked(StreamInput in) throws IOException {
            this(Frame.begin(in).readString());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeString(task);
            Frame.end(out);
        }
    }

    /** @param yes the node works on it */
    record Works(boolean yes) implements Writeable {
        Works(StreamInput in) throws IOException {
            this(Frame.begin(in).readBoolean());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeBoolean(yes);
            Frame.end(out);
        }
    }
}
