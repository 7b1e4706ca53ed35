// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.text.Normalizer;
import java.util.Locale;

/**
 * What a library does to a text before its tokenizer sees it, where {@code tokenizer.json} does not say so. Of
 * ftfy's repairs, which open_clip begins with, only the normal form is done; HTML entities are left as they are.
 */
public enum Cleaning {
    NONE {
        @Override
        public String apply(String text) {
            return text;
        }
    },
    /** Python's {@code str.lower()}, of sentence-transformers. */
    LOWER {
        @Override
        public String apply(String text) {
            return text.toLowerCase(Locale.ROOT);
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
    /** open_clip's {@code whitespace_clean}: composed characters, one blank between words. */
    WHITESPACE {
        @Override
        public String apply(String text) {
            var words = new StringBuilder(text.length());
            Normalizer.normalize(text, Normalizer.Form.NFC).codePoints().forEach(c -> {
                if (!isSpace(c)) {
                    words.appendCodePoint(c);
                } else if (!words.isEmpty() && words.charAt(words.length() - 1) != ' ') {
                    words.append(' ');
                }
            });
            return words.toString().stripTrailing();
        }
    },
    /** open_clip's {@code canonicalize_text}: no ASCII punctuation, lower case, one blank between words. */
    CANONICAL {
        @Override
        public String apply(String text) {
            var kept = new StringBuilder(text.length());
            text.replace('_', ' ')
                    .codePoints()
                    .filter(c -> PUNCTUATION.indexOf(c) < 0)
                    .forEach(kept::appendCodePoint);
            return WHITESPACE.apply(LOWER.apply(kept.toString()));
        }
    };

    private static final int DOTTED_CAPITAL_I = 0x130;
    private static final int NEXT_LINE = 0x85;
    private static final String PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    public abstract String apply(String text);

    /** As Python's {@code str.split()} has it. */
    private static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE;
    }
}
