// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * Lossless WebP as no encoder makes it: any number of groups of prefix codes, any size of blocks. * *
 * @param groupBlocks bits of the size of the blocks that have groups, 0 for none
 * @param lastGroup the number of the last group, which the last block has
 * @param cacheBits of the colour cache, 0 for none
 * @param transformBlocks bits of the size of the blocks of a predictor and a cross-colour transform, 0 for none
 */
record Vp8lFile(
        int width, int height, int groupBlocks, int lastGroup, int cacheBits, int transformBlocks, Content content) {

    enum Content {
        /** Each group has one colour. No pixel takes a bit. */
        FLAT,
        /** Each channel has one of two values. */
        NOISE,
        /** Each pixel of all groups but the first is a copy of length one. No pixel takes a bit. */
        COPIES
    }

    byte[] bytes() {
        Bits out = new Bits();
        out.bits(0x2F, 8).bits(width - 1, 14).bits(height - 1, 14).bits(0, 4);
        if (transformBlocks > 0) {
            for (int transform = 0; transform < 2; transform++) {
                out.bits(1, 1).bits(transform, 2).bits(transformBlocks - 2, 3).bits(0, 1);
                // green 11 is the dearest predictor, Select; no pixel takes a bit
                out.only(11).only(3).only(5).only(255).only(0);
            }
            out.bits(1, 1).bits(2, 2);
        }
        out.bits(0, 1);
        if (cacheBits == 0) {
            out.bits(0, 1);
        } else {
            out.bits(1, 1).bits(cacheBits, 4);
        }
        int groups = 1;
        if (groupBlocks == 0) {
            out.bits(0, 1);
        } else {
            groups = lastGroup + 1;
            out.bits(1, 1).bits(groupBlocks - 2, 3).bits(0, 1);
            out.bytes(true).bytes(false).only(0).only(0).only(0);
            int blocks = blocks(width) * blocks(height);
            for (int block = 0; block < blocks; block++) {
                int group = block == blocks - 1 ? lastGroup : block % groups;
                out.code(group & 0xFF).code(group >> 8);
            }
        }
        for (int group = 0; group < groups; group++) {
            if (content == Content.NOISE) {
                out.two(1, 254).two(0, 200).two(7, 100).two(0, 255).only(0);
            } else if (content == Content.COPIES && group > 0) {
                out.copy().only(3).only(5).only(255).only(1);
            } else {
                out.only(group & 0xFF).only(3).only(5).only(255).only(0);
            }
        }
        if (content == Content.NOISE) {
            Random random = new Random(1);
            for (long bits = 4L * width * height; bits > 0; bits -= 16) {
                out.bits(random.nextInt(1 << 16), 16);
            }
        }
        return out.file();
    }

    private int blocks(int length) {
        return length + (1 << groupBlocks) - 1 >> groupBlocks;
    }

    /** Least significant bit first. */
    private static final class Bits {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private long window;
        private int filled;

        Bits bits(int value, int count) {
            window |= (long) value << filled;
            for (filled += count; filled >= 8; filled -= 8) {
                out.write((int) window);
                window >>>= 8;
            }
            return this;
        }

        /** A prefix code of one symbol, which takes no bit. */
        Bits only(int symbol) {
            return bits(1, 1).bits(0, 1).bits(1, 1).bits(symbol, 8);
        }

        Bits two(int one, int other) {
            return bits(1, 1).bits(1, 1).bits(1, 1).bits(one, 8).bits(other, 8);
        }

        /** A prefix code of 256 symbols, 8 bits each: {@link #code} writes them. */
        Bits bytes(boolean green) {
            // lengths of lengths are given up to that of 8, which alone has one
            bits(0, 1).bits(12 - 4, 4);
            for (int symbol : new int[] {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8}) {
                bits(symbol == 8 ? 1 : 0, 3);
            }
            return green ? bits(1, 1).bits(3, 3).bits(254, 8) : bits(0, 1);
        }

        /** A prefix code of the one symbol behind the 256 of literals. */
        Bits copy() {
            bits(0, 1).bits(18 - 4, 4);
            for (int symbol : new int[] {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14}) {
                bits(symbol == 18 || symbol == 1 ? 1 : 0, 3);
            }
            // three lengths follow: 138 zeros, 118 zeros, 1
            return bits(1, 1)
                    .bits(0, 3)
                    .bits(1, 2)
                    .bits(1, 1)
                    .bits(127, 7)
                    .bits(1, 1)
                    .bits(107, 7)
                    .bits(0, 1);
        }

        Bits code(int symbol) {
            return bits(Integer.reverse(symbol) >>> 24, 8);
        }

        byte[] file() {
            bits(0, 15);
            out.write(0);
            out.write(0);
            int length = out.size() + (out.size() & 1);
            ByteBuffer file = ByteBuffer.allocate(20 + length).order(ByteOrder.LITTLE_ENDIAN);
            file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(12 + length);
            file.put("WEBPVP8L".getBytes(StandardCharsets.US_ASCII)).putInt(out.size());
            return file.put(out.toByteArray()).array();
        }
    }
}
