// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.opensearch.clip.core.message.Shown;

/** The section {@code model} of a {@code tokenizer.json}: vocabulary and merges are counted, the rest is checked. */
final class ModelSection {

    private static final int MOST_MERGES = 1 << 21;
    private static final int LONGEST_TOKEN = 1_024;
    private static final Set<String> TYPES = Set.of("BPE", "Unigram", "WordPiece");

    private final JsonReader in;
    private final String wanted;
    private OptionalLong wantedId = OptionalLong.empty();
    private boolean scored;

    private ModelSection(JsonReader in, String wanted) {
        this.in = in;
        this.wanted = wanted;
    }

    /**
     * @param wanted a token to look for, may be null
     * @return its id, if the vocabulary has it
     */
    static OptionalLong read(JsonReader in, String wanted) throws IOException {
        var section = new ModelSection(in, wanted);
        section.read();
        return section.wantedId;
    }

    private void read() throws IOException {
        var rest = new LinkedHashMap<String, Object>();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (rest.put(name, name) != null) {
                throw new IllegalArgumentException("tokenizer.json: [model." + Shown.of(name) + "] is there twice");
            }
            switch (name) {
                case "vocab" -> vocabulary();
                case "merges" -> merges();
                default -> rest.put(name, SmallJson.read(in, "model." + name));
            }
        }
        in.endObject();
        check(rest);
    }

    /** Files of before tokenizers 0.9 name no type, so the library takes the one whose fields are there. */
    private void check(Map<String, Object> rest) {
        String implied = rest.containsKey("merges") ? "BPE" : scored ? "Unigram" : "WordPiece";
        Object type = rest.getOrDefault("type", implied);
        Components.require(
                implied.equals(type) || !TYPES.contains(type), "model.type", type, "for this vocabulary " + implied);
        rest.put("type", type);
        rest.remove("vocab");
        rest.remove("merges");
        Components.check("model", rest);
    }

    private void vocabulary() throws IOException {
        scored = in.peek() == JsonToken.BEGIN_ARRAY;
        if (scored) {
            scores();
        } else {
            ids();
        }
    }

    /** {@code {"token": id}} */
    private void ids() throws IOException {
        in.beginObject();
        for (int n = 0; in.hasNext(); n++) {
            limit("model.vocab", n, TokenizerPolicy.MOST_TOKENS);
            String token = token(in.nextName());
            long id = in.nextLong();
            boolean valid = id >= 0 && id <= TokenizerPolicy.MOST_TOKENS;
            Components.require(valid, "model.vocab", id, "ids up to " + TokenizerPolicy.MOST_TOKENS);
            if (token.equals(wanted)) {
                wantedId = OptionalLong.of(id);
            }
        }
        in.endObject();
    }

    /** {@code [["token", score]]}, the id is the place. */
    private void scores() throws IOException {
        in.beginArray();
        for (int n = 0; in.hasNext(); n++) {
            limit("model.vocab", n, TokenizerPolicy.MOST_TOKENS);
            in.beginArray();
            if (token(in.nextString()).equals(wanted)) {
                wantedId = OptionalLong.of(n);
            }
            double score = in.nextDouble();
            Components.require(Double.isFinite(score), "model.vocab", score, "finite scores");
            in.endArray();
        }
        in.endArray();
    }

    /** {@code ["a b"]}, or {@code [["a", "b"]]} since tokenizers 0.20. */
    private void merges() throws IOException {
        in.beginArray();
        for (int n = 0; in.hasNext(); n++) {
            limit("model.merges", n, MOST_MERGES);
            if (in.peek() == JsonToken.BEGIN_ARRAY) {
                in.beginArray();
                token(in.nextString());
                token(in.nextString());
                in.endArray();
            } else {
                token(in.nextString());
            }
        }
        in.endArray();
    }

    private static String token(String token) {
        int length = token.length();
        boolean valid = length <= 2 * LONGEST_TOKEN + 1;
        Components.require(valid, "model", "a token of " + length + " characters", "at most " + LONGEST_TOKEN);
        return token;
    }

    static void limit(String where, int n, int most) {
        Components.require(n < most, where, "longer than " + most, "at most " + most + " entries");
    }
}
