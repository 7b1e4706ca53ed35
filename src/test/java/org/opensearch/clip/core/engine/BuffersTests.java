// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class BuffersTests {

    private final Buffers buffers = new Buffers();

    private ByteBuffer used(long bytes) {
        try (Buffers.Lease lease = buffers.take(bytes)) {
            return lease.memory();
        }
    }

    @Test
    void givesTheSameMemoryAgain() {
        ByteBuffer first = used(1_000_000);
        assertSame(first, used(1_000_000));
        assertSame(first, used(8));
    }

    @Test
    void twoAtOnceNeverShare() {
        try (Buffers.Lease a = buffers.take(8);
                Buffers.Lease b = buffers.take(8)) {
            assertNotSame(a.memory(), b.memory());
        }
    }

    @Test
    void largerMemoryTakesThePlaceOfSmaller() {
        ByteBuffer small = used(8);
        ByteBuffer large = used(1_000_000);
        assertSame(large, used(8));
        assertNotSame(small, used(8));
    }

    @Test
    void keepsOnlySoMuch() {
        ByteBuffer huge = used(130L << 20);
        assertNotSame(huge, used(130L << 20));
    }

    @Test
    void cutsAlignedDirectPartsInNativeOrder() {
        try (Buffers.Lease lease = buffers.take(3, 16)) {
            ByteBuffer first = lease.next(3);
            ByteBuffer second = lease.next(16);
            assertEquals(3, first.remaining());
            assertEquals(16, second.remaining());
            assertTrue(second.isDirect());
            assertEquals(ByteOrder.nativeOrder(), second.order());
            assertEquals(0, second.alignmentOffset(0, 8));
            first.put(new byte[] {1, 2, 3});
            second.putLong(7).putLong(8);
            assertEquals(1, first.get(0));
        }
    }

    @Test
    void refusesMoreThanAnArrayOfMemory() {
        assertThrows(ArithmeticException.class, () -> buffers.take(1L << 31));
    }

    @Test
    void forgetsWhatItHoldsWhenCleared() {
        ByteBuffer first = used(8);
        buffers.clear();
        assertNotSame(first, used(8));
    }
}
