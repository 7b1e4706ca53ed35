// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.BitSet;

/**
 * SentencePiece's {@code precompiled_charsmap}: a double-array trie over UTF-8 bytes whose leaves point into a list of
 * NUL-terminated replacements. The native library follows its offsets unchecked, so every walk that a text could cause
 * is made here first.
 *
 * <p>Layout: {@code uint32} bytes of the trie, the trie as {@code uint32} units, the replacements. Unit: bits 0-7 and
 * 31 label, bit 8 has a leaf, bit 9 offset is shifted by 8, bits 10-30 offset (darts-clone).
 */
final class CharsMap {

    /** Unicode's longest compatibility mapping, U+FDFA, has 33 bytes. */
    private static final int LONGEST_REPLACEMENT = 64;

    private final int[] units;
    private final byte[] replacements;

    private CharsMap(int[] units, byte[] replacements) {
        this.units = units;
        this.replacements = replacements;
    }

    /** @throws IllegalArgumentException when a text could lead outside of the map */
    static void check(byte[] map) {
        ByteBuffer in = ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < 8) {
            throw broken("it has " + map.length + " bytes");
        }
        int bytes = in.getInt();
        if (bytes < 4 || bytes % 4 != 0 || bytes > in.remaining()) {
            throw broken("its trie claims " + Integer.toUnsignedString(bytes) + " of " + in.remaining() + " bytes");
        }
        int[] units = new int[bytes / 4];
        in.slice(4, bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(units);
        byte[] replacements = new byte[in.remaining() - bytes];
        in.get(4 + bytes, replacements);
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(replacements));
        } catch (CharacterCodingException e) {
            throw broken("its replacements are not UTF-8");
        }
        new CharsMap(units, replacements).walk();
    }

    private void walk() {
        BitSet seen = new BitSet(units.length);
        var nodes = new ArrayDeque<Integer>();
        nodes.add(offset(units[0]));
        while (!nodes.isEmpty()) {
            int node = nodes.poll();
            if (node < 0 || (node | 0xff) >= units.length) {
                throw broken("its trie leads to unit " + node + " of " + units.length);
            }
            if (seen.get(node)) {
                continue;
            }
            seen.set(node);
            for (int c = 1; c < 256; c++) {
                int child = node ^ c;
                int unit = units[child];
                if ((unit & 0x800000ff) == c) {
                    int next = child ^ offset(unit);
                    if ((unit >>> 8 & 1) == 1) {
                        leaf(next);
                    }
                    nodes.add(next);
                }
            }
        }
    }

    private void leaf(int node) {
        if (node < 0 || node >= units.length) {
            throw broken("its trie leads to unit " + node + " of " + units.length);
        }
        int start = units[node] & 0x7fffffff;
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            if (++end - start > LONGEST_REPLACEMENT) {
                throw broken("it replaces a character by more than " + LONGEST_REPLACEMENT + " bytes");
            }
        }
        boolean insideCharacter = start < replacements.length && (replacements[start] & 0xc0) == 0x80;
        if (start > replacements.length || insideCharacter) {
            throw broken("a replacement starts at byte " + start + " of " + replacements.length);
        }
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & 0x200) >>> 6);
    }

    private static IllegalArgumentException broken(String why) {
        return new IllegalArgumentException("precompiled_charsmap is broken: " + why);
    }
}
