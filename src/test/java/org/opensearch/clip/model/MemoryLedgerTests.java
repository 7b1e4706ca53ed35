// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.concurrent.atomic.AtomicLong;
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
