// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.message;

import java.util.Collection;
import java.util.Map;

/**
 * A value that a caller or a file brings, as a message shows it: as it prints itself, and no longer than a message should be. A value
 * of megabytes is not printed first and cut then. Safe for use by many threads.
 */
public final class Shown {
    private static final int MOST = 200;
    private static final int MOST_OF_A_REASON = 1_000;
    private static final int MOST_OF_A_FILE = 100;
    private static final String CUT = "..";

    private final StringBuilder text = new StringBuilder();
    private final int most;

    private Shown(int most) {
        this.most = most;
    }

    /** @return at most 200 characters and the mark of a cut; {@code value} itself where it is a shorter text */
    public static String of(Object value) {
        return shown(value, MOST);
    }

    /** What somebody else's exception says, at most 1,000 characters: it may repeat what it was given. */
    public static String reason(Throwable failure) {
        return shown(failure.getMessage(), MOST_OF_A_REASON);
    }

    /** Whether this or a cause of it says more than {@link #reason} shows: who answers with it must leave the causes out. */
    public static boolean isLong(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null && cause.getMessage().length() > MOST_OF_A_REASON) {
                return true;
            }
        }
        return false;
    }

    /** What a model's file says: at most 100 characters, and nothing that could be taken for a line of a log. */
    public static String printable(String text) {
        return printable(text, MOST_OF_A_FILE);
    }

    /** @param most characters */
    public static String printable(String text, int most) {
        return shown(text, most).replaceAll("[^ -~]", "?");
    }

    private static String shown(Object value, int most) {
        var shown = new Shown(most);
        shown.append(value);
        return shown.text.length() > most ? shown.cut() : shown.text.toString();
    }

    private String cut() {
        boolean inPair = Character.isHighSurrogate(text.charAt(most - 1));
        text.setLength(inPair ? most - 1 : most);
        return text.append(CUT).toString();
    }

    /** Goes no deeper and no further than the text is wanted: each level and each element is a character at least. */
    private void append(Object value) {
        switch (value) {
            case CharSequence given -> text.append(given, 0, Math.min(given.length(), most + 1));
            case Map<?, ?> map -> {
                String between = "{";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    if (text.length() > most) {
                        return;
                    }
                    text.append(between);
                    append(entry.getKey());
                    text.append('=');
                    append(entry.getValue());
                    between = ", ";
                }
                text.append(map.isEmpty() ? "{}" : "}");
            }
            case Collection<?> list -> {
                String between = "[";
                for (Object element : list) {
                    if (text.length() > most) {
                        return;
                    }
                    text.append(between);
                    append(element);
                    between = ", ";
                }
                text.append(between.equals("[") ? "[]" : "]");
            }
            case null, default -> text.append(value);
        }
    }
}
