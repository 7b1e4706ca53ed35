// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.breaker.CircuitBreakingException;
import org.opensearch.indices.breaker.HierarchyCircuitBreakerService;
import org.opensearch.test.OpenSearchTestCase;

public class DecodeMemoryTests extends OpenSearchTestCase {

    private static final BooleanSupplier WANTED = () -> true;
    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(1);

    private final CircuitBreaker breaker = breaker();

    /** Moves with each look at it. */
    private final LongSupplier clock = new AtomicLong()::incrementAndGet;

    private static CircuitBreaker breaker() {
        Settings settings = Settings.builder()
                .put("indices.breaker.request.limit", "1000b")
                .put("indices.breaker.total.use_real_memory", false)
                .build();
        ClusterSettings known = new ClusterSettings(settings, ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        return new HierarchyCircuitBreakerService(settings, List.of(), known).getBreaker(CircuitBreaker.REQUEST);
    }

    @Override
    public void tearDown() throws Exception {
        assertEquals(0, breaker.getUsed());
        super.tearDown();
    }

    public void testWhatIsAboveTheLimitWaitsForTheOther() throws Exception {
        var space = new DecodeMemory(breaker, 100, AMPLE, clock);
        Releasable first = space.take(60, WANTED);
        space.take(40, WANTED).close();
        var waits = new CountDownLatch(1);
        CompletableFuture<Void> second =
                inAThread(() -> space.take(41, asked(waits)).close());
        assertTrue(waits.await(1, TimeUnit.MINUTES));
        assertFalse(second.isDone());
        first.close();
        second.get(1, TimeUnit.MINUTES);
    }

    public void testWhatIsAloneMayBeAboveTheLimit() {
        new DecodeMemory(breaker, 100, AMPLE, clock).take(900, WANTED).close();
    }

    public void testTheBreakerIsAskedAgain() throws Exception {
        var space = new DecodeMemory(breaker, 100, AMPLE, clock);
        breaker.addWithoutBreaking(950);
        var refused = new CountDownLatch(1);
        CompletableFuture<Void> taken =
                inAThread(() -> space.take(60, asked(refused)).close());
        assertTrue(refused.await(1, TimeUnit.MINUTES));
        assertFalse(taken.isDone());
        breaker.addWithoutBreaking(-950);
        taken.get(1, TimeUnit.MINUTES);
    }

    public void testFailsWhenTheBreakerStaysAsItIs() {
        breaker.addWithoutBreaking(950);
        var space = new DecodeMemory(breaker, 100, TimeValue.ZERO, clock);
        expectThrows(CircuitBreakingException.class, () -> space.take(60, WANTED));
        breaker.addWithoutBreaking(-950);
    }

    public void testWhatIsTooLargeByItselfFailsAtOnce() {
        var space = new DecodeMemory(breaker, 100, AMPLE, clock);
        expectThrows(
                CircuitBreakingException.class,
                () -> space.take(1001, () -> {
                    throw new AssertionError("waited");
                }));
    }

    public void testNobodyWaitsForWhatIsNotWantedAnyMore() {
        breaker.addWithoutBreaking(950);
        var space = new DecodeMemory(breaker, 100, AMPLE, clock);
        expectThrows(CircuitBreakingException.class, () -> space.take(60, () -> false));
        breaker.addWithoutBreaking(-950);
    }

    /** Asked only by those who are about to wait. */
    private static BooleanSupplier asked(CountDownLatch latch) {
        return () -> {
            latch.countDown();
            return true;
        };
    }

    private static CompletableFuture<Void> inAThread(Runnable work) {
        var done = new CompletableFuture<Void>();
        new Thread(() -> {
                    try {
                        work.run();
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                })
                .start();
        return done;
    }
}
