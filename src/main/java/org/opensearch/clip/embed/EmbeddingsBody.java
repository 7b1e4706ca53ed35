// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.model.RequestBody;

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
        RequestBody.refuseUnknown(json, KEYS);
        String task = json.get("task") == null ? "" : JinaSchema.string("task", json.get("task"));
        return new EmbeddingsBody(
                JinaSchema.string("model", json.get("model")),
                JinaSchema.inputs("input", json.get("input")),
                dimensions(json.get("dimensions")),
                JinaSchema.flag("normalized", json, true),
                encodings(json),
                task.endsWith("query") ? Side.QUERY : Side.PASSAGE,
                JinaSchema.flag("truncate", json, true),
                JinaSchema.flag("late_chunking", json, false));
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
                + " or a list of them, got [" + Shown.of(value) + "]");
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
        throw new IllegalArgumentException("[dimensions] must be a positive integer, got [" + Shown.of(value) + "]");
    }
}
