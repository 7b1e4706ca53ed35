// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OrientationTests {

    /** A directory that is its own next one and its own sub-directory: readers of whole TIFF trees go round in it. */
    @Test
    void readsOneDirectoryWhateverItPointsTo() {
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 2 * 12 + 4).order(ByteOrder.LITTLE_ENDIAN);
        tiff.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        tiff.putShort((short) 2);
        tiff.putShort((short) 0x8769).putShort((short) 4).putInt(1).putInt(8);
        tiff.putShort((short) 0x0112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) 6)
                .putShort((short) 0);
        tiff.putInt(8).flip();
        assertEquals(Orientation.ROTATE_CLOCKWISE, Orientation.of(Optional.of(tiff), Optional.empty()));
    }

    /** As many entries as the number says, as far as there are bytes. */
    @Test
    void aDirectoryEndsWithItsBytes() {
        ByteBuffer tiff = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        tiff.put((byte) 'I')
                .put((byte) 'I')
                .putShort((short) 42)
                .putInt(8)
                .putShort((short) -1)
                .flip();
        assertEquals(Orientation.UPRIGHT, Orientation.of(Optional.of(tiff), Optional.empty()));
    }
}
