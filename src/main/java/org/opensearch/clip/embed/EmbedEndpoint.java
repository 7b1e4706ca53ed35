// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import org.opensearch.action.ActionRequest;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.model.RequestBody;
import org.opensearch.common.lease.Releasable;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.plugins.ActionPlugin.ActionHandler;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestCancellableNodeClient;
import org.opensearch.transport.client.node.NodeClient;

/** {@link Embed} under its two names, which are permitted apart, and by REST. */
public final class EmbedEndpoint {

    private EmbedEndpoint() {}

    /** The actions that keep what fields know. */
    public static List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> actions() {
        return List.of(
                new ActionHandler<>(RecordSpaces.ACTION, RecordSpaces.Transport.class),
                new ActionHandler<>(RecordSpaces.OLD_ACTION, RecordSpaces.OldTransport.class));
    }

    /** The endpoints that need a model's vectors. */
    public static List<RestHandler> handlers(Embedder embedder) {
        return List.of(
                new Rest(embedder.heap()),
                new Classify(embedder),
                new Classify.InJinaSchema(embedder),
                new Similarity(),
                new Embeddings(embedder.heap()),
                new Rerank());
    }

    /** {@code POST /_plugins/_clip/models/{id}/_embed}. */
    public static final class Rest extends BaseRestHandler {
        private final VectorHeap heap;

        Rest(VectorHeap heap) {
            this.heap = heap;
        }

        @Override
        public String getName() {
            return "clip_embed";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.POST, "/_plugins/_clip/models/{id}/_embed"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient client) {
            EmbedBody body = EmbedBody.parse(RequestBody.read(rest));
            Request request = body.request(rest.param("id"));
            return channel -> new RestCancellableNodeClient(client, rest.getHttpChannel())
                    .execute(request.action(), request, EmbedBody.answering(channel, (json, response, took) -> {
                        response.warn();
                        try (Releasable space = heap.take(response.values(body.dimensions()))) {
                            return body.answer(json, response, took);
                        }
                    }));
        }
    }
}
