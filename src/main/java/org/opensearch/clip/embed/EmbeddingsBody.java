// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.Vectors;

/**
 * The body of {@link Embeddings}, in any of the forms that clients of Jina and OpenAI send.
 *
 * @param dimensions the first so many values of a vector, 0 = all
 * @param encodings one or more, in the order asked for
 * @param side by {@code task}: {@code retrieval.query} and its like ask, everything else is a passage
 * @param truncate whether a text longer than the model reads is cut, or an error
 * @param lateChunking asked for, and not done: each input is embedded by itself
 */
record EmbeddingsBody(
        String model,
        List<Source> inputs,
        int dimensions,
        boolean normalized,
        List<Encoding> encodings,
        Side side,
        boolean truncate,
        boolean lateChunking) {

    /** OpenAI's, and that of LlamaIndex's Jina class. */
    private static final int MAX_INPUTS = 2048;

    private static final Set<String> KEYS = Set.of(
            "model",
            "input",
            "dimensions",
            "normalized",
            "embedding_type",
            "encoding_type",
            "encoding_format",
            "task",
            "truncate",
            "late_chunking",
            "user");

    /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
    static EmbeddingsBody parse(Map<String, Object> json) {
        Set<String> unknown = new TreeSet<>(json.keySet());
        unknown.removeAll(KEYS);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("unknown parameters " + unknown + ", known are " + new TreeSet<>(KEYS));
        }
        String task = json.get("task") == null ? "" : string("task", json.get("task"));
        return new EmbeddingsBody(
                string("model", json.get("model")),
                inputs(json.get("input")),
                dimensions(json.get("dimensions")),
                flag("normalized", json, true),
                encodings(json),
                task.endsWith("query") ? Side.QUERY : Side.PASSAGE,
                flag("truncate", json, true),
                flag("late_chunking", json, false));
    }

    /** One input is somebody who waits, a list without a query's task is a batch of documents. */
    Embed.Request request() {
        boolean search = inputs.size() == 1 || side == Side.QUERY;
        Embed.Lane lane = search ? Embed.Lane.SEARCH : Embed.Lane.INGEST;
        return new Embed.Request(model, inputs, lane, side, null, null).cutTo(List.of(dimensions));
    }

    /** @throws IllegalArgumentException when the text was cut and must not be */
    float[] vector(int input, Embed.Result.Vector made) {
        if (made.truncated() && !truncate) {
            throw new IllegalArgumentException(
                    "[input[" + input + "]] is longer than the model reads and [truncate] is false");
        }
        float[] cut = dimensions == 0 ? made.values() : Vectors.truncate(made.values(), dimensions);
        return normalized ? Vectors.normalize(cut) : cut;
    }

    private static List<Source> inputs(Object input) {
        List<?> list = input instanceof List<?> l ? l : input == null ? List.of() : List.of(input);
        if (list.isEmpty() || list.size() > MAX_INPUTS) {
            throw new IllegalArgumentException(
                    "[input] must be a text or an object with one of [text, image, url, bytes], " + "or a list of 1 to "
                            + MAX_INPUTS + " of them, got [" + list.size() + "]");
        }
        List<Source> sources = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            sources.add(source("input[" + i + "]", list.get(i)));
        }
        return sources;
    }

    private static Source source(String name, Object input) {
        if (input instanceof String text) {
            return new Source.Text(text);
        }
        if (input instanceof Map<?, ?> one && one.size() == 1) {
            Map.Entry<?, ?> e = one.entrySet().iterator().next();
            String value = string(name + "." + e.getKey(), e.getValue());
            if (e.getKey().equals("text")) {
                return new Source.Text(value);
            }
            if (Set.of("image", "url", "bytes").contains(e.getKey())) {
                return new Source.Image(value);
            }
        }
        if (input instanceof Number || input instanceof List<?>) {
            throw new IllegalArgumentException("[" + name + "] is token ids, which only the tokenizer of another model "
                    + "understands: send the text (langchain-openai does with check_embedding_ctx_length=False)");
        }
        throw new IllegalArgumentException(
                "[" + name + "] must be a text or an object with one of [text, image, url, bytes]");
    }

    /** Where several of the spellings are sent, Jina's present one counts: OpenAI's client always adds its own. */
    private static List<Encoding> encodings(Map<String, Object> json) {
        for (String key : List.of("embedding_type", "encoding_type", "encoding_format")) {
            Object value = json.get(key);
            if (value != null) {
                Set<Encoding> encodings = new LinkedHashSet<>();
                for (Object name : value instanceof List<?> list ? list : List.of(value)) {
                    encodings.add(Encoding.of(name).orElseThrow(() -> notAnEncoding(key, value)));
                }
                if (encodings.isEmpty()) {
                    throw notAnEncoding(key, value);
                }
                return List.copyOf(encodings);
            }
        }
        return List.of(Encoding.FLOAT);
    }

    private static IllegalArgumentException notAnEncoding(String key, Object value) {
        return new IllegalArgumentException("[" + key + "] must be one of " + Arrays.toString(Encoding.values())
                + " or a list of them, got [" + value + "]");
    }

    /** A number or, as in the example of jina-clip-v2's announcement, a string of digits. */
    private static int dimensions(Object value) {
        if (value == null) {
            return 0;
        }
        if (value instanceof Integer || value instanceof String s && s.matches("[0-9]{1,6}")) {
            int dimensions = Integer.parseInt(value.toString());
            if (dimensions > 0) {
                return dimensions;
            }
        }
        throw new IllegalArgumentException("[dimensions] must be a positive integer, got [" + value + "]");
    }

    private static boolean flag(String key, Map<String, Object> json, boolean fallback) {
        Object value = json.get(key);
        if (value != null && !(value instanceof Boolean)) {
            throw new IllegalArgumentException("[" + key + "] must be true or false, got [" + value + "]");
        }
        return value == null ? fallback : (Boolean) value;
    }

    private static String string(String key, Object value) {
        if (value instanceof String s && !s.isEmpty()) {
            return s;
        }
        throw new IllegalArgumentException(
                value == null ? "[" + key + "] is missing" : "[" + key + "] must be a text that is not empty");
    }
}
