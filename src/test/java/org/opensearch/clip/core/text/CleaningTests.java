// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code open_clip.tokenizer}, Python's {@code str.lower()} and the tokenizers library make of one text. */
class CleaningTests {

    private static final String TEXT =
            "\u3000A\u00a0 B\u0085C\td\u2028e \u001c f_g, \u039f\u03a3\u0391\u03a3. \u0130stanbul!  ";

    @Test
    void blanksAreThoseOfPython() {
        assertEquals("A B\u2026C d e f_g, \u039f\u03a3\u0391\u03a3. \u0130stanbul!", Cleaning.WHITESPACE.apply(TEXT));
        assertEquals("\u00e9", Cleaning.WHITESPACE.apply("e\u0301"));
        assertEquals("", Cleaning.WHITESPACE.apply(" \u00a0"));
        assertEquals(TEXT, Cleaning.NONE.apply(TEXT));
    }

    @Test
    void lowerCaseHasAFinalSigmaInPythonOnly() {
        assertEquals("\u03bf\u03c3\u03b1\u03c2 i\u0307", Cleaning.LOWER.apply("\u039f\u03a3\u0391\u03a3 \u0130"));
        assertEquals(
                "\u03bf\u03c2'\u00bda \u03c3 \u03bf\u03c3'\u0301a",
                Cleaning.LOWER.apply("\u039f\u03a3'\u00bdA \u03a3 \u039f\u03a3'\u0301A"));
        assertEquals("\u03bf\u03c3\u03b1\u03c3 i\u0307", Cleaning.LOWER_EACH.apply("\u039f\u03a3\u0391\u03a3 \u0130"));
    }

    /** Beside the texts: what open_clip makes of them, but for ftfy's guess at encodings. Written by {@code qa/parity/repairs.py}. */
    @Test
    void openClipsTextsAreRepairedAsFtfyAndHtmlDoIt() throws IOException {
        List<String> wrong = new ArrayList<>();
        List<String> lines = Files.readAllLines(Path.of("src/test/resources/tokenizers/cleaned.tsv"));
        for (String line : lines) {
            List<String> columns = Arrays.stream(line.split("\t", -1))
                    .map(column -> new Gson().fromJson('"' + column + '"', String.class))
                    .toList();
            List<String> cleaned =
                    List.of(Cleaning.WHITESPACE.apply(columns.get(0)), Cleaning.CANONICAL.apply(columns.get(0)));
            if (!cleaned.equals(columns.subList(1, 3))) {
                wrong.add(line + " became " + cleaned);
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(lines.size() > 4000);
    }

    @Test
    void canonicalTextHasNoPunctuation() {
        assertEquals("a b\u2026c d e f g \u03bf\u03c3\u03b1\u03c2 i\u0307stanbul", Cleaning.CANONICAL.apply(TEXT));
    }
}
