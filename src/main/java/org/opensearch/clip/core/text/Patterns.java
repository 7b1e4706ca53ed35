// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * The regular expressions that may reach the native library. Its engine backtracks and a match that gives up ends the
 * whole process, so there are two kinds only: the constants of the known families, and alternatives of one character
 * class with one quantifier each, which cannot backtrack.
 */
final class Patterns {

    static final Set<String> KNOWN = Set.of(
            // CLIP, as converted and as written since transformers 5
            "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
            "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
            // GPT-2
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            // Llama 3 and cl100k, Qwen 2
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    private static final String CLASS = "\\\\[sdwnrt]|\\\\[^a-zA-Z0-9]|\\\\p\\{[A-Z][a-z]?\\}";
    private static final String SET = "\\[\\^?(?:[^\\[\\]\\\\&]|&(?!&)|" + CLASS + ")+\\]";
    private static final String ONE_CHARACTER = "(?:[^\\\\\\[\\](){}*+?.|^$]|" + CLASS + "|" + SET + ")";
    private static final String RUN = ONE_CHARACTER + "(?:\\+|\\{[1-9],?\\})?";
    private static final Pattern RUNS = Pattern.compile(RUN + "(?:\\|" + RUN + "){0,7}", Pattern.DOTALL);
    private static final int LONGEST = 200;

    private Patterns() {}

    static boolean allowed(String regex) {
        return KNOWN.contains(regex)
                || regex.length() <= LONGEST && RUNS.matcher(regex).matches();
    }
}
