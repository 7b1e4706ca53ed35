// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The time that one input may be worked on: a clock that runs while somebody fetches, prepares or runs it, and stands while it waits. Started and
 * stopped by whoever has the input; {@link #isOver} is for any thread.
 */
final class TimeBudget {

    private static final long NEVER = Long.MAX_VALUE;

    private final LongSupplier clock;
    private final long limit;
    private final long born;
    private long spent;
    private long startedAt;
    private volatile long deadline = NEVER;

    /** @param clock nanoseconds, as {@link System#nanoTime} */
    TimeBudget(LongSupplier clock, long limitNanos) {
        this.clock = clock;
        this.limit = limitNanos;
        this.born = clock.getAsLong();
    }

    /** The clock runs. */
    void start() {
        start(0);
    }

    /** The clock runs for a work that others are a part of, which has so much more time than is left here. */
    void start(long more) {
        startedAt = clock.getAsLong();
        deadline = startedAt + left().toNanos() + more;
    }

    /** The clock stands. */
    void stop() {
        deadline = NEVER;
        spent += clock.getAsLong() - startedAt;
    }

    /** The clock stands, and the time since {@link #start} does not count. */
    void forgive() {
        deadline = NEVER;
    }

    /** While the clock stands. */
    Duration left() {
        return Duration.ofNanos(Math.max(1, limit - spent));
    }

    /** Nanoseconds spent in queues, while the clock stands. */
    long waited() {
        return clock.getAsLong() - born - spent;
    }

    boolean isOver(long now) {
        long end = deadline;
        return end != NEVER && now - end > 0;
    }
}
