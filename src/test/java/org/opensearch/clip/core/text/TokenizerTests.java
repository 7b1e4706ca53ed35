// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTests {

    /** As made by {@code make.py} with the reference library, cut to 16 tokens. */
    private record Case(String text, long[] ids, boolean truncated) {}

    private static final Path FOLDER = Path.of("src/test/resources/tokenizers");

    private static List<Case> expected(String family) throws IOException {
        var type = new TypeToken<Map<String, List<Case>>>() {};
        return new Gson()
                .fromJson(Files.readString(FOLDER.resolve("expected.json")), type)
                .get(family);
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "wordpiece", "unigram", "gpt2", "siglip", "gemma"})
    void tokenizesAsTheReference(String family) throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(FOLDER.resolve(family + ".json"), 16)) {
            for (Case c : expected(family)) {
                Tokenizer.Tokens tokens = tokenizer.encode(c.text());
                assertArrayEquals(c.ids(), tokens.ids(), family + ": " + c.text());
                assertEquals(c.truncated(), tokens.truncated(), family + ": " + c.text());
            }
        }
    }

    @Test
    void keepsTheSpecialTokensOfACutText() {
        try (Tokenizer tokenizer = Tokenizer.open(FOLDER.resolve("clip.json"), 5)) {
            long[] ids = tokenizer.encode("a photo of a dog in the rain").ids();
            assertEquals(5, ids.length);
            assertEquals(0, ids[0]);
            assertEquals(1, ids[4]);
        }
    }

    @Test
    void refusesALimitWithoutRoomForText() {
        for (int limit : new int[] {1, 2}) {
            var e = assertThrows(
                    IllegalArgumentException.class, () -> Tokenizer.open(FOLDER.resolve("clip.json"), limit));
            assertTrue(e.getMessage().contains("max_tokens must be more than the 2 special tokens"), e.getMessage());
        }
        Tokenizer.open(FOLDER.resolve("clip.json"), 3).close();
    }

    @Test
    void takesHalfSurrogatePairsForUnreadableCharacters() {
        try (Tokenizer tokenizer = Tokenizer.open(FOLDER.resolve("gemma.json"), 64)) {
            for (String half : List.of("\ud83d", "\udc69")) {
                assertArrayEquals(
                        tokenizer.encode("a\ufffd\ud83d\udc69 b\ufffd").ids(),
                        tokenizer.encode("a" + half + "\ud83d\udc69 b" + half).ids());
            }
        }
    }

    @Test
    void opensUnderAForeignContextClassLoader() {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(null);
        try (Tokenizer tokenizer = Tokenizer.open(FOLDER.resolve("clip.json"), 16)) {
            assertFalse(tokenizer.encode("dog").truncated());
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    @Test
    void unpacksItsLibraryOnlyWhereItIsTold() throws IOException {
        Tokenizer.open(FOLDER.resolve("clip.json"), 16).close();
        try (Stream<Path> files = Files.walk(Path.of(System.getProperty("ENGINE_CACHE_DIR"), "tokenizers"))) {
            assertTrue(files.anyMatch(f -> f.getFileName().toString().contains("tokenizers.")));
        }
        assertFalse(Files.exists(Path.of(System.getProperty("user.home"), ".djl.ai")));
    }

    @Test
    void manyThreadsGetTheSameTokens() throws Exception {
        List<Case> cases = expected("unigram");
        try (Tokenizer tokenizer = Tokenizer.open(FOLDER.resolve("unigram.json"), 16);
                var threads = Executors.newFixedThreadPool(4)) {
            Callable<Void> all = () -> {
                for (int n = 0; n < 50; n++) {
                    for (Case c : cases) {
                        assertArrayEquals(c.ids(), tokenizer.encode(c.text()).ids());
                    }
                }
                return null;
            };
            for (var done : threads.invokeAll(List.of(all, all, all, all))) {
                done.get();
            }
        }
    }

    /** As large as a text may be, and of what makes a backtracking pattern try again. */
    private static final List<String> MADE_TO_HURT = List.of(
            "a".repeat(65_000) + "b",
            " ".repeat(65_000) + "x",
            "\n \t".repeat(20_000) + "!",
            "\r\n".repeat(30_000) + " ",
            "e" + "\u0301".repeat(30_000),
            "\u0000".repeat(60_000),
            "\ufdfa".repeat(20_000),
            "'s't're".repeat(9_000),
            "1".repeat(65_000),
            "\u202e\u200d".repeat(10_000),
            "<|endoftext|>".repeat(5_000));

    private static void survives(Path file) {
        try (Tokenizer tokenizer = Tokenizer.open(file, 16)) {
            for (String text : MADE_TO_HURT) {
                assertTrue(tokenizer.encode(text).ids().length <= 16);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "wordpiece", "unigram", "gpt2", "siglip", "gemma"})
    void survivesTextsMadeToHurt(String family) {
        survives(FOLDER.resolve(family + ".json"));
    }

    @Test
    void everyKnownPatternSurvivesThem(@TempDir Path folder) throws IOException {
        JsonObject json = JsonParser.parseString(Files.readString(FOLDER.resolve("gpt2.json")))
                .getAsJsonObject();
        for (String regex : Patterns.KNOWN) {
            JsonObject pattern = new JsonObject();
            pattern.addProperty("Regex", regex);
            JsonObject split = new JsonObject();
            split.addProperty("type", "Split");
            split.add("pattern", pattern);
            split.addProperty("behavior", "Isolated");
            split.addProperty("invert", false);
            json.add("pre_tokenizer", split);
            survives(Files.writeString(folder.resolve("tokenizer.json"), json.toString()));
        }
    }

    @Test
    void refusesAFileBeforeTheLibrarySeesIt(@TempDir Path folder) throws IOException {
        String json = Files.readString(FOLDER.resolve("clip.json"));
        Path file = Files.writeString(folder.resolve("tokenizer.json"), json.replace("'s|'t|", "(a+)+$|'s|'t|"));
        var e = assertThrows(IllegalArgumentException.class, () -> Tokenizer.open(file, 16));
        assertTrue(e.getMessage().contains("pre_tokenizer.pretokenizers[0].pattern"), e.getMessage());
    }
}
