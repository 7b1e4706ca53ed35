// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.OpenSearchException;
import org.opensearch.common.CheckedConsumer;

/** What a parser answers when each of its parameters in turn is a megabyte, in several forms, and when a megabyte is the name of one. */
public final class LongValues {
    private static final int LONG = 1 << 20;
    /** Of a message, with whatever it says of the parameter. */
    private static final int MOST = 2_000;

    private LongValues() {}

    /**
     * @param valid what the parser takes
     * @return how many of the others it has refused, each in a short answer
     */
    public static int refused(Map<String, Object> valid, CheckedConsumer<Map<String, Object>, Exception> parser)
            throws Exception {
        parser.accept(new HashMap<>(valid));
        int refused = 0;
        for (Map<String, Object> body : bodies(valid)) {
            try {
                parser.accept(body);
            } catch (Exception e) {
                requireShort(e);
                refused++;
            }
        }
        return refused;
    }

    private static List<Map<String, Object>> bodies(Map<String, Object> valid) {
        String text = "x".repeat(LONG);
        Object deep = text;
        for (int i = 0; i < 900; i++) {
            deep = i % 2 == 0 ? List.of(deep) : Map.of("a", deep);
        }
        var many = new ArrayList<Object>();
        var keys = new HashMap<String, Object>();
        for (int i = 0; i < LONG / 16; i++) {
            many.add("value number " + i);
            keys.put("key number " + i, i);
        }
        List<Map<String, Object>> bodies = new ArrayList<>();
        for (Object value : List.of(text, List.of(text), many, Map.of(text, "a"), keys, deep)) {
            valid.keySet().forEach(key -> bodies.add(with(valid, Map.of(key, value))));
        }
        valid.keySet().stream()
                .filter(key -> valid.get(key) instanceof Map)
                .forEach(key ->
                        bodies.add(with(valid, Map.of(key, with((Map<?, ?>) valid.get(key), Map.of(text, 1))))));
        bodies.add(with(valid, Map.of(text, 1)));
        bodies.add(with(valid, keys));
        return bodies;
    }

    private static Map<String, Object> with(Map<?, ?> some, Map<String, Object> more) {
        var all = new HashMap<String, Object>();
        some.forEach((key, value) -> all.put((String) key, value));
        all.putAll(more);
        return all;
    }

    public static void requireShort(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            assertTrue(
                    message.length() + " characters: " + message.substring(0, Math.min(300, message.length())),
                    message.length() <= MOST);
            if (cause instanceof OpenSearchException e) {
                String shown = e.getMetadataKeys().stream()
                        .map(e::getMetadata)
                        .toList()
                        .toString();
                assertTrue(shown.length() + " characters with it", shown.length() <= MOST);
            }
        }
    }
}
