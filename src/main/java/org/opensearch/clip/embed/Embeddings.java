// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.opensearch.clip.model.RequestBody;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.logging.HeaderWarning;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestCancellableNodeClient;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/v1/embeddings}: the embeddings schema of Jina and OpenAI over {@link Embed}, for clients whose base URL can be
 * set. All inputs or none, as there: the first input that fails fails the request.
 */
public final class Embeddings extends BaseRestHandler {
    private final VectorHeap heap;

    Embeddings(VectorHeap heap) {
        this.heap = heap;
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
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        EmbeddingsBody body;
        try {
            body = EmbeddingsBody.parse(RequestBody.read(request));
        } catch (Exception e) {
            return channel -> JinaSchema.fail(channel, e);
        }
        Embed.Request embed = body.request();
        return channel -> new RestCancellableNodeClient(client, request.getHttpChannel())
                .execute(
                        embed.action(),
                        embed,
                        JinaSchema.answering(channel, response -> answer(channel, body, response)));
    }

    private void answer(RestChannel channel, EmbeddingsBody body, Embed.Response response) throws IOException {
        response.warn();
        List<float[]> vectors = new ArrayList<>();
        int tokens = 0;
        for (int i = 0; i < response.results().size(); i++) {
            switch (response.results().get(i)) {
                case Embed.Result.Failure f -> {
                    JinaSchema.fail(channel, "input[" + i + "]", f);
                    return;
                }
                case Embed.Result.Vector v -> {
                    tokens += v.tokens();
                    vectors.add(body.vector(i, v));
                }
            }
        }
        if (body.lateChunking()) {
            HeaderWarning.addWarning("[late_chunking] is not supported: each input was embedded by itself");
        }
        long values = response.values(body.dimensions()) * body.encodings().size();
        try (Releasable space = heap.take(values);
                XContentBuilder json = channel.newBuilder()) {
            json.startObject().field("model", response.modelId()).field("object", "list");
            json.startArray("data");
            for (int i = 0; i < vectors.size(); i++) {
                json.startObject().field("object", "embedding").field("index", i);
                write(json, body.encodings(), vectors.get(i));
                json.endObject();
            }
            json.endArray();
            JinaSchema.usage(json, tokens);
            channel.sendResponse(new BytesRestResponse(RestStatus.OK, json.endObject()));
        }
    }

    /** Of one encoding the value itself, of several an object with a key for each. */
    private static void write(XContentBuilder json, List<Encoding> encodings, float[] vector) throws IOException {
        if (encodings.size() == 1) {
            encodings.getFirst().write(json, "embedding", vector);
            return;
        }
        json.startObject("embedding");
        for (Encoding encoding : encodings) {
            encoding.write(json, encoding.toString(), vector);
        }
        json.endObject();
    }
}
