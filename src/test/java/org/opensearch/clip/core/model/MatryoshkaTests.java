// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MatryoshkaTests {

    private static final Matryoshka TRAINED = new Matryoshka(256, List.of(64, 128));
    private static final Matryoshka UNKNOWN = new Matryoshka(256, List.of());

    private static String refused(Matryoshka lengths, int asked) {
        return assertThrows(IllegalArgumentException.class, () -> lengths.check(asked, "model [m]"))
                .getMessage();
    }

    @Test
    void trainedLengthsAndTheWholeVectorNeedNoWord() {
        for (int asked : List.of(0, 64, 128, 256)) {
            assertEquals(Optional.empty(), TRAINED.check(asked, "model [m]"));
        }
    }

    @Test
    void anotherLengthIsRefusedWithTheTrainedOnes() {
        assertEquals("[dimensions] is [100], model [m] was trained for [64, 128] and [256]", refused(TRAINED, 100));
        assertEquals(
                "[dimensions] is [1], the model was trained for [64, 256]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new Matryoshka(256, List.of(64, 256)).check(1, "the model"))
                        .getMessage());
    }

    @Test
    void anyLengthDoesWithAWarningWhereTheModelNamesNone() {
        assertEquals(Optional.empty(), UNKNOWN.check(256, "model [m]"));
        assertEquals(
                "[dimensions] is [100]: model [m] does not say that it was trained to be cut, so vectors of fewer than its [256]"
                        + " values may find less",
                UNKNOWN.check(100, "model [m]").orElseThrow());
    }

    @Test
    void noVectorIsLongerThanTheModelMakesIt() {
        for (Matryoshka lengths : List.of(TRAINED, UNKNOWN)) {
            assertEquals("[dimensions] is [257], more than the [256] of model [m]", refused(lengths, 257));
        }
    }
}
