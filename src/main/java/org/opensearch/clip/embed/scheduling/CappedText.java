// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

/**
 * A text as long as a tokenizer may see it: it reads the whole text even where it keeps 77 tokens.
 *
 * @param cut the text was longer
 */
record CappedText(String text, boolean cut) {

    /** Cuts at a code point, so that the rest has at most {@code maxBytes} bytes of UTF-8. */
    static CappedText of(String text, int maxBytes) {
        if (text.length() <= maxBytes / 3) {
            return new CappedText(text, false);
        }
        int bytes = 0;
        int end = 0;
        while (end < text.length()) {
            int codePoint = text.codePointAt(end);
            bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
            if (bytes > maxBytes) {
                return new CappedText(text.substring(0, end), true);
            }
            end += Character.charCount(codePoint);
        }
        return new CappedText(text, false);
    }
}
