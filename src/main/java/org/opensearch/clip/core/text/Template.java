// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import java.util.List;
import java.util.Map;

/**
 * The post-processor {@code TemplateProcessing}: the native library looks its tokens up without checking that they are
 * there.
 */
final class Template {

    private static final int MOST_PIECES = 16;
    private static final String SHAPE =
            "a list of {\"SpecialToken\": {\"id\", \"type_id\"}} from special_tokens and one {\"Sequence\": {\"id\": \"A\", \"type_id\"}}";

    private Template() {}

    static void check(String where, Map<?, ?> component) {
        Map<?, ?> tokens = component.get("special_tokens") instanceof Map<?, ?> m ? m : Map.of();
        tokens.forEach((name, token) -> Components.require(
                isToken(name, token),
                where + ".special_tokens." + name,
                token,
                "{\"id\", \"ids\", \"tokens\"} of one name"));
        for (String form : List.of("single", "pair")) {
            List<?> pieces = component.get(form) instanceof List<?> l ? l : List.of();
            long texts = pieces.stream().filter(p -> isText(p, "A")).count();
            boolean valid = pieces.size() <= MOST_PIECES
                    && texts == 1
                    && pieces.stream().allMatch(p -> isText(p, "A") || isText(p, "B") || isSpecial(p, tokens));
            Components.require(valid, where + "." + form, component.get(form), SHAPE);
        }
    }

    private static boolean isToken(Object name, Object token) {
        return token instanceof Map<?, ?> t
                && name.equals(t.get("id"))
                && t.get("ids") instanceof List<?> ids
                && t.get("tokens") instanceof List<?> texts
                && ids.size() == texts.size()
                && ids.size() <= MOST_PIECES
                && ids.stream().allMatch(id -> Components.isWhole(id, TokenizerPolicy.MOST_TOKENS));
    }

    private static boolean isText(Object piece, String id) {
        return piece instanceof Map<?, ?> p
                && p.size() == 1
                && p.get("Sequence") instanceof Map<?, ?> s
                && id.equals(s.get("id"))
                && Components.isWhole(s.get("type_id"), 1);
    }

    private static boolean isSpecial(Object piece, Map<?, ?> tokens) {
        return piece instanceof Map<?, ?> p
                && p.size() == 1
                && p.get("SpecialToken") instanceof Map<?, ?> s
                && s.get("id") instanceof String id
                && tokens.containsKey(id)
                && Components.isWhole(s.get("type_id"), 1);
    }
}
