// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Labels.Scored;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestActionListener;
import org.opensearch.rest.action.RestCancellableNodeClient;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/models/{id}/_classify}: which of some labels fit a picture or a text, without training. Sends {@link
 * Embed} as the user; label vectors are kept. Thread-safe.
 */
public final class Classify extends BaseRestHandler {
    private static final Set<String> KEYS = Set.of("inputs", "labels", "prompt", "top_k", "min_score", "timeout");

    /**
     * The body.
     *
     * @param topK at most so many labels an input
     * @param minScore labels of a lower probability are left out
     */
    record Body(List<Source> inputs, Labels labels, int topK, double minScore, TimeValue timeout) {

        /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
        static Body parse(Map<String, Object> json) {
            EmbedBody.refuseUnknown("", json, KEYS);
            var labels = new Labels(
                    strings("labels", json.get("labels")),
                    json.get("prompt") == null ? Labels.NO_PROMPT : strings("prompt", json.get("prompt")));
            return new Body(
                    EmbedBody.inputs(json.get("inputs")),
                    labels,
                    EmbedBody.count("top_k", json.get("top_k"), labels.labels().size()),
                    minScore(json.get("min_score")),
                    EmbedBody.timeout(json.get("timeout")));
        }

        private static List<String> strings(String field, Object value) {
            List<?> list = value instanceof List<?> several ? several : value == null ? List.of() : List.of(value);
            List<String> strings = new ArrayList<>();
            for (Object element : list) {
                strings.add(EmbedBody.string(field, element));
            }
            return strings;
        }

        private static double minScore(Object value) {
            return switch (value) {
                case null -> 0;
                case Number n when n.doubleValue() >= 0 && n.doubleValue() <= 1 -> n.doubleValue();
                default -> throw EmbedBody.wrong("min_score", "a number in [0, 1]", value);
            };
        }

        XContentBuilder answer(
                XContentBuilder json, Response response, List<float[]> vectors, Logits logits, long tookMillis)
                throws IOException {
            EmbedBody.begin(json, response, tookMillis);
            json.field("activation", logits.activation().name().toLowerCase(Locale.ROOT));
            json.field("logit_scale", logits.scale());
            json.field("logit_bias", logits.bias());
            json.field("assumed", logits.assumed());
            json.startArray("results");
            for (Result result : response.results().subList(0, inputs.size())) {
                json.startObject();
                switch (result) {
                    case Result.Vector vector -> labels(json, labels.scored(vector.values(), vectors, logits));
                    case Result.Failure failure -> EmbedBody.failure(json, failure);
                }
                json.endObject();
            }
            return json.endArray().endObject();
        }

        private void labels(XContentBuilder json, List<Scored> scored) throws IOException {
            json.startArray("labels");
            for (Scored one : scored.subList(0, Math.min(topK, scored.size()))) {
                if (one.probability() >= minScore) {
                    json.startObject()
                            .field("label", one.label())
                            .field("probability", one.probability())
                            .endObject();
                }
            }
            json.endArray();
        }
    }

    private final LabelVectors known;

    public Classify(Embedder embedder) {
        this.known = embedder.labels();
    }

    @Override
    public String getName() {
        return "clip_classify";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(POST, "/_plugins/_clip/models/{id}/_classify"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient node) throws IOException {
        Body body;
        try (XContentParser parser = rest.contentParser()) {
            body = Body.parse(parser.map());
        }
        String model = rest.param("id");
        long start = System.nanoTime();
        return channel -> {
            Client client = new RestCancellableNodeClient(node, rest.getHttpChannel());
            // what the model is costs no run, and says whether the labels are known
            client.execute(Embed.ACTION, request(model, List.of(), body), new RestActionListener<>(channel) {
                @Override
                protected void processResponse(Response described) {
                    List<float[]> vectors = known.get(described.fingerprint(), body.labels());
                    List<Source> inputs = new ArrayList<>(body.inputs());
                    if (vectors == null) {
                        inputs.addAll(body.labels().sources());
                    }
                    var request = request(model, inputs, body);
                    client.execute(request.action(), request, answering(channel, body, vectors, start));
                }
            });
        };
    }

    private static Embed.Request request(String model, List<Source> inputs, Body body) {
        return new Embed.Request(model, inputs, Lane.SEARCH, Side.PASSAGE, body.timeout(), null);
    }

    private ActionListener<Response> answering(RestChannel channel, Body body, List<float[]> vectors, long start) {
        return new RestActionListener<>(channel) {
            @Override
            protected void processResponse(Response response) throws IOException {
                List<float[]> labels = vectors;
                if (labels == null) {
                    Map<Source, Result> results = new HashMap<>();
                    List<Source> sources = body.labels().sources();
                    for (int i = 0; i < sources.size(); i++) {
                        results.put(
                                sources.get(i),
                                response.results().get(body.inputs().size() + i));
                    }
                    labels = body.labels().vectors(results::get);
                    known.put(response.fingerprint(), body.labels(), labels);
                }
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                channel.sendResponse(new BytesRestResponse(
                        RestStatus.OK,
                        body.answer(channel.newBuilder(), response, labels, Labels.logits(response), took)));
            }
        };
    }
}
