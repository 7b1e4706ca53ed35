// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.model.RequestBody;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.lease.Releasable;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.indices.breaker.CircuitBreakerService;
import org.opensearch.plugins.ActionPlugin.ActionHandler;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestCancellableNodeClient;
import org.opensearch.tasks.Task;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.node.NodeClient;

/** {@link Embed} under its two names, which are permitted apart, and by REST. */
public final class EmbedEndpoint {

    private EmbedEndpoint() {}

    /** The endpoints that need a model's vectors. */
    public static List<RestHandler> handlers(Embedder embedder) {
        return List.of(
                new Rest(embedder.heap()),
                new Classify(embedder),
                new Classify.InJinaSchema(embedder),
                new Similarity(),
                new Embeddings(embedder.heap()),
                new Rerank(),
                new VerifyModel.Rest());
    }

    /** The actions that are about vectors. */
    public static List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> actions() {
        return List.of(
                new ActionHandler<>(Embed.ACTION, EmbedEndpoint.Plain.class, Lanes.class, Router.class),
                new ActionHandler<>(Embed.BY_URL, EmbedEndpoint.ByUrl.class, OpenRequests.class),
                new ActionHandler<>(VerifyModel.ACTION, VerifyModel.Transport.class),
                new ActionHandler<>(RecordSpaces.ACTION, RecordSpaces.Transport.class),
                new ActionHandler<>(RecordSpaces.OLD_ACTION, RecordSpaces.OldTransport.class));
    }

    /** For inputs that make no node fetch anything. */
    public static final class Plain extends HandledTransportAction<Request, Response> {
        private final Router router;

        @Inject
        public Plain(
                TransportService transport,
                ActionFilters filters,
                Router router,
                VectorHeap heap,
                CircuitBreakerService breakers) {
            super(Embed.ACTION.name(), transport, filters, Request::new);
            this.router = router;
            heap.chargeTo(breakers.getBreaker(CircuitBreaker.REQUEST));
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            if (request.action() != Embed.ACTION) {
                listener.onFailure(new IllegalArgumentException(
                        "an input is a URL, such a request needs the action [" + Embed.BY_URL.name() + "]"));
                return;
            }
            router.route(request, (EmbedTask) task, listener);
        }
    }

    /** For any inputs. */
    public static final class ByUrl extends HandledTransportAction<Request, Response> {
        private final Router router;

        @Inject
        public ByUrl(TransportService transport, ActionFilters filters, Router router) {
            super(Embed.BY_URL.name(), transport, filters, Request::new);
            this.router = router;
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            router.route(request, (EmbedTask) task, listener);
        }
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
