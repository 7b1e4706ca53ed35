// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The bits of a lossless WebP, least significant first, and what is made of them: prefix codes, and images that are coded
 * with one group of five (RFC 9649, section 6). Refuses what libwebp refuses. For one thread.
 */
final class Vp8lBits {

    private static final int LITERALS = 256;
    private static final int LENGTHS = 24;
    private static final int DISTANCES = 40;
    private static final int MAX_CACHE_BITS = 11;
    private static final int MAX_CODE_LENGTH = 15;
    private static final int LENGTHS_BEFORE_REPEATS = 16;
    private static final int[] ORDER_OF_LENGTHS = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    /**
     * A canonical prefix code.
     *
     * @param count how many codes there are of each length; with one symbol, none of any
     * @param symbols in the order of their codes
     */
    private record Code(int[] count, int[] symbols) {}

    private final ByteBuffer in;
    private long window;
    private int filled;

    Vp8lBits(ByteBuffer in) {
        this.in = in;
    }

    /**
     * @param count up to 24
     * @throws java.nio.BufferUnderflowException when there are less
     */
    int bits(int count) {
        while (filled < count) {
            window |= (in.get() & 0xFFL) << filled;
            filled += 8;
        }
        int value = (int) window & (1 << count) - 1;
        window >>>= count;
        filled -= count;
        return value;
    }

    /** 0 without a colour cache. */
    int cacheBits() {
        if (bits(1) == 0) {
            return 0;
        }
        int cacheBits = bits(4);
        if (cacheBits < 1 || cacheBits > MAX_CACHE_BITS) {
            throw new ImageException("the WebP has a colour cache of " + cacheBits + " bits");
        }
        return cacheBits;
    }

    /**
     * Reads past an image.
     *
     * @return the largest number in the red and green of its pixels, 16 bits
     */
    int skipImage(int pixels) {
        int cacheBits = cacheBits();
        Code green = code(LITERALS + LENGTHS + (cacheBits == 0 ? 0 : 1 << cacheBits));
        Code red = code(LITERALS);
        Code blue = code(LITERALS);
        Code alpha = code(LITERALS);
        Code distance = code(DISTANCES);
        int max = 0;
        for (int left = pixels; left > 0; ) {
            int symbol = symbol(green);
            if (symbol < LITERALS) {
                max = Math.max(max, symbol(red) << 8 | symbol);
                symbol(blue);
                symbol(alpha);
                left--;
            } else if (symbol < LITERALS + LENGTHS) {
                left -= number(symbol - LITERALS);
                number(symbol(distance));
            } else {
                left--;
            }
            if (left < 0) {
                throw damaged();
            }
        }
        return max;
    }

    /** A length or a distance: its prefix says how many bits follow. */
    private int number(int prefix) {
        if (prefix < 4) {
            return prefix + 1;
        }
        int extra = prefix - 2 >> 1;
        return (2 + (prefix & 1) << extra) + bits(extra) + 1;
    }

    private int symbol(Code code) {
        if (code.symbols.length == 1) {
            return code.symbols[0];
        }
        int value = 0;
        int first = 0;
        int index = 0;
        for (int length = 1; length <= MAX_CODE_LENGTH; length++) {
            value = value << 1 | bits(1);
            first <<= 1;
            int count = code.count[length];
            if (value - first < count) {
                return code.symbols[index + value - first];
            }
            index += count;
            first += count;
        }
        throw damaged();
    }

    private Code code(int alphabet) {
        int[] lengths = new int[Math.max(alphabet, 256)];
        if (bits(1) == 1) {
            boolean two = bits(1) == 1;
            lengths[bits(bits(1) == 0 ? 1 : 8)] = 1;
            if (two) {
                lengths[bits(8)] = 1;
            }
        } else {
            lengths(lengths, alphabet);
        }
        return canonical(lengths, alphabet);
    }

    private void lengths(int[] lengths, int alphabet) {
        int[] lengthsOfLengths = new int[ORDER_OF_LENGTHS.length];
        int given = 4 + bits(4);
        if (given > lengthsOfLengths.length) {
            throw damaged();
        }
        for (int i = 0; i < given; i++) {
            lengthsOfLengths[ORDER_OF_LENGTHS[i]] = bits(3);
        }
        Code code = canonical(lengthsOfLengths, lengthsOfLengths.length);
        int reads = alphabet;
        if (bits(1) == 1) {
            reads = 2 + bits(2 + 2 * bits(3));
            if (reads > alphabet) {
                throw damaged();
            }
        }
        int last = 8;
        for (int i = 0; i < alphabet && reads > 0; reads--) {
            int length = symbol(code);
            int repeat = switch (length) {
                case LENGTHS_BEFORE_REPEATS -> 3 + bits(2);
                case LENGTHS_BEFORE_REPEATS + 1 -> 3 + bits(3);
                case LENGTHS_BEFORE_REPEATS + 2 -> 11 + bits(7);
                default -> 1;
            };
            if (repeat > alphabet - i) {
                throw damaged();
            }
            int value = length == LENGTHS_BEFORE_REPEATS ? last : length > LENGTHS_BEFORE_REPEATS ? 0 : length;
            Arrays.fill(lengths, i, i + repeat, value);
            last = value == 0 ? last : value;
            i += repeat;
        }
    }

    /** @throws ImageException unless the code is complete or has one symbol */
    private static Code canonical(int[] lengths, int alphabet) {
        int[] count = new int[MAX_CODE_LENGTH + 1];
        for (int i = 0; i < alphabet; i++) {
            count[lengths[i]]++;
        }
        int[] symbols = new int[alphabet - count[0]];
        count[0] = 0;
        int[] next = new int[MAX_CODE_LENGTH + 1];
        int free = 1;
        for (int length = 1; length <= MAX_CODE_LENGTH; length++) {
            next[length] = next[length - 1] + count[length - 1];
            free = 2 * free - count[length];
            if (free < 0) {
                throw damaged();
            }
        }
        if (symbols.length == 0 || symbols.length > 1 && free > 0) {
            throw damaged();
        }
        for (int i = 0; i < alphabet; i++) {
            if (lengths[i] > 0) {
                symbols[next[lengths[i]]++] = i;
            }
        }
        return new Code(count, symbols);
    }

    private static ImageException damaged() {
        return new ImageException("the WebP is damaged: its prefix codes are none");
    }
}
