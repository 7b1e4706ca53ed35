// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.util.List;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.VectorHeap;
import org.opensearch.clip.embed.scheduling.InferenceScheduler;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.indices.breaker.CircuitBreakerService;
import org.opensearch.plugins.ActionPlugin.ActionHandler;
import org.opensearch.tasks.Task;
import org.opensearch.transport.TransportService;

/** {@link Embed} on the node that is asked, under its two names, which are permitted apart. */
public final class EmbedTransports {

    private EmbedTransports() {}

    /** The actions that make vectors, and what they need on each node. */
    public static List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> actions() {
        return List.of(
                new ActionHandler<>(Embed.ACTION, Plain.class, InferenceScheduler.class, Router.class),
                new ActionHandler<>(Embed.BY_URL, ByUrl.class, OpenRequests.class),
                new ActionHandler<>(VerifyModel.ACTION, VerifyModel.Transport.class));
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
}
