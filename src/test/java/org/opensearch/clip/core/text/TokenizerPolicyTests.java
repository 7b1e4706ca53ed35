// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerPolicyTests {

    private static final Path FOLDER = Path.of("src/test/resources/tokenizers");
    private static final String MODEL = "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"u\",\"vocab\":{\"u\":0}}";

    private static TokenizerPolicy.Checked check(String json) {
        return TokenizerPolicy.check(json.getBytes(StandardCharsets.UTF_8));
    }

    /** A file of one section beside a model. */
    private static String with(String section, String value) {
        return "{\"" + section + "\":" + value + "," + MODEL + "}";
    }

    private static void refused(String json, String... parts) {
        var e = assertThrows(IllegalArgumentException.class, () -> check(json));
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), part + " not in: " + e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "wordpiece", "unigram", "gpt2", "siglip", "gemma"})
    void acceptsTheKnownFamilies(String family) throws IOException {
        assertDoesNotThrow(() -> TokenizerPolicy.check(FOLDER.resolve(family + ".json")));
    }

    @Test
    void knowsTokensAndPadding() throws IOException {
        var clip = TokenizerPolicy.check(FOLDER.resolve("clip.json"));
        assertEquals(OptionalLong.of(1), clip.padId());
        assertEquals(OptionalLong.of(1), clip.id("<|endoftext|>"));
        assertEquals(OptionalLong.of(2), clip.id("!"));
        assertEquals(OptionalLong.empty(), clip.id("no such token"));
        var unigram = TokenizerPolicy.check(FOLDER.resolve("unigram.json"));
        assertEquals(OptionalLong.empty(), unigram.padId());
        assertEquals(OptionalLong.of(1), unigram.id("<pad>"));
        assertEquals(OptionalLong.of(4), unigram.id("▁"));
    }

    @Test
    void namesAForeignComponentAndWhatIsAllowed() {
        refused(with("normalizer", "{\"type\":\"Foo\"}"), "normalizer is [Foo]", "Lowercase", "NFKC");
        refused(
                with("pre_tokenizer", "{\"type\":\"UnicodeScripts\"}"),
                "pre_tokenizer is [UnicodeScripts]",
                "Metaspace");
        refused(with("decoder", "{\"type\":\"CTC\"}"), "decoder is [CTC]", "ByteLevel");
        refused(with("post_processor", "[]"), "post_processor is [[]]", "TemplateProcessing");
        refused("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}}}", "model is [WordLevel]", "Unigram");
        refused(
                with("normalizer", "{\"type\":\"Lowercase\",\"locale\":\"tr\"}"),
                "normalizer is [locale]",
                "Lowercase");
        refused(with("surprise", "{}"), "[surprise]", "pre_tokenizer");
        refused(
                with(
                        "normalizer",
                        "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Sequence\"}]}"),
                "normalizer.normalizers[1] is [Sequence]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a+)+$",
                "(.*)*x",
                "\\\\s+$",
                "a*",
                "(?<n>a)\\\\g<n>",
                "a+a+b",
                "(x)",
                "[a-z&&[b]]+",
                "x{1,9999}",
                ".+",
                "a|b|c|d|e|f|g|h|i|j",
                "\\\\h+"
            })
    void refusesFreeRegularExpressions(String regex) {
        String split = "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" + regex
                + "\"},\"behavior\":\"Isolated\",\"invert\":false}";
        refused(with("pre_tokenizer", split), "pre_tokenizer.pattern", "CLIP");
        refused(
                with("decoder", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"" + regex + "\"},\"content\":\"\"}"),
                "decoder");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\\\\s+", " {2,}", "\\\\s{2,}|[\\\\n\\\\r\\\\t]", "[!-/:-@\\\\[-`{-~]", "\\\\p{L}+", "\\\\n"})
    void acceptsRunsOfOneKind(String regex) {
        assertDoesNotThrow(() -> check(with(
                "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"" + regex + "\"},\"content\":\" \"}")));
    }

    @Test
    void refusesReplacementsThatGrow() {
        refused(
                with("normalizer", "{\"type\":\"Replace\",\"pattern\":{\"String\":\"ab\"},\"content\":\"xyz\"}"),
                "normalizer.content",
                "at most as many characters");
    }

    @Test
    void refusesTemplatesWithUnknownTokens() {
        String pieces =
                "[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]";
        String token = "{\"<s>\":{\"id\":\"<s>\",\"ids\":[0],\"tokens\":[\"<s>\"]}}";
        String template = "{\"type\":\"TemplateProcessing\",\"single\":%s,\"pair\":%s,\"special_tokens\":%s}";
        assertDoesNotThrow(() -> check(with("post_processor", template.formatted(pieces, pieces, token))));
        refused(with("post_processor", template.formatted(pieces, pieces, "{}")), "post_processor.single");
        refused(with("post_processor", template.formatted("[]", pieces, token)), "post_processor.single");
        for (String none : List.of("{}", token)) {
            String nameless = pieces.replace("\"id\":\"<s>\"", "\"name\":\"<s>\"");
            refused(with("post_processor", template.formatted(nameless, pieces, none)), "post_processor.single");
        }
        String uneven = token.replace("[0]", "[0,1]");
        refused(
                with("post_processor", template.formatted(pieces, pieces, uneven)),
                "post_processor.special_tokens.<s>");
    }

    @Test
    void refusesModelsThatAreRandomOrDangerous() {
        String bpe = "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],%s}}";
        assertDoesNotThrow(() -> check(bpe.formatted("\"dropout\":null,\"continuing_subword_prefix\":\"\"")));
        refused(bpe.formatted("\"dropout\":0.1"), "model.dropout is [0.1]");
        refused(bpe.formatted("\"continuing_subword_prefix\":\"##\""), "model.continuing_subword_prefix");
        refused(
                "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{},\"max_input_chars_per_word\":1e9}}",
                "max_input_chars");
        refused("{\"model\":{\"type\":\"Unigram\",\"vocab\":{\"a\":0}}}", "model.type is [Unigram]");
    }

    @Test
    void acceptsAModelWithoutType() {
        assertDoesNotThrow(() -> check("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[\"a b\"],\"fuse_unk\":false}}"));
    }

    @Test
    void limitsSizesAndDepth() {
        refused(with("normalizer", "[".repeat(1_000_000)), "nested deeper than 12");
        refused(with("version", "[" + "0,".repeat(10_001) + "0]"), "10000 values");
        refused(with("added_tokens", "[{\"id\":0,\"content\":\"\"}]"), "added_tokens[0]");
        refused(with("added_tokens", "[{\"id\":99999999,\"content\":\"a\"}]"), "added_tokens[0]");
        String tokens = "{\"id\":0,\"content\":\"a\"},".repeat(10_001);
        refused(with("added_tokens", "[" + tokens + "{\"id\":0,\"content\":\"a\"}]"), "at most 10000 entries");
        refused("{\"model\":{\"vocab\":{\"" + "x".repeat(5_000) + "\":0}}}", "a token of 5000 characters");
        refused("{\"model\":{\"vocab\":{\"a\":-1}}}", "model.vocab is [-1]");
    }

    @Test
    void refusesLeftTruncation() {
        refused(with("truncation", "{\"direction\":\"Left\",\"max_length\":9}"), "truncation.direction");
        assertDoesNotThrow(() -> check(with("padding", "{\"direction\":\"Left\",\"pad_id\":0}")));
    }

    @Test
    void refusesWhatIsNotStrictJson() {
        refused("", "not the JSON");
        refused("{", "not the JSON");
        refused("[]", "not the JSON");
        refused("{}", "no [model]");
        refused("{\"model\":{\"vocab\":{\"a\":NaN}}}", "tokenizer.json");
        refused("{'model':{}}", "not the JSON");
        refused("{" + MODEL + "," + MODEL + "}", "[model] is there twice");
        refused("{" + MODEL + "} x", "not the JSON");
        refused(with("normalizer", "{\"type\":\"NFC\",\"type\":\"Foo\"}"), "type twice");
    }

    /** What the policy lets pass may fail to load, but ends no process: this test would not come back. */
    @Test
    void whatPassesEndsNoProcess(@TempDir Path folder) throws IOException {
        var random = new Random(42);
        int passed = 0;
        for (String family : List.of("clip", "wordpiece", "unigram", "gpt2", "siglip", "gemma")) {
            byte[] original = Files.readAllBytes(FOLDER.resolve(family + ".json"));
            for (int n = 0; n < 170; n++) {
                byte[] mutant = mutate(original.clone(), random);
                try {
                    TokenizerPolicy.check(mutant);
                } catch (IllegalArgumentException e) {
                    continue;
                }
                passed++;
                Path file = Files.write(folder.resolve("tokenizer.json"), mutant);
                try (Tokenizer tokenizer = Tokenizer.open(file, 16)) {
                    assertFalse(tokenizer
                                    .encode("Ａ photo ﬁ of 12 dogs, don't \ufdfa 犬! ".repeat(9))
                                    .ids()
                                    .length
                            > 16);
                } catch (RuntimeException e) {
                    assertTrue(e.getMessage() != null);
                }
            }
        }
        assertTrue(passed > 300, "only " + passed + " mutants were tried");
    }

    private static byte[] mutate(byte[] json, Random random) {
        for (int n = 1 + random.nextInt(6); n > 0; ) {
            int at = random.nextInt(json.length - 8);
            if (json[at] >= '0' && json[at] <= '9') {
                json[at] = (byte) ('0' + random.nextInt(10));
                n--;
            } else if (json[at] >= 'A' && json[at] <= 'z' && json[at] != '\\') {
                json[at] = (byte) ((random.nextBoolean() ? 'a' : 'A') + random.nextInt(26));
                n--;
            } else if (random.nextInt(50) == 0) {
                System.arraycopy(json, random.nextInt(json.length - 8), json, at, 8);
                n--;
            }
        }
        return json;
    }
}
