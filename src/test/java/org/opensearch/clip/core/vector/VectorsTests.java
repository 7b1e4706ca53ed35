// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class VectorsTests {

    @Test
    void scalesToLengthOne() {
        assertArrayEquals(new float[] {0.6f, 0.8f}, Vectors.normalize(new float[] {3, 4}));
    }

    @Test
    void leavesItsArgumentAlone() {
        float[] v = {3, 4};
        Vectors.normalize(v);
        Vectors.truncate(v, 1)[0] = 9;
        assertArrayEquals(new float[] {3, 4}, v);
    }

    @Test
    void normalisesWhatWouldOverflowOrVanishInFloats() {
        assertArrayEquals(new float[] {0.6f, 0.8f}, Vectors.normalize(new float[] {1.5e38f, 2e38f}), 1e-7f);
        assertArrayEquals(new float[] {0.6f, 0.8f}, Vectors.normalize(new float[] {3e-30f, 4e-30f}), 1e-7f);
    }

    @Test
    void sumsInDoublePrecision() {
        float[] v = new float[1 << 20];
        Arrays.fill(v, 0.1f);
        assertEquals(1.0 / 1024, Vectors.normalize(v)[v.length - 1], 1e-10);
    }

    @Test
    void refusesVectorsWithoutDirection() {
        assertThrows(IllegalArgumentException.class, () -> Vectors.normalize(new float[3]));
        assertThrows(IllegalArgumentException.class, () -> Vectors.normalize(new float[0]));
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            var e = assertThrows(IllegalArgumentException.class, () -> Vectors.normalize(new float[] {1, bad}));
            assertTrue(e.getMessage().startsWith("value 1 "), e.getMessage());
            assertFalse(Vectors.isFinite(new float[] {1, bad}));
        }
        assertTrue(Vectors.isFinite(new float[] {1, -Float.MAX_VALUE}));
    }

    @Test
    void cutsToTheFirstValues() {
        float[] v = {1, 2, 3};
        assertArrayEquals(new float[] {1, 2}, Vectors.truncate(v, 2));
        assertArrayEquals(v, Vectors.truncate(v, 3));
        var e = assertThrows(IllegalArgumentException.class, () -> Vectors.truncate(v, 4));
        assertEquals("dimensions must be in [1, 3], got [4]", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Vectors.truncate(v, 0));
    }

    @Test
    void multipliesInnerProducts() {
        assertEquals(11, Vectors.dot(new float[] {1, 2}, new float[] {3, 4}));
        assertThrows(IllegalArgumentException.class, () -> Vectors.dot(new float[1], new float[2]));
    }
}
