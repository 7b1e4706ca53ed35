// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.EmbedBody;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/**
 * Inputs and the vectors that a reference makes of them: {@code golden.json} of a model, or the body of {@code _verify}.
 *
 * @param inputs texts, and pictures as base64 or data URI
 * @param embeddings one an input, of any length but 0, as long as the model's vectors or longer
 * @param side whose prompt the reference put before the texts
 * @param variant the precision of the model's weights without suffix, {@code fp32} unless the file says otherwise
 * @param expected the lowest cosine that is right, by variant; for {@code fp32} and {@code fp16} there is one anyway
 */
record Goldens(List<Source> inputs, List<float[]> embeddings, Side side, String variant, Map<String, Double> expected)
        implements Writeable {

    private static final Set<String> KEYS = Set.of("reference", "variant", "expected", "side", "inputs", "embeddings");
    private static final Map<String, Double> CONTRACT = Map.of("fp32", 0.9999, "fp16", 0.999);

    Goldens {
        inputs = List.copyOf(inputs);
        embeddings = List.copyOf(embeddings);
        expected = Map.copyOf(expected);
        if (inputs.size() != embeddings.size()) {
            throw new IllegalArgumentException("[embeddings] must have one vector an input, got [" + embeddings.size()
                    + "] for [" + inputs.size() + "] inputs");
        }
        if (inputs.stream().anyMatch(Source::isUrl)) {
            throw new IllegalArgumentException(
                    "[inputs] must hold the pictures themselves, as base64 or data URI: what is behind a URL may change");
        }
    }

    Goldens(StreamInput in) throws IOException {
        this(
                Frame.begin(in).readList(Source::read),
                in.readList(StreamInput::readFloatArray),
                in.readEnum(Side.class),
                in.readString(),
                in.readMap(StreamInput::readString, StreamInput::readDouble));
        Frame.end(in);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeList(inputs);
        out.writeCollection(embeddings, StreamOutput::writeFloatArray);
        out.writeEnum(side);
        out.writeString(variant);
        out.writeMap(expected, StreamOutput::writeString, StreamOutput::writeDouble);
        Frame.end(out);
    }

    /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
    static Goldens parse(Map<String, Object> json) {
        EmbedBody.refuseUnknown("", json, KEYS);
        return new Goldens(
                EmbedBody.inputs(json.get("inputs")),
                embeddings(json.get("embeddings")),
                EmbedBody.side(json.get("side")),
                json.get("variant") == null ? "fp32" : Shown.of(EmbedBody.string("variant", json.get("variant"))),
                expected(json.get("expected")));
    }

    /** @return the lowest cosine that is right for a variant, {@code null} when nobody says so */
    Double threshold(String ofVariant) {
        return expected.getOrDefault(ofVariant, CONTRACT.get(ofVariant));
    }

    /**
     * @param dimension of the model's vectors
     * @throws IllegalArgumentException when a reference is shorter
     */
    void requireLength(int dimension) {
        for (int i = 0; i < embeddings.size(); i++) {
            requireLength(i, dimension);
        }
    }

    private void requireLength(int input, int dimension) {
        int length = embeddings.get(input).length;
        if (length < dimension) {
            throw new IllegalArgumentException(
                    "[embeddings[" + input + "]] has [" + length + "] values, the model makes [" + dimension + "]");
        }
    }

    /**
     * Of an input's vector and its reference, over as many values as the model gives: one that was declared shorter is cut.
     *
     * @throws IllegalArgumentException when a reference is shorter than the vector
     */
    double cosine(int input, float[] vector) {
        requireLength(input, vector.length);
        float[] reference = embeddings.get(input);
        return Vectors.dot(Vectors.normalize(Vectors.truncate(reference, vector.length)), Vectors.normalize(vector));
    }

    private static List<float[]> embeddings(Object value) {
        if (!(value instanceof List<?> list)) {
            throw EmbedBody.wrong("embeddings", "an array of vectors", value);
        }
        List<float[]> embeddings = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            embeddings.add(vector("embeddings[" + i + "]", list.get(i)));
        }
        return embeddings;
    }

    private static float[] vector(String field, Object value) {
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw EmbedBody.wrong(field, "an array of numbers", value);
        }
        float[] vector = new float[list.size()];
        for (int i = 0; i < vector.length; i++) {
            if (!(list.get(i) instanceof Number number)) {
                throw EmbedBody.wrong(field + "[" + i + "]", "a number", list.get(i));
            }
            vector[i] = number.floatValue();
            if (!Float.isFinite(vector[i])) {
                throw EmbedBody.wrong(field + "[" + i + "]", "a number of 32 bits", number);
            }
        }
        if (Vectors.dot(vector, vector) == 0) {
            throw EmbedBody.wrong(field, "a vector that is not zero", value);
        }
        return vector;
    }

    private static Map<String, Double> expected(Object value) {
        if (value != null && !(value instanceof Map<?, ?>)) {
            throw EmbedBody.wrong("expected", "an object of cosines by variant", value);
        }
        Map<String, Double> expected = new TreeMap<>();
        if (value instanceof Map<?, ?> byVariant) {
            byVariant.forEach((variant, cosine) -> {
                if (!(cosine instanceof Number number) || Math.abs(number.doubleValue()) > 1) {
                    throw EmbedBody.wrong("expected." + variant, "a cosine", cosine);
                }
                expected.put(((String) variant).toLowerCase(Locale.ROOT), number.doubleValue());
            });
        }
        return expected;
    }
}
