// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RunCostsTests {

    private final RunCosts costs = new RunCosts();

    @Test
    void oneGoesWhileNothingIsKnown() {
        assertEquals(-1, costs.each(7));
        assertEquals(1, costs.within(Long.MAX_VALUE, 7));
    }

    @Test
    void asManyGoAsFitAndAtLeastOne() {
        costs.learn(1, 4, 400);
        assertEquals(100, costs.each(1));
        assertEquals(2, costs.within(250, 1));
        assertEquals(1, costs.within(50, 1));
    }

    @Test
    void aLengthThatIsNotKnownCostsAsItsNearestNeighbour() {
        costs.learn(16, 1, 1000);
        assertEquals(1000, costs.each(31));
        assertEquals(4000, costs.each(64));
        assertEquals(250, costs.each(4));
        costs.learn(64, 1, 9000);
        assertEquals(9000, costs.each(127));
        assertEquals(18_000, costs.each(128));
    }

    @Test
    void followsTheMachine() {
        costs.learn(1, 1, 1_000_000);
        for (int i = 0; i < 100; i++) {
            costs.learn(1, 2, 4000);
        }
        assertTrue(costs.each(1) < 2100, () -> "" + costs.each(1));
    }

    @Test
    void costsNeverOverflow() {
        costs.learn(1, 1, Long.MAX_VALUE >> 21);
        assertTrue(costs.each(Integer.MAX_VALUE) > 0);
        costs.learn(1, 1, 0);
        assertEquals(1, new RunCosts().within(1, 1));
    }
}
