// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.opensearch.ExceptionsHelper;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestRequest;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/v1/embeddings}: the embeddings schema of Jina and OpenAI over {@link Embed}, for clients whose base URL can be
 * set. All inputs or none, as there: the first input that fails fails the request. An error carries OpenSearch's {@code error} and, for
 * those clients, {@code detail}.
 */
public final class Embeddings extends BaseRestHandler {

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

    /** How a vector is written. */
    enum Encoding {
        FLOAT {
            @Override
            void write(XContentBuilder json, float[] vector) throws IOException {
                json.array("embedding", vector);
            }
        },
        /** 32-bit floats, little-endian. */
        BASE64 {
            @Override
            void write(XContentBuilder json, float[] vector) throws IOException {
                ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(vector);
                json.field("embedding", Base64.getEncoder().encodeToString(bytes.array()));
            }
        },
        /** One bit a dimension, 1 where it is positive, the first in the highest bit; eight make a signed byte. */
        BINARY {
            @Override
            void write(XContentBuilder json, float[] vector) throws IOException {
                json.startArray("embedding");
                for (byte b : bits(vector)) {
                    json.value(b);
                }
                json.endArray();
            }
        },
        /** The same, as unsigned bytes. */
        UBINARY {
            @Override
            void write(XContentBuilder json, float[] vector) throws IOException {
                json.startArray("embedding");
                for (byte b : bits(vector)) {
                    json.value(b & 0xff);
                }
                json.endArray();
            }
        };

        abstract void write(XContentBuilder json, float[] vector) throws IOException;

        private static byte[] bits(float[] vector) {
            byte[] bits = new byte[(vector.length + 7) / 8];
            for (int i = 0; i < vector.length; i++) {
                if (vector[i] > 0) {
                    bits[i / 8] |= (byte) (0x80 >> i % 8);
                }
            }
            return bits;
        }

        static Encoding parse(String key, Object value) {
            Object one = value instanceof List<?> list && list.size() == 1 ? list.get(0) : value;
            for (Encoding e : values()) {
                if (e.name().toLowerCase(Locale.ROOT).equals(one)) {
                    return e;
                }
            }
            throw new IllegalArgumentException(
                    "[" + key + "] must be one of [float, base64, binary, ubinary], got [" + value + "]");
        }
    }

    /**
     * @param dimensions 0 = the model's own
     * @param truncate whether a text longer than the model reads is cut, or an error
     */
    record Body(
            String model,
            List<Source> inputs,
            int dimensions,
            boolean normalized,
            Encoding encoding,
            Embed.Side side,
            boolean truncate) {

        static Body parse(Map<String, Object> json) {
            Set<String> unknown = new TreeSet<>(json.keySet());
            unknown.removeAll(KEYS);
            if (!unknown.isEmpty()) {
                throw new IllegalArgumentException(
                        "unknown parameters " + unknown + ", known are " + new TreeSet<>(KEYS));
            }
            Encoding encoding = Encoding.FLOAT;
            for (String key : List.of("encoding_format", "encoding_type", "embedding_type")) {
                encoding = json.get(key) == null ? encoding : Encoding.parse(key, json.get(key));
            }
            String task = json.get("task") == null ? "" : string("task", json.get("task"));
            return new Body(
                    string("model", json.get("model")),
                    inputs(json.get("input")),
                    dimensions(json.get("dimensions")),
                    flag("normalized", json, true),
                    encoding,
                    task.endsWith("query") ? Embed.Side.QUERY : Embed.Side.PASSAGE,
                    flag("truncate", json, true));
        }

        private static List<Source> inputs(Object input) {
            List<?> list = input instanceof List<?> l ? l : input == null ? List.of() : List.of(input);
            if (list.isEmpty()) {
                throw new IllegalArgumentException(
                        "[input] must be a text, or a list of texts and of objects with one of [text, image, url, bytes]");
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
            throw new IllegalArgumentException(
                    "[" + name + "] must be a text or an object with one of [text, image, url, bytes]"
                            + (input instanceof Number || input instanceof List<?>
                                    ? ": token ids are not understood, send the text"
                                    : ""));
        }

        /** The articles' own example sends {@code "768"}. */
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
            throw new IllegalArgumentException("[" + key + "] must be a text, got [" + value + "]");
        }

        /** @throws IllegalArgumentException when an input failed otherwise than by its own status */
        float[] vector(int i, Embed.Result.Vector v) {
            if (v.truncated() && !truncate) {
                throw new IllegalArgumentException(
                        "[input[" + i + "]] is longer than the model reads and [truncate] is false");
            }
            if (dimensions > v.values().length) {
                throw new IllegalArgumentException(
                        "[dimensions] is [" + dimensions + "], more than the model's [" + v.values().length + "]");
            }
            float[] cut = dimensions == 0 ? v.values() : Vectors.truncate(v.values(), dimensions);
            return normalized ? Vectors.normalize(cut) : cut;
        }
    }

    @Override
    public String getName() {
        return "clip_embeddings_action";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(POST, "/_plugins/_clip/v1/embeddings"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        Body body;
        try (XContentParser parser = request.contentOrSourceParamParser()) {
            body = Body.parse(parser.map());
        } catch (IllegalArgumentException e) {
            return channel -> fail(channel, e);
        }
        var embed = new Embed.Request(body.model(), body.inputs(), Embed.Lane.SEARCH, body.side(), null, null);
        return channel -> client.execute(
                embed.action(),
                embed,
                ActionListener.wrap(response -> answer(channel, body, response), e -> fail(channel, e)));
    }

    private static void answer(RestChannel channel, Body body, Embed.Response response) throws IOException {
        List<float[]> vectors = new ArrayList<>();
        int tokens = 0;
        for (int i = 0; i < response.results().size(); i++) {
            switch (response.results().get(i)) {
                case Embed.Result.Failure f -> {
                    fail(channel, f.status(), f.type(), "[input[" + i + "]] " + f.reason());
                    return;
                }
                case Embed.Result.Vector v -> {
                    tokens += v.tokens();
                    vectors.add(body.vector(i, v));
                }
            }
        }
        try (XContentBuilder json = channel.newBuilder()) {
            json.startObject()
                    .field("model", response.modelId())
                    .field("object", "list")
                    .startArray("data");
            for (int i = 0; i < vectors.size(); i++) {
                json.startObject().field("object", "embedding").field("index", i);
                body.encoding().write(json, vectors.get(i));
                json.endObject();
            }
            json.endArray();
            json.startObject("usage")
                    .field("total_tokens", tokens)
                    .field("prompt_tokens", tokens)
                    .endObject();
            channel.sendResponse(new BytesRestResponse(RestStatus.OK, json.endObject()));
        }
    }

    private static void fail(RestChannel channel, Exception e) {
        Throwable cause = ExceptionsHelper.unwrapCause(e);
        try {
            fail(
                    channel,
                    ExceptionsHelper.status(cause),
                    org.opensearch.OpenSearchException.getExceptionName(cause),
                    cause.getMessage());
        } catch (IOException impossible) {
            throw new java.io.UncheckedIOException(impossible);
        }
    }

    private static void fail(RestChannel channel, RestStatus status, String type, String reason) throws IOException {
        try (XContentBuilder json = channel.newErrorBuilder()) {
            json.startObject().field("detail", reason);
            json.startObject("error")
                    .field("type", type)
                    .field("reason", reason)
                    .field("message", reason)
                    .endObject();
            channel.sendResponse(new BytesRestResponse(
                    status, json.field("status", status.getStatus()).endObject()));
        }
    }
}
