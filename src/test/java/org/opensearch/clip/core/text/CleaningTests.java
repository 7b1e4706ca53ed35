// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What {@code open_clip.tokenizer}, Python's {@code str.lower()} and the tokenizers library make of one text. */
class CleaningTests {

    private static final String TEXT =
            "\u3000A\u00a0 B\u0085C\td\u2028e \u001c f_g, \u039f\u03a3\u0391\u03a3. \u0130stanbul!  ";

    @Test
    void blanksAreThoseOfPython() {
        assertEquals("A B C d e f_g, \u039f\u03a3\u0391\u03a3. \u0130stanbul!", Cleaning.WHITESPACE.apply(TEXT));
        assertEquals("\u00e9", Cleaning.WHITESPACE.apply("e\u0301"));
        assertEquals("", Cleaning.WHITESPACE.apply(" \u00a0"));
        assertEquals(TEXT, Cleaning.NONE.apply(TEXT));
    }

    @Test
    void lowerCaseHasAFinalSigmaInPythonOnly() {
        assertEquals("\u03bf\u03c3\u03b1\u03c2 i\u0307", Cleaning.LOWER.apply("\u039f\u03a3\u0391\u03a3 \u0130"));
        assertEquals("\u03bf\u03c3\u03b1\u03c3 i\u0307", Cleaning.LOWER_EACH.apply("\u039f\u03a3\u0391\u03a3 \u0130"));
    }

    @Test
    void canonicalTextHasNoPunctuation() {
        assertEquals("a b c d e f g \u03bf\u03c3\u03b1\u03c2 i\u0307stanbul", Cleaning.CANONICAL.apply(TEXT));
    }
}
