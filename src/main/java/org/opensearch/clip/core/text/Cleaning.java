// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.util.Locale;

/** What a library does to a text before its tokenizer sees it, where {@code tokenizer.json} does not say so. */
public enum Cleaning {
    NONE {
        @Override
        public String apply(String text) {
            return text;
        }
    },
    /** Python's {@code str.lower()}, of sentence-transformers. Java asks a word boundary, which it is not, whether a sigma is final. */
    LOWER {
        @Override
        public String apply(String text) {
            var sigmas = new StringBuilder(text);
            for (int at = text.indexOf(SIGMA); at >= 0; at = text.indexOf(SIGMA, at + 1)) {
                sigmas.setCharAt(at, casedBefore(text, at) && !casedAfter(text, at + 1) ? '\u03c2' : '\u03c3');
            }
            return sigmas.toString().toLowerCase(Locale.ROOT);
        }
    },
    /** The normalizer {@code Lowercase} of Hugging Face's tokenizers: each character for itself, so a final sigma is none. */
    LOWER_EACH {
        @Override
        public String apply(String text) {
            var lower = new StringBuilder(text.length());
            text.codePoints().forEach(c -> {
                if (c == DOTTED_CAPITAL_I) {
                    lower.append("i\u0307");
                } else {
                    lower.appendCodePoint(Character.toLowerCase(c));
                }
            });
            return lower.toString();
        }
    },
    /** open_clip's {@code whitespace_clean(basic_clean())}: repaired, one blank between words. */
    WHITESPACE {
        @Override
        public String apply(String text) {
            return words(basic(text));
        }
    },
    /** open_clip's {@code _clean_lower}. */
    WHITESPACE_LOWER {
        @Override
        public String apply(String text) {
            return LOWER.apply(WHITESPACE.apply(text));
        }
    },
    /** open_clip's {@code canonicalize_text(basic_clean())}: repaired, no ASCII punctuation, lower case, one blank between words. */
    CANONICAL {
        @Override
        public String apply(String text) {
            var kept = new StringBuilder(text.length());
            basic(text)
                    .replace('_', ' ')
                    .codePoints()
                    .filter(c -> PUNCTUATION.indexOf(c) < 0)
                    .forEach(kept::appendCodePoint);
            return words(LOWER.apply(kept.toString()));
        }
    };

    private static final int DOTTED_CAPITAL_I = 0x130;
    private static final char SIGMA = '\u03a3';

    /** Between letters, by their Word_Break. */
    private static final String IGNORABLE =
            "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

    private static final int NEXT_LINE = 0x85;
    private static final String PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    public abstract String apply(String text);

    private static boolean casedBefore(String text, int at) {
        int before = at;
        while (before > 0 && isCaseIgnorable(text.codePointBefore(before))) {
            before -= Character.charCount(text.codePointBefore(before));
        }
        return before > 0 && isCased(text.codePointBefore(before));
    }

    private static boolean casedAfter(String text, int at) {
        int after = at;
        while (after < text.length() && isCaseIgnorable(text.codePointAt(after))) {
            after += Character.charCount(text.codePointAt(after));
        }
        return after < text.length() && isCased(text.codePointAt(after));
    }

    private static boolean isCased(int c) {
        return Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
    }

    /** Unicode's Case_Ignorable. */
    private static boolean isCaseIgnorable(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> IGNORABLE.indexOf(c) >= 0;
        };
    }

    private static String basic(String text) {
        return HtmlEntities.unescape(HtmlEntities.unescape(Repairs.apply(text)));
    }

    private static String words(String text) {
        var words = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (!isSpace(c)) {
                words.appendCodePoint(c);
            } else if (!words.isEmpty() && words.charAt(words.length() - 1) != ' ') {
                words.append(' ');
            }
        });
        return words.toString().stripTrailing();
    }

    /** As Python's {@code str.split()} has it. */
    private static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE;
    }
}
