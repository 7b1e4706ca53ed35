// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * What stands before the pixels of a lossless WebP (RFC 9649, sections 4 to 6): its transforms, and how many groups of prefix
 * codes it has. libwebp makes tables for all groups before the first pixel, whatever the size of the picture is, so their
 * number says what it takes. The small images in between are read and not made: what is copied or cached was written out
 * before, so the largest group number is that of a written pixel. Immutable.
 */
final class Vp8lHead {

    /** cwebp makes at most 2,600. */
    private static final int MAX_GROUPS = 4096;

    /** Of one image in between. cwebp makes less than 200,000 for 50 megapixels. */
    private static final int MAX_BLOCKS = 1 << 20;

    /** libwebp's tables of one group (kTableSize), in entries of 4 bytes; a colour cache adds one for each of its colours. */
    private static final int TABLE_ENTRIES = 2956;

    /** libwebp's HTreeGroup. */
    private static final int GROUP_BYTES = 1024;

    private static final int SUBTRACT_GREEN = 2;
    private static final int COLOR_INDEXING = 3;

    private final int width;
    private final int height;
    private final Vp8lBits in;
    private final long bytes;

    /**
     * @param data of the chunk, from its signature on
     * @throws ImageException when it is damaged, or has more groups or blocks than a picture needs
     */
    Vp8lHead(ByteBuffer data, int width, int height) {
        this.width = width;
        this.height = height;
        this.in = new Vp8lBits(data.slice(5, data.limit() - 5));
        long images = 0;
        int columns = width;
        for (int seen = 0; in.bits(1) == 1; ) {
            int transform = in.bits(2);
            if ((seen & 1 << transform) != 0) {
                throw new ImageException("the WebP has a transform twice");
            }
            seen |= 1 << transform;
            if (transform == COLOR_INDEXING) {
                int colors = in.bits(8) + 1;
                in.skipImage(colors);
                columns = shrunk(columns, colors > 16 ? 0 : colors > 4 ? 1 : colors > 2 ? 2 : 3);
            } else if (transform != SUBTRACT_GREEN) {
                int blocks = blocks(columns);
                in.skipImage(blocks);
                images += blocks;
            }
        }
        int cacheBits = in.cacheBits();
        int groups = 1;
        if (in.bits(1) == 1) {
            int blocks = blocks(columns);
            groups = in.skipImage(blocks) + 1;
            images += blocks;
            if (groups > Math.min(blocks, MAX_GROUPS)) {
                throw new ImageException(String.format(
                        Locale.ROOT,
                        "the WebP has %d groups of prefix codes for %d blocks of its %dx%d pixels; it may have one a block, %d at most",
                        groups,
                        blocks,
                        width,
                        height,
                        MAX_GROUPS));
            }
        }
        long tables = TABLE_ENTRIES + (cacheBits == 0 ? 0 : 1 << cacheBits);
        this.bytes = 4 * images + groups * (4 * tables + GROUP_BYTES);
    }

    /** The most memory that libwebp takes beside that of the picture's pixels. */
    long bytes() {
        return bytes;
    }

    /** How many blocks there are of the size that is read. */
    private int blocks(int columns) {
        int bits = in.bits(3) + 2;
        int blocks = shrunk(columns, bits) * shrunk(height, bits);
        if (blocks > MAX_BLOCKS) {
            throw new ImageException(String.format(
                    Locale.ROOT,
                    "the WebP cuts its %dx%d pixels into %d blocks, more than %d",
                    width,
                    height,
                    blocks,
                    MAX_BLOCKS));
        }
        return blocks;
    }

    private static int shrunk(int length, int bits) {
        return length + (1 << bits) - 1 >> bits;
    }
}
