// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import static java.util.Map.entry;

import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.opensearch.clip.core.message.Shown;

/**
 * What the small sections of a {@code tokenizer.json} may contain: the component types of the known families, and of
 * each the fields that the native library reads, with a check of every value. Whatever is not in the table is refused.
 */
final class Components {

    /** A line a component: section, type, then {@code field:check}. */
    private static final String TABLE = """
            normalizer Sequence normalizers:any
            normalizer BertNormalizer clean_text:flag handle_chinese_chars:flag strip_accents:flag lowercase:flag
            normalizer NFC
            normalizer NFD
            normalizer NFKC
            normalizer NFKD
            normalizer Nmt
            normalizer Lowercase
            normalizer StripAccents
            normalizer Strip strip_left:flag strip_right:flag
            normalizer Prepend prepend:character
            normalizer Replace pattern:pattern content:word
            normalizer Precompiled precompiled_charsmap:charsmap
            pre_tokenizer Sequence pretokenizers:any
            pre_tokenizer BertPreTokenizer
            pre_tokenizer ByteLevel add_prefix_space:flag trim_offsets:flag use_regex:flag
            pre_tokenizer Metaspace replacement:character str_rep:word prepend_scheme:word add_prefix_space:flag \
            split:flag
            pre_tokenizer Whitespace
            pre_tokenizer WhitespaceSplit
            pre_tokenizer Punctuation behavior:word
            pre_tokenizer Digits individual_digits:flag
            pre_tokenizer Split pattern:pattern behavior:word invert:flag
            post_processor Sequence processors:any
            post_processor TemplateProcessing single:any pair:any special_tokens:any
            post_processor BertProcessing sep:token cls:token
            post_processor RobertaProcessing sep:token cls:token trim_offsets:flag add_prefix_space:flag
            post_processor ByteLevel add_prefix_space:flag trim_offsets:flag use_regex:flag
            decoder Sequence decoders:any
            decoder BPEDecoder suffix:word
            decoder ByteFallback
            decoder ByteLevel add_prefix_space:flag trim_offsets:flag use_regex:flag
            decoder Fuse
            decoder Metaspace replacement:character str_rep:word prepend_scheme:word add_prefix_space:flag split:flag
            decoder Replace pattern:pattern content:word
            decoder Strip content:character start:number stop:number
            decoder WordPiece prefix:word cleanup:flag
            model BPE dropout:zero unk_token:any continuing_subword_prefix:empty end_of_word_suffix:word \
            fuse_unk:flag byte_fallback:flag ignore_merges:flag
            model WordPiece unk_token:any continuing_subword_prefix:word max_input_chars_per_word:number
            model Unigram unk_id:id byte_fallback:flag
            """;

    /** Checks one value that is not null: a null is nothing or an error to the native library, never a danger. */
    @FunctionalInterface
    private interface Check {
        void accept(String where, Object value);
    }

    private static final Map<String, Check> CHECKS = Map.ofEntries(
            entry("any", (where, value) -> {}),
            entry("flag", (where, value) -> require(value instanceof Boolean, where, value, "true or false")),
            entry("word", (where, value) -> require(isText(value, 24), where, value, "at most 24 characters")),
            entry(
                    "character",
                    (where, value) ->
                            require(value instanceof String s && length(s) == 1, where, value, "one character")),
            entry("empty", (where, value) -> require("".equals(value), where, value, "null or an empty text")),
            entry(
                    "zero",
                    (where, value) -> require(
                            isWhole(value, 0),
                            where,
                            value,
                            "null or 0: by chance, a text would get another vector each time")),
            entry(
                    "number",
                    (where, value) -> require(isWhole(value, 1_000), where, value, "a whole number up to 1000")),
            entry(
                    "id",
                    (where, value) -> require(isWhole(value, TokenizerPolicy.MOST_TOKENS), where, value, "a token id")),
            entry("token", Components::token),
            entry("pattern", Components::pattern),
            entry("charsmap", Components::charsMap));

    private static final Map<String, Map<String, Map<String, Check>>> ALLOWED = parse(TABLE);
    private static final Map<String, String> PARTS = Map.of(
            "normalizer",
            "normalizers",
            "pre_tokenizer",
            "pretokenizers",
            "post_processor",
            "processors",
            "decoder",
            "decoders");
    private static final int MOST_PARTS = 16;

    private Components() {}

    private static Map<String, Map<String, Map<String, Check>>> parse(String table) {
        var sections = new HashMap<String, Map<String, Map<String, Check>>>();
        for (String line : table.split("\n")) {
            String[] words = line.split(" +");
            var fields = new TreeMap<String, Check>();
            for (int i = 2; i < words.length; i++) {
                String[] field = words[i].split(":");
                fields.put(field[0], CHECKS.get(field[1]));
            }
            sections.computeIfAbsent(words[0], s -> new TreeMap<>()).put(words[1], fields);
        }
        return sections;
    }

    /**
     * @param section the section's name in the file
     * @throws IllegalArgumentException what is there and what is allowed there
     */
    static void check(String section, Object value) {
        if (value != null) {
            check(section, section, value, true);
        }
    }

    private static void check(String section, String where, Object value, boolean top) {
        Map<String, Map<String, Check>> types = ALLOWED.get(section);
        if (!(value instanceof Map<?, ?> component)
                || !(component.get("type") instanceof String type)
                || !types.containsKey(type)
                || type.equals("Sequence") && !top) {
            Object found = value instanceof Map<?, ?> m ? m.get("type") : value;
            throw refused(where, found, "one of the types " + new TreeSet<>(types.keySet()));
        }
        Map<String, Check> fields = types.get(type);
        component.forEach((name, part) -> {
            if (!name.equals("type")) {
                Check check = fields.get(name);
                require(check != null, where, name, "of " + type + " the fields " + fields.keySet());
                if (part != null) {
                    check.accept(where + "." + name, part);
                }
            }
        });
        switch (type) {
            case "Sequence" -> parts(section, where, component);
            case "TemplateProcessing" -> Template.check(where, component);
            case "Replace" -> replace(where, component);
            default -> {}
        }
    }

    private static void parts(String section, String where, Map<?, ?> sequence) {
        String name = PARTS.get(section);
        List<?> parts = sequence.get(name) instanceof List<?> l ? l : List.of();
        require(parts.size() <= MOST_PARTS, where + "." + name, parts.size() + " parts", "at most " + MOST_PARTS);
        int maps = 0;
        for (int i = 0; i < parts.size(); i++) {
            check(section, where + "." + name + "[" + i + "]", parts.get(i), false);
            maps += parts.get(i) instanceof Map<?, ?> m && "Precompiled".equals(m.get("type")) ? 1 : 0;
        }
        require(maps <= 1, where + "." + name, maps + " of type Precompiled", "at most one");
    }

    /** A replacement is never longer than what it replaces, so that a chain of them cannot blow a text up. */
    private static void replace(String where, Map<?, ?> component) {
        int longest =
                component.get("pattern") instanceof Map<?, ?> p && p.get("String") instanceof String s ? length(s) : 1;
        require(
                !(component.get("content") instanceof String s) || length(s) <= longest,
                where + ".content",
                component.get("content"),
                "at most as many characters as the pattern replaces: " + longest);
    }

    private static void pattern(String where, Object value) {
        Map<?, ?> pattern = value instanceof Map<?, ?> m && m.size() == 1 ? m : Map.of();
        boolean text =
                isText(pattern.get("String"), 24) && !pattern.get("String").equals("");
        boolean regex = pattern.get("Regex") instanceof String s && Patterns.allowed(s);
        require(
                text || regex,
                where,
                value,
                "a short {\"String\"}, or a {\"Regex\"} of the families CLIP, GPT-2, Llama 3 and"
                        + " Qwen 2 or of single characters and runs of one kind, such as \\s+");
    }

    private static void charsMap(String where, Object value) {
        require(value instanceof String, where, value, "base64");
        try {
            CharsMap.check(Base64.getDecoder().decode((String) value));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tokenizer.json: " + where + ": " + e.getMessage(), e);
        }
    }

    private static void token(String where, Object value) {
        boolean valid = value instanceof List<?> pair
                && pair.size() == 2
                && pair.get(0) instanceof String
                && isWhole(pair.get(1), TokenizerPolicy.MOST_TOKENS);
        require(valid, where, value, "a token and its id");
    }

    static boolean isWhole(Object value, int most) {
        return value instanceof Number n
                && n.doubleValue() == Math.rint(n.doubleValue())
                && n.doubleValue() >= 0
                && n.doubleValue() <= most;
    }

    private static boolean isText(Object value, int most) {
        return value instanceof String s && s.length() <= most;
    }

    private static int length(String s) {
        return s.codePointCount(0, s.length());
    }

    static void require(boolean holds, String where, Object found, String allowed) {
        if (!holds) {
            throw refused(where, found, allowed);
        }
    }

    private static IllegalArgumentException refused(String where, Object found, String allowed) {
        return new IllegalArgumentException(
                "tokenizer.json: " + Shown.of(where) + " is [" + Shown.of(found) + "], allowed: " + allowed);
    }
}
