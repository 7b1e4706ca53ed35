// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class EmbeddingTypeTests {

    @Test
    void floatsStayWhatTheyAre() {
        float[] vector = {3, -4};
        assertSame(vector, EmbeddingType.FLOAT.encode(vector));
        assertSame(vector, EmbeddingType.FLOAT.decode(vector));
    }

    @Test
    void bytesAreTheUnitVectorTimes127RoundedHalfAwayFromZero() {
        assertArrayEquals(new float[] {76, -102}, EmbeddingType.BYTE.encode(new float[] {3, -4}));
        assertArrayEquals(new float[] {64, -64, 64, -64}, EmbeddingType.BYTE.encode(new float[] {2, -2, 2, -2}));
        assertArrayEquals(new float[] {0, -127}, EmbeddingType.BYTE.encode(new float[] {0, -1e-3f}));
        assertArrayEquals(new float[] {76, -102}, EmbeddingType.BYTE.decode(new float[] {76, -102}));
        assertThrows(IllegalArgumentException.class, () -> EmbeddingType.BYTE.encode(new float[8]));
    }

    @Test
    void bitsAreThoseOfPackbitsInSignedBytes() {
        float[] vector = {1, -1, 0.1f, 5, 0, -0f, 1e-9f, -1, -1, -1, -1, -1, -1, -1, -1, 1};
        assertArrayEquals(new float[] {(byte) 0b10110010, 1}, EmbeddingType.BINARY.encode(vector));
        assertArrayEquals(
                new float[] {1, -1, 1, 1, -1, -1, 1, -1}, EmbeddingType.BINARY.decode(new float[] {(byte) 0b10110010}));
        assertArrayEquals(new byte[] {(byte) 0b10110010}, EmbeddingType.pack(new float[] {1, -1, 1, 1, -1, -1, 1}));
        var e = assertThrows(IllegalArgumentException.class, () -> EmbeddingType.BINARY.encode(new float[12]));
        assertTrue(e.getMessage().contains("a multiple of 8, there are [12]"), e.getMessage());
    }

    @Test
    void whatBitsStandForHasTheSameBits() {
        for (int b = Byte.MIN_VALUE; b <= Byte.MAX_VALUE; b++) {
            float[] bits = {b, 0};
            assertArrayEquals(bits, EmbeddingType.BINARY.encode(EmbeddingType.BINARY.decode(bits)));
        }
    }

    @Test
    void isKnownByItsName() {
        for (EmbeddingType type : EmbeddingType.values()) {
            assertEquals(Optional.of(type), EmbeddingType.of(type.toString()));
        }
        assertEquals(Optional.empty(), EmbeddingType.of("FLOAT"));
    }
}
