// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.clip.embed.Comparison.Answer;
import org.opensearch.clip.embed.Comparison.Scored;
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
 * {@code POST /_plugins/_clip/v1/rerank}: Jina's rerank schema over {@link Comparison}, for clients whose URL can be set. All documents or none:
 * the first that fails fails the request. A score is k-NN's, so that it is in [0, 1] as theirs are.
 */
public final class Rerank extends BaseRestHandler {
    private static final Set<String> KEYS = Set.of("model", "query", "documents", "top_n", "return_documents");

    /**
     * @param topN at most so many results
     * @param returnDocuments whether each result has its document with it
     */
    record Body(Comparison comparison, int topN, boolean returnDocuments) {

        /** @throws IllegalArgumentException naming the field that is missing, unknown or of the wrong type */
        static Body parse(Map<String, Object> json) {
            RequestBody.refuseUnknown(json, KEYS);
            String model = JinaSchema.string("model", json.get("model"));
            Source query = JinaSchema.input("query", json.get("query"));
            List<Source> documents = JinaSchema.inputs("documents", json.get("documents"));
            return new Body(
                    new Comparison(model, query, documents, 0, null),
                    EmbedBody.count("top_n", json.get("top_n"), documents.size()),
                    JinaSchema.flag("return_documents", json, true));
        }

        XContentBuilder answer(XContentBuilder json, Answer answer) throws IOException {
            json.startObject().field("model", answer.response().modelId()).field("object", "list");
            json.startArray("results");
            for (Scored one : answer.scored().stream().limit(topN).toList()) {
                json.startObject().field("index", one.index()).field("relevance_score", (float) one.score());
                if (returnDocuments) {
                    json.startObject("document");
                    switch (comparison.inputs().get(one.index())) {
                        case Source.Text text -> json.field("text", text.text());
                        case Source.Image image -> json.field("image", image.image());
                    }
                    json.endObject();
                }
                json.endObject();
            }
            json.endArray();
            JinaSchema.usage(json, answer.tokens());
            return json.endObject();
        }
    }

    @Override
    public String getName() {
        return "clip_rerank";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(POST, "/_plugins/_clip/v1/rerank"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient node) {
        Body body;
        try {
            body = Body.parse(RequestBody.read(rest));
        } catch (Exception e) {
            return channel -> JinaSchema.fail(channel, e);
        }
        return channel -> body.comparison()
                .run(
                        new RestCancellableNodeClient(node, rest.getHttpChannel()),
                        JinaSchema.answering(channel, answer -> answer(channel, body, answer)));
    }

    private static void answer(RestChannel channel, Body body, Answer answer) throws IOException {
        if (!answer.failed().isEmpty()) {
            var first = answer.failed().entrySet().iterator().next();
            JinaSchema.fail(channel, "documents[" + first.getKey() + "]", first.getValue());
            return;
        }
        channel.sendResponse(new BytesRestResponse(RestStatus.OK, body.answer(channel.newBuilder(), answer)));
    }
}
