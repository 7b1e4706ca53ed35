// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.nio.charset.Charset;
import java.text.Normalizer;
import java.util.regex.Pattern;

/**
 * What ftfy's {@code fix_text} (6.3) does to a text, which open_clip lets it do to each: straight quotes, no ligatures, Latin letters and
 * Katakana of usual width, one kind of line break, no control characters, normal form C, HTML entities. All but its guess at texts that
 * were decoded as something they are not ({@code fix_encoding}): it takes tables of seven encodings, for what should be mended where the
 * text comes from.
 */
final class Repairs {

    private static final Charset WINDOWS = Charset.forName("windows-1252");
    private static final Pattern LINE_ENDS = Pattern.compile("\r\n|[\r\u2028\u2029\u0085]");
    private static final Pattern COLORS = Pattern.compile("\u001b\\[[\\d;]*[a-zA-Z]");

    /** ftfy knows no end: {@code &amp;amp;amp;..} of 64 kB would take 16,000 passes. */
    private static final int MOST_PASSES = 32;

    /** The one ligature of which ftfy makes something else than normal form KC does. */
    private static final int LONG_ST = 0xfb05;

    private static final String CONTROLS = "\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb\ufffc\ufeff";

    private Repairs() {}

    /** Line by line, as ftfy does: from the first line on that has a tag, entities stay. */
    static String apply(String text) {
        var repaired = new StringBuilder(text.length());
        boolean unescape = true;
        for (int from = 0; from < text.length(); ) {
            int end = text.indexOf('\n', from) + 1;
            String line = text.substring(from, end == 0 ? text.length() : end);
            unescape &= line.indexOf('<') < 0;
            repaired.append(repaired(line, unescape));
            from += line.length();
        }
        return repaired.toString();
    }

    private static String repaired(String line, boolean unescape) {
        String before;
        String after = line;
        int passes = 0;
        do {
            before = after;
            String resolved = unescape ? HtmlEntities.unescapeEnded(before) : before;
            after = Normalizer.normalize(characters(resolved), Normalizer.Form.NFC);
        } while (!after.equals(before) && ++passes < MOST_PASSES);
        return after;
    }

    private static String characters(String line) {
        var straight = new StringBuilder(line.length());
        line.codePoints().forEach(c -> append(straight, c));
        String lines = LINE_ENDS.matcher(straight).replaceAll("\n");
        var visible = new StringBuilder(lines.length());
        COLORS.matcher(lines)
                .replaceAll("")
                .codePoints()
                .filter(c -> !isControl(c))
                .forEach(visible::appendCodePoint);
        return visible.toString();
    }

    private static void append(StringBuilder to, int c) {
        if (c < 0x80) {
            to.append((char) c);
        } else if (c <= 0x9f) {
            append(to, windows(c));
        } else if (Character.getType(c) == Character.SURROGATE) {
            to.append('\ufffd');
        } else {
            append(to, Character.toString(c));
        }
    }

    private static void append(StringBuilder to, String character) {
        int first = character.codePointAt(0);
        String plain = first == LONG_ST
                ? "\u017ft"
                : isLigature(first) || isOddlyWide(first)
                        ? Normalizer.normalize(character, Normalizer.Form.NFKC)
                        : character;
        plain.codePoints().forEach(c -> {
            if (c == 0x2bc || c >= 0x2018 && c <= 0x201b) {
                to.append('\'');
            } else if (c >= 0x201c && c <= 0x201f) {
                to.append('"');
            } else {
                to.appendCodePoint(c);
            }
        });
    }

    /** Of Latin letters; what other scripts join may be meant. */
    private static boolean isLigature(int c) {
        return c == 0x132
                || c == 0x133
                || c == 0x149
                || c >= 0x1c4 && c <= 0x1cc
                || c >= 0x1f1 && c <= 0x1f3
                || c >= 0xfb00 && c <= 0xfb06;
    }

    private static boolean isOddlyWide(int c) {
        return c == 0x3000 || c >= 0xff01 && c <= 0xffef;
    }

    private static boolean isControl(int c) {
        return isAsciiControl(c) || CONTROLS.indexOf(c) >= 0;
    }

    /** But for those that are white space. */
    static boolean isAsciiControl(int c) {
        return c < 0x20 && "\t\n\f\r".indexOf(c) < 0 || c == 0x7f;
    }

    /** The character that Windows has where Unicode has a control character, {@code c} itself where it has none. */
    static String windows(int c) {
        String decoded = new String(new byte[] {(byte) c}, WINDOWS);
        return decoded.equals("\ufffd") ? Character.toString(c) : decoded;
    }
}
