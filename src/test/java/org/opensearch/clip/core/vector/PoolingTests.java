// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class PoolingTests {

    /** Two inputs of three positions of two values; the second has two tokens and one padding. */
    private static final float[] HIDDEN = {1, 2, 3, 4, 5, 9, /* second */ 10, 20, 30, 40, 777, 888};

    @Test
    void meanLeavesPaddingOut() {
        assertArrayEquals(new float[] {3, 5}, Pooling.MEAN.apply(HIDDEN, 3, 2, 0, 3));
        assertArrayEquals(new float[] {20, 30}, Pooling.MEAN.apply(HIDDEN, 3, 2, 1, 2));
    }

    @Test
    void clsTakesTheFirstPosition() {
        assertArrayEquals(new float[] {1, 2}, Pooling.CLS.apply(HIDDEN, 3, 2, 0, 3));
        assertArrayEquals(new float[] {10, 20}, Pooling.CLS.apply(HIDDEN, 3, 2, 1, 2));
    }

    @Test
    void lastTakesTheLastToken() {
        assertArrayEquals(new float[] {5, 9}, Pooling.LAST.apply(HIDDEN, 3, 2, 0, 3));
        assertArrayEquals(new float[] {30, 40}, Pooling.LAST.apply(HIDDEN, 3, 2, 1, 2));
    }

    @Test
    void noneTakesTheRow() {
        assertArrayEquals(new float[] {3, 4}, Pooling.NONE.apply(HIDDEN, 1, 2, 1, 2));
    }
}
