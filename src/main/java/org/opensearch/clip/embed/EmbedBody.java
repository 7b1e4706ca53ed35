// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestResponse;
import org.opensearch.rest.action.RestResponseListener;

/**
 * The body of {@code _embed}, and the answer in its terms.
 *
 * @param inputs {@code {"text": ..}} or {@code {"image": ..}}; a plain string is a text
 * @param dimensions the first so many values of a vector, 0 = all
 * @param normalize vectors of length 1, default true
 * @param side {@code query} (default; waits in the search lane) or {@code passage} (waits with ingest)
 * @param timeout from leaving the queue, null = the setting of the lane
 */
public record EmbedBody(List<Source> inputs, int dimensions, boolean normalize, Side side, TimeValue timeout) {

    /** An answer is built in one piece, so it must have an end. */
    private static final int MAX_INPUTS = 2048;

    private static final Set<String> KEYS = Set.of("inputs", "dimensions", "normalize", "side", "timeout");

    /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
    static EmbedBody parse(Map<String, Object> body) {
        refuseUnknown("", body, KEYS);
        return new EmbedBody(
                inputs(body.get("inputs")),
                dimensions(body.get("dimensions")),
                normalize(body.get("normalize")),
                side(body.get("side")),
                timeout(body.get("timeout")));
    }

    Request request(String modelId) {
        Lane lane = side == Side.QUERY ? Lane.SEARCH : Lane.INGEST;
        return new Request(modelId, inputs, lane, side, timeout, null).cutTo(List.of(dimensions));
    }

    XContentBuilder answer(XContentBuilder json, Response response, long tookMillis) throws IOException {
        begin(json, response, tookMillis).startArray("results");
        for (int i = 0; i < response.results().size(); i++) {
            json.startObject();
            switch (response.results().get(i)) {
                case Vector v -> vector(json, v, inputs.get(i));
                case Failure f -> failure(json, f);
            }
            json.endObject();
        }
        return json.endArray().endObject();
    }

    /** Writes an answer below a model. */
    interface Writing<T> {
        XContentBuilder write(XContentBuilder json, T answer, long tookMillis) throws IOException;
    }

    /** Answers with how long that took, from now on. */
    static <T> ActionListener<T> answering(RestChannel channel, Writing<T> writing) {
        long start = System.nanoTime();
        return new RestResponseListener<>(channel) {
            @Override
            public RestResponse buildResponse(T answer) throws IOException {
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                return new BytesRestResponse(RestStatus.OK, writing.write(channel.newBuilder(), answer, took));
            }
        };
    }

    /** What answers below a model begin with. */
    static XContentBuilder begin(XContentBuilder json, Response response, long tookMillis) throws IOException {
        return json.startObject()
                .field("took", tookMillis)
                .field("model_id", response.modelId())
                .field("fingerprint", response.fingerprint());
    }

    private void vector(XContentBuilder json, Vector vector, Source of) throws IOException {
        float[] values = dimensions == 0 ? vector.values() : Vectors.truncate(vector.values(), dimensions);
        json.array("embedding", normalize ? Vectors.normalize(values) : values);
        if (of instanceof Source.Text) {
            json.startObject("usage").field("tokens", vector.tokens()).endObject();
        }
        if (vector.truncated()) {
            json.field("truncated", true);
        }
    }

    static void failure(XContentBuilder json, Failure failure) throws IOException {
        json.startObject("error");
        json.field("type", failure.type());
        json.field("reason", failure.reason());
        json.endObject();
        json.field("status", failure.status().getStatus());
    }

    public static List<Source> inputs(Object value) {
        if (!(value instanceof List<?> list)) {
            throw wrong("inputs", "an array of texts and pictures", value);
        }
        if (list.isEmpty() || list.size() > MAX_INPUTS) {
            throw new IllegalArgumentException(
                    "[inputs] must have 1 to " + MAX_INPUTS + " elements, got [" + list.size() + "]");
        }
        List<Source> inputs = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            inputs.add(input("inputs[" + i + "]", list.get(i)));
        }
        return inputs;
    }

    public static Source input(String field, Object value) {
        if (value instanceof String text) {
            return new Source.Text(text);
        }
        if (!(value instanceof Map<?, ?> input)) {
            throw wrong(field, "a string, {\"text\": ..} or {\"image\": ..}", value);
        }
        refuseUnknown(field + ".", input, Set.of("text", "image"));
        if (input.size() != 1) {
            throw new IllegalArgumentException("[" + field + "] must have one of [text] and [image]");
        }
        Object text = input.get("text");
        if (input.containsKey("text")) {
            return new Source.Text(string(field + ".text", text));
        }
        return new Source.Image(string(field + ".image", input.get("image")));
    }

    static int dimensions(Object value) {
        return count("dimensions", value, 0);
    }

    /** @param otherwise when nothing is said */
    static int count(String field, Object value, int otherwise) {
        return switch (value) {
            case null -> otherwise;
            case Integer i when i > 0 -> i;
            default -> throw wrong(field, "a positive integer", value);
        };
    }

    private static boolean normalize(Object value) {
        return switch (value) {
            case null -> true;
            case Boolean b -> b;
            default -> throw wrong("normalize", "true or false", value);
        };
    }

    public static Side side(Object value) {
        return value == null
                ? Side.QUERY
                : Stream.of(Side.values())
                        .filter(side -> side.name().toLowerCase(Locale.ROOT).equals(value))
                        .findAny()
                        .orElseThrow(() -> wrong("side", "\"query\" or \"passage\"", value));
    }

    static TimeValue timeout(Object value) {
        if (value == null) {
            return null;
        }
        TimeValue timeout = TimeValue.parseTimeValue(Shown.of(string("timeout", value)), "timeout");
        if (timeout.nanos() <= 0) {
            throw wrong("timeout", "a positive time such as \"10s\"", value);
        }
        return timeout;
    }

    public static String string(String field, Object value) {
        if (value instanceof String string) {
            return string;
        }
        throw wrong(field, "a string", value);
    }

    public static void refuseUnknown(String prefix, Map<?, ?> object, Set<String> known) {
        for (Object key : object.keySet()) {
            if (!known.contains(key)) {
                throw new IllegalArgumentException("unknown parameter [" + Shown.of(prefix + key) + "], known are "
                        + known.stream().sorted().toList());
            }
        }
    }

    public static IllegalArgumentException wrong(String field, String expected, Object value) {
        String got = switch (value) {
            case null -> "nothing";
            case List<?> l -> "an array";
            case Map<?, ?> m -> "an object";
            default -> "[" + Shown.of(value) + "]";
        };
        return new IllegalArgumentException("[" + Shown.of(field) + "] must be " + expected + ", got " + got);
    }
}
