// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Labelling.Answer;
import org.opensearch.clip.embed.Labels.Scored;
import org.opensearch.clip.model.RequestBody;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestCancellableNodeClient;
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
    record Body(Labelling labelling, int topK, double minScore) {

        /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
        static Body parse(String model, Map<String, Object> json) {
            EmbedBody.refuseUnknown("", json, KEYS);
            var labels = new Labels(
                    strings("labels", json.get("labels")),
                    json.get("prompt") == null ? Labels.NO_PROMPT : strings("prompt", json.get("prompt")));
            List<Source> inputs = EmbedBody.inputs(json.get("inputs"));
            int topK =
                    EmbedBody.count("top_k", json.get("top_k"), labels.labels().size());
            labels.requireAnswer(inputs.size(), topK, "ask for fewer labels by [top_k]");
            return new Body(
                    new Labelling(model, inputs, labels, EmbedBody.timeout(json.get("timeout"))),
                    topK,
                    minScore(json.get("min_score")));
        }

        private static double minScore(Object value) {
            return switch (value) {
                case null -> 0;
                case Number n when n.doubleValue() >= 0 && n.doubleValue() <= 1 -> n.doubleValue();
                default -> throw EmbedBody.wrong("min_score", "a number in [0, 1]", value);
            };
        }

        XContentBuilder answer(XContentBuilder json, Answer answer, long tookMillis) throws IOException {
            Logits logits = answer.logits();
            EmbedBody.begin(json, answer.response(), tookMillis);
            json.field("activation", logits.activation().name().toLowerCase(Locale.ROOT));
            json.field("logit_scale", logits.scale());
            json.field("logit_bias", logits.bias());
            json.field("assumed", logits.assumed());
            json.startArray("results");
            for (Result result : answer.results()) {
                json.startObject();
                switch (result) {
                    case Result.Vector vector -> labels(json, answer.scored(vector));
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

    private static List<String> strings(String field, Object value) {
        List<?> list = value instanceof List<?> several ? several : value == null ? List.of() : List.of(value);
        List<String> strings = new ArrayList<>();
        for (Object element : list) {
            strings.add(EmbedBody.string(field, element));
        }
        return strings;
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
    protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient node) {
        Body body = Body.parse(rest.param("id"), RequestBody.read(rest));
        return channel -> body.labelling()
                .run(
                        new RestCancellableNodeClient(node, rest.getHttpChannel()),
                        known,
                        EmbedBody.answering(channel, body::answer));
    }

    /**
     * {@code POST /_plugins/_clip/v1/classify}: the same in Jina's schema. All inputs or none: the first that fails fails the request; labels in the
     * order they were given.
     */
    public static final class InJinaSchema extends BaseRestHandler {
        private static final Set<String> KEYS = Set.of("model", "input", "labels");

        private final LabelVectors known;

        public InJinaSchema(Embedder embedder) {
            this.known = embedder.labels();
        }

        /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
        static Labelling parse(Map<String, Object> json) {
            RequestBody.refuseUnknown(json, KEYS);
            var labels = new Labels(strings("labels", json.get("labels")), Labels.NO_PROMPT);
            List<Source> inputs = JinaSchema.inputs("input", json.get("input"));
            labels.requireAnswer(inputs.size(), labels.labels().size(), "send fewer in [input] or in [labels]");
            return new Labelling(JinaSchema.string("model", json.get("model")), inputs, labels, null);
        }

        @Override
        public String getName() {
            return "clip_classify_in_jina_schema";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(POST, "/_plugins/_clip/v1/classify"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient node) {
            Labelling labelling;
            try {
                labelling = parse(RequestBody.read(rest));
            } catch (Exception e) {
                return channel -> JinaSchema.fail(channel, e);
            }
            return channel -> labelling.run(
                    new RestCancellableNodeClient(node, rest.getHttpChannel()),
                    known,
                    JinaSchema.answering(channel, answer -> answer(channel, answer)));
        }

        private static void answer(RestChannel channel, Answer answer) throws IOException {
            int tokens = 0;
            for (int i = 0; i < answer.results().size(); i++) {
                switch (answer.results().get(i)) {
                    case Result.Vector vector -> tokens += vector.tokens();
                    case Result.Failure failure -> {
                        JinaSchema.fail(channel, "input[" + i + "]", failure);
                        return;
                    }
                }
            }
            channel.sendResponse(new BytesRestResponse(RestStatus.OK, json(channel.newBuilder(), answer, tokens)));
        }

        private static XContentBuilder json(XContentBuilder json, Answer answer, int tokens) throws IOException {
            json.startObject().startArray("data");
            for (int i = 0; i < answer.results().size(); i++) {
                List<Scored> scored =
                        answer.inOrder((Result.Vector) answer.results().get(i));
                Scored best = Collections.max(scored, Comparator.comparingDouble(Scored::probability));
                json.startObject().field("object", "classification").field("index", i);
                json.field("prediction", best.label()).field("score", best.probability());
                json.startArray("predictions");
                for (Scored one : scored) {
                    json.startObject().field("label", one.label());
                    json.field("score", one.probability()).endObject();
                }
                json.endArray().endObject();
            }
            json.endArray();
            JinaSchema.usage(json, tokens);
            return json.endObject();
        }
    }
}
