// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class MarginalRelevanceTests {

    private static final List<float[]> TWO_ALIKE_ONE_OTHER =
            List.of(new float[] {1, 0}, new float[] {1, 0}, new float[] {0, 1});

    @Test
    void prefersWhatIsUnlikeTheHitsTakenSoFar() {
        assertArrayEquals(
                new int[] {0, 2, 1},
                MarginalRelevance.order(new float[] {1, 0.9f, 0.8f}, TWO_ALIKE_ONE_OTHER, 0.5, () -> {}));
    }

    @Test
    void keepsTheOrderWithoutDiversity() {
        assertArrayEquals(
                new int[] {0, 1, 2},
                MarginalRelevance.order(new float[] {1, 0.9f, 0.8f}, TWO_ALIKE_ONE_OTHER, 0, () -> {}));
    }

    @Test
    void doesNotDependOnTheScaleOfTheScores() {
        assertArrayEquals(
                MarginalRelevance.order(new float[] {1, 0.9f, 0.5f}, TWO_ALIKE_ONE_OTHER, 0.5, () -> {}),
                MarginalRelevance.order(new float[] {30, 27, 15}, TWO_ALIKE_ONE_OTHER, 0.5, () -> {}));
    }

    @Test
    void equalHitsKeepTheirOrder() {
        var same = new float[] {1, 0};
        assertArrayEquals(
                new int[] {0, 1, 2},
                MarginalRelevance.order(new float[] {0, 0, 0}, List.of(same, same, same), 0.7, () -> {}));
    }

    @Test
    void takesSharesOnly() {
        assertThrows(
                IllegalArgumentException.class,
                () -> MarginalRelevance.order(new float[] {1, 1, 1}, TWO_ALIKE_ONE_OTHER, 1.5, () -> {}));
    }
}
