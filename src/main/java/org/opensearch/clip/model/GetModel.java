// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.rest.RestStatus;
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
            id = Frame.begin(in).readOptionalString();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeOptionalString(id);
            Frame.end(out);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static final class Response extends ActionResponse implements ToXContentObject {
        private final boolean one;
        private final List<ModelView> models;
        private final Map<String, String> unreadable;

        /** @param unreadable id to reason of what another release has declared */
        Response(boolean one, List<ModelView> models, Map<String, String> unreadable) {
            this.one = one;
            this.models = List.copyOf(models);
            this.unreadable = new TreeMap<>(unreadable);
        }

        Response(StreamInput in) throws IOException {
            super(in);
            one = Frame.begin(in).readBoolean();
            models = in.readList(ModelView::new);
            unreadable = in.readMap(StreamInput::readString, StreamInput::readString);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeBoolean(one);
            out.writeList(models);
            out.writeMap(unreadable, StreamOutput::writeString, StreamOutput::writeString);
            Frame.end(out);
        }

        List<ModelView> models() {
            return models;
        }

        /**
         * The one that was asked for.
         *
         * @throws OpenSearchStatusException 409 when this release cannot read it
         */
        ModelView one() {
            if (models.isEmpty()) {
                throw new OpenSearchStatusException(String.join(", ", unreadable.values()), RestStatus.CONFLICT);
            }
            return models.getFirst();
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            if (one && !models.isEmpty()) {
                return models.getFirst().toXContent(builder, params);
            }
            if (one) {
                unreadable(builder, unreadable.entrySet().iterator().next());
                return builder;
            }
            builder.startObject().startArray("models");
            for (ModelView model : models) {
                model.toXContent(builder, params);
            }
            for (Map.Entry<String, String> entry : unreadable.entrySet()) {
                unreadable(builder, entry);
            }
            return builder.endArray().endObject();
        }

        private static void unreadable(XContentBuilder builder, Map.Entry<String, String> entry) throws IOException {
            builder.startObject()
                    .field("model_id", entry.getKey())
                    .field("state", "UNREADABLE")
                    .field("reason", entry.getValue())
                    .endObject();
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
            ModelMetadata metadata = ModelMetadata.recovered(state);
            Map<String, String> unreadable = metadata.unreadable();
            if (id != null) {
                unreadable = unreadable.containsKey(id) ? Map.of(id, unreadable.get(id)) : Map.of();
            }
            Collection<DeclaredModel> models =
                    id == null ? metadata.models() : unreadable.isEmpty() ? List.of(metadata.require(id)) : List.of();
            return new Response(
                    id != null,
                    models.stream()
                            .map(model -> ModelView.of(model, state.nodes(), answers))
                            .toList(),
                    unreadable);
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
