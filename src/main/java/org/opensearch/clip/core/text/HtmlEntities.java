// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Character references of HTML 5, read as Python's {@code html.unescape} and as ftfy read them: a text in which only one of the two
 * resolves {@code &RAQUO;} has other tokens. The names are those of Python's {@code html.entities.html5}, written by {@code
 * qa/parity/repairs.py}.
 */
final class HtmlEntities {

    private static final Map<String, String> NAMED = read();
    private static final Pattern ANY = Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");
    private static final Pattern ENDED = Pattern.compile("&#?[0-9A-Za-z]{1,24};");
    private static final String UNKNOWN = "\ufffd";

    private HtmlEntities() {}

    /** As a browser does it: a name may lack its semicolon, and be the beginning of a longer word. */
    static String unescape(String text) {
        return text.indexOf('&') < 0
                ? text
                : ANY.matcher(text).replaceAll(found -> Matcher.quoteReplacement(resolve(found.group(1))));
    }

    /** As ftfy does it: only what ends in a semicolon, and names in capitals where they are nobody else's. */
    static String unescapeEnded(String text) {
        return text.indexOf('&') < 0
                ? text
                : ENDED.matcher(text).replaceAll(found -> Matcher.quoteReplacement(ended(found.group())));
    }

    private static String ended(String reference) {
        if (reference.startsWith("&#")) {
            String resolved = unescape(reference);
            return resolved.indexOf(';') < 0 ? resolved : reference;
        }
        String name = reference.substring(1);
        String named = NAMED.get(name);
        if (named != null) {
            return named;
        }
        String small = lower(name);
        String capitals = NAMED.get(small);
        // all in capitals, of a name all in small letters, and nothing that a browser would begin to read
        return capitals != null
                        && upper(small).equals(name)
                        && unescape(reference).equals(reference)
                ? capitals.toUpperCase(Locale.ROOT)
                : reference;
    }

    private static String resolve(String reference) {
        if (reference.charAt(0) == '#') {
            return numeric(reference);
        }
        for (int length = reference.length(); length > 1; length--) {
            String named = NAMED.get(reference.substring(0, length));
            if (named != null) {
                return named + reference.substring(length);
            }
        }
        return "&" + reference;
    }

    private static String numeric(String reference) {
        boolean hex = reference.charAt(1) == 'x' || reference.charAt(1) == 'X';
        String digits = reference.substring(hex ? 2 : 1).replace(";", "").replaceFirst("^0+(?=.)", "");
        int code = digits.length() > 7 ? Integer.MAX_VALUE : Integer.parseInt(digits, hex ? 16 : 10);
        if (code == 0 || code > Character.MAX_CODE_POINT || code <= 0xffff && Character.isSurrogate((char) code)) {
            return UNKNOWN;
        }
        if (code >= 0x80 && code <= 0x9f) {
            return Repairs.windows(code);
        }
        boolean noCharacter = code >= 0xfdd0 && code <= 0xfdef || (code & 0xfffe) == 0xfffe;
        return Repairs.isAsciiControl(code) || noCharacter ? "" : Character.toString(code);
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static String upper(String name) {
        return name.toUpperCase(Locale.ROOT);
    }

    private static Map<String, String> read() {
        try (InputStream file = HtmlEntities.class.getResourceAsStream("html-entities.tsv");
                BufferedReader lines = new BufferedReader(new InputStreamReader(file, StandardCharsets.US_ASCII))) {
            Map<String, String> named = new HashMap<>();
            lines.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                String[] columns = line.split("\t");
                var text = new StringBuilder();
                for (String code : columns[1].split(" ")) {
                    text.appendCodePoint(Integer.parseInt(code, 16));
                }
                named.put(columns[0], text.toString());
            });
            return Map.copyOf(named);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
