// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.ToXContentObject;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestToXContentListener;
import org.opensearch.tasks.Task;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/** {@code GET /_plugins/_clip/models} and {@code GET /_plugins/_clip/models/{id}}: what is declared, and what each node really holds of it. */
public final class GetModel {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/models/get", Response::new);

    private GetModel() {}

    public static final class Request extends ActionRequest {
        private final String id;

        /** @param id {@code null} for all */
        public Request(String id) {
            this.id = id;
        }

        Request(StreamInput in) throws IOException {
            super(in);
            id = in.readOptionalString();
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            out.writeOptionalString(id);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static final class Response extends ActionResponse implements ToXContentObject {
        private final boolean one;
        private final List<ModelView> models;

        Response(boolean one, List<ModelView> models) {
            this.one = one;
            this.models = List.copyOf(models);
        }

        Response(StreamInput in) throws IOException {
            super(in);
            one = in.readBoolean();
            models = in.readList(ModelView::new);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            out.writeBoolean(one);
            out.writeList(models);
        }

        List<ModelView> models() {
            return models;
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            if (one) {
                return models.getFirst().toXContent(builder, params);
            }
            builder.startObject().startArray("models");
            for (ModelView model : models) {
                model.toXContent(builder, params);
            }
            return builder.endArray().endObject();
        }
    }

    public static final class Transport extends HandledTransportAction<Request, Response> {
        private final Client client;
        private final ClusterService cluster;

        @Inject
        public Transport(TransportService transport, ActionFilters filters, Client client, ClusterService cluster) {
            super(ACTION.name(), transport, filters, Request::new);
            this.client = client;
            this.cluster = cluster;
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            ObserveModels.Request observe = ObserveModels.Request.looking();
            observe.setParentTask(cluster.localNode().getId(), task.getId());
            client.execute(
                    ObserveModels.ACTION, observe, ActionListener.map(listener, answers -> join(request.id, answers)));
        }

        private Response join(String id, ObserveModels.Response answers) {
            ClusterState state = cluster.state();
            ModelMetadata metadata = ModelMetadata.of(state);
            Collection<DeclaredModel> models = id == null
                    ? metadata.models()
                    : List.of(metadata.model(id)
                            .orElseThrow(() -> new ResourceNotFoundException("model [" + id + "] is not declared")));
            return new Response(
                    id != null,
                    models.stream()
                            .map(model -> ModelView.of(model, state.nodes(), answers))
                            .toList());
        }
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_get_model";
        }

        @Override
        public List<Route> routes() {
            return List.of(
                    new Route(RestRequest.Method.GET, "/_plugins/_clip/models"),
                    new Route(RestRequest.Method.GET, "/_plugins/_clip/models/{id}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            Request get = new Request(request.param("id"));
            return channel -> client.execute(ACTION, get, new RestToXContentListener<>(channel));
        }
    }
}
