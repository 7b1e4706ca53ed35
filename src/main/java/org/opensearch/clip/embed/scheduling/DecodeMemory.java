// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.lease.Releasables;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.breaker.CircuitBreakingException;

/**
 * The memory that pictures of one lane take while they are decoded, charged to a breaker. A thread whose picture does not fit waits, because
 * that passes: until others have decoded theirs, which together stay below a limit unless one is alone, and until the heap has been
 * collected. The node's parent breaker counts garbage as used memory and has it collected at most every five seconds; whoever asks for
 * much in between is refused although almost nothing of the heap is alive. Safe for use by many threads.
 */
final class DecodeMemory {

    private static final long LOOK_AGAIN_MILLIS = 50;

    private final CircuitBreaker breaker;
    private final long limit;
    private final TimeValue patience;
    private final LongSupplier clock;
    private long taken;

    /**
     * @param limit bytes of pictures that are decoded at a time
     * @param patience how long the breaker is asked again
     * @param clock nanoseconds
     */
    DecodeMemory(CircuitBreaker breaker, long limit, TimeValue patience, LongSupplier clock) {
        this.breaker = breaker;
        this.limit = limit;
        this.patience = patience;
        this.clock = clock;
    }

    /**
     * Blocks until there is space.
     *
     * @param wanted when it says no, nothing is waited for any more
     * @return gives the space back
     * @throws CircuitBreakingException when the picture is too large for the breaker by itself, or the breaker stays as it is
     */
    Releasable take(long bytes, BooleanSupplier wanted) {
        long start = clock.getAsLong();
        synchronized (this) {
            while (taken > 0 && taken + bytes > limit && wanted.getAsBoolean()) {
                await();
            }
            while (true) {
                try {
                    breaker.addEstimateBytesAndMaybeBreak(bytes, "clip picture");
                    taken += bytes;
                    return Releasables.releaseOnce(() -> giveBack(bytes));
                } catch (CircuitBreakingException e) {
                    boolean late = clock.getAsLong() - start > patience.nanos();
                    if (late || bytes > e.getByteLimit() || !wanted.getAsBoolean()) {
                        throw e;
                    }
                }
                await();
            }
        }
    }

    private synchronized void giveBack(long bytes) {
        breaker.addWithoutBreaking(-bytes);
        taken -= bytes;
        notifyAll();
    }

    private synchronized void await() {
        try {
            TimeUnit.MILLISECONDS.timedWait(this, LOOK_AGAIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted: the node is shutting down", e);
        }
    }
}
