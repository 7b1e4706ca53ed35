// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.test.OpenSearchTestCase;

public class MemoryLedgerTests extends OpenSearchTestCase {

    private final AtomicLong limit = new AtomicLong(2048);
    private final MemoryLedger ledger = new MemoryLedger(limit::get);

    public void testChargesUpToTheLimitAndNoFurther() {
        MemoryLedger.Charge first = ledger.charge(1024);
        ledger.charge(1024);
        ModelException e = expectThrows(ModelException.class, () -> ledger.charge(1));
        assertThat(e.getMessage(), containsString("needs 1b"));
        assertThat(
                e.getMessage(),
                containsString("other models hold 2kb of the 2kb that [plugins.clip.memory.limit] allows"));
        first.close();
        assertEquals(1024, ledger.used());
        ledger.charge(1024);
    }

    public void testChargeGrowsOnlyIntoWhatIsFree() {
        MemoryLedger.Charge charge = ledger.charge(1000);
        expectThrows(ModelException.class, () -> charge.resize(2049));
        assertEquals(1000, ledger.used());
        charge.resize(2048);
        charge.resize(10);
        assertEquals(10, ledger.used());
    }

    private static final long MB = 1 << 20;

    private String refused(long bytes, int tokens) {
        return expectThrows(RuntimeException.class, () -> ledger.take(bytes, tokens))
                .getMessage();
    }

    public void testARunTakesWhatModelsLeaveAndNoMore() {
        limit.set(1000 * MB);
        ledger.charge(400 * MB);
        assertEquals(600 * MB, ledger.most());
        try (var run = ledger.take(600 * MB, 8192)) {
            assertEquals(600 * MB, ledger.running());
            ledger.charge(100 * MB).close(); // a model that is loaded does not wait for runs
        }
        assertEquals(0, ledger.running());
        assertEquals(
                "a run of a text of [8192] tokens takes about 601mb of memory outside the heap, models hold 400mb of the"
                        + " 1000mb that [plugins.clip.memory.limit] allows: raise it, send a shorter text, or declare the"
                        + " model with fewer [max_tokens]",
                refused(601 * MB, 8192));
        expectThrows(InputException.class, () -> ledger.take(601 * MB, 8192));
        expectThrows(ModelException.class, () -> ledger.take(601 * MB, 0));
        assertEquals(0, ledger.running());
    }

    public void testSmallRunsGoOnWhenModelsFillTheLimit() {
        limit.set(1000 * MB);
        ledger.charge(1000 * MB);
        assertEquals(256 * MB, ledger.most());
        try (var one = ledger.take(256 * MB, 77);
                var other = ledger.take(256 * MB, 77)) {
            assertEquals(512 * MB, ledger.running());
        }
        assertThat(refused(257 * MB, 512), containsString("a run of a text of [512] tokens"));
    }

    public void testALargeRunWaitsForAnother() throws Exception {
        limit.set(1000 * MB);
        var first = ledger.take(600 * MB, 8192);
        var ran = new CompletableFuture<Long>();
        Thread second = new Thread(() -> {
            try (var run = ledger.take(600 * MB, 8192)) {
                ran.complete(ledger.running());
            }
        });
        second.start();
        assertBusy(() -> assertEquals(Thread.State.TIMED_WAITING, second.getState()));
        assertFalse(ran.isDone());
        first.close();
        first.close();
        assertEquals(600 * MB, (long) ran.get(30, TimeUnit.SECONDS));
        second.join();
        assertEquals(0, ledger.running());
    }

    public void testClosingTwiceGivesBackOnce() {
        MemoryLedger.Charge charge = ledger.charge(1000);
        ledger.charge(500);
        charge.close();
        charge.close();
        assertEquals(500, ledger.used());
    }

    public void testLowerLimitStopsNewModelsAndLetsHeldOnesShrink() {
        MemoryLedger.Charge charge = ledger.charge(2000);
        limit.set(100);
        expectThrows(ModelException.class, () -> ledger.charge(1));
        charge.resize(1000);
        assertEquals(1000, ledger.used());
    }
}
