// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.clip.embed.Comparison.Answer;
import org.opensearch.clip.embed.Comparison.Scored;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.model.RequestBody;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestCancellableNodeClient;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/models/{id}/_similarity}: how near texts and pictures are to one of them, best first, without an index. Sends
 * {@link Embed} as the user. Inputs that fail come last, each with its error.
 */
public final class Similarity extends BaseRestHandler {
    private static final Set<String> KEYS = Set.of("query", "inputs", "top_k", "dimensions", "timeout");

    /** @param topK at most so many that have a score */
    record Body(Comparison comparison, int topK) {

        /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
        static Body parse(String model, Map<String, Object> json) {
            EmbedBody.refuseUnknown("", json, KEYS);
            List<Source> inputs = EmbedBody.inputs(json.get("inputs"));
            return new Body(
                    new Comparison(
                            model,
                            EmbedBody.input("query", json.get("query")),
                            inputs,
                            EmbedBody.dimensions(json.get("dimensions")),
                            EmbedBody.timeout(json.get("timeout"))),
                    EmbedBody.count("top_k", json.get("top_k"), inputs.size()));
        }

        XContentBuilder answer(XContentBuilder json, Answer answer, long tookMillis) throws IOException {
            EmbedBody.begin(json, answer.response(), tookMillis).startArray("results");
            for (Scored one : answer.scored().stream().limit(topK).toList()) {
                json.startObject()
                        .field("index", one.index())
                        .field("similarity", (float) one.similarity())
                        .field("score", (float) one.score())
                        .endObject();
            }
            for (Map.Entry<Integer, Failure> one : answer.failed().entrySet()) {
                json.startObject().field("index", one.getKey());
                EmbedBody.failure(json, one.getValue());
                json.endObject();
            }
            return json.endArray().endObject();
        }
    }

    @Override
    public String getName() {
        return "clip_similarity";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(POST, "/_plugins/_clip/models/{id}/_similarity"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient node) {
        Body body = Body.parse(rest.param("id"), RequestBody.read(rest));
        return channel -> body.comparison()
                .run(
                        new RestCancellableNodeClient(node, rest.getHttpChannel()),
                        EmbedBody.answering(channel, body::answer));
    }
}
