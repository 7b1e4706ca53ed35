// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class CharsMapTests {

    /** A map that SentencePiece made. */
    private static byte[] real() throws IOException {
        var json = JsonParser.parseString(Files.readString(Path.of("src/test/resources/tokenizers/unigram.json")));
        var first = json.getAsJsonObject()
                .getAsJsonObject("normalizer")
                .getAsJsonArray("normalizers")
                .get(0);
        return Base64.getDecoder()
                .decode(first.getAsJsonObject().get("precompiled_charsmap").getAsString());
    }

    private static void refused(byte[] map, String why) {
        var e = assertThrows(IllegalArgumentException.class, () -> CharsMap.check(map));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void acceptsWhatSentencePieceMakes() throws IOException {
        byte[] map = real();
        assertDoesNotThrow(() -> CharsMap.check(map));
    }

    @Test
    void refusesAWrongLength() throws IOException {
        byte[] map = real();
        refused(new byte[0], "it has 0 bytes");
        refused(Arrays.copyOf(map, 100), "its trie claims");
        refused(new byte[] {-1, -1, -1, -1, 0, 0, 0, 0}, "its trie claims 4294967295");
        refused(new byte[] {3, 0, 0, 0, 0, 0, 0, 0}, "its trie claims 3");
    }

    @Test
    void refusesATrieThatLeadsOutside() throws IOException {
        byte[] map = real();
        ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN).putInt(4, 0x3fffff << 10);
        refused(map, "its trie leads to unit");
    }

    @Test
    void refusesReplacementsOutsideOrInsideACharacter() throws IOException {
        byte[] map = real();
        int trie = ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
        refused(Arrays.copyOf(map, 4 + trie), "a replacement starts at byte");
        byte[] bytes = map.clone();
        Arrays.fill(bytes, 4 + trie, bytes.length, (byte) 0x80);
        refused(bytes, "not UTF-8");
    }

    @Test
    void refusesReplacementsThatBlowATextUp() throws IOException {
        byte[] map = real();
        byte[] endless = Arrays.copyOf(map, map.length + 1_000);
        int trie = ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
        Arrays.fill(endless, 4 + trie, endless.length, (byte) 'x');
        refused(endless, "by more than 64 bytes");
    }
}
