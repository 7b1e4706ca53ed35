// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.action.support.clustermanager.AcknowledgedRequest;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestToXContentListener;
import org.opensearch.tasks.Task;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code DELETE /_plugins/_clip/models/{id}}: takes the declaration back; the nodes unload the model by themselves. Its files stay. Refused while a
 * pipeline or an index names the model, unless {@code force=true}.
 */
public final class DeleteModel {

    public static final ActionType<AcknowledgedResponse> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/models/delete", AcknowledgedResponse::new);

    private DeleteModel() {}

    public static final class Request extends AcknowledgedRequest<Request> {
        private final String id;
        private final boolean force;

        public Request(String id, boolean force) {
            this.id = id;
            this.force = force;
        }

        Request(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            force = in.readBoolean();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeString(id);
            out.writeBoolean(force);
            Frame.end(out);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static final class Transport extends HandledTransportAction<Request, AcknowledgedResponse> {
        private final Client client;
        private final ClusterService cluster;

        @Inject
        public Transport(TransportService transport, ActionFilters filters, Client client, ClusterService cluster) {
            super(ACTION.name(), transport, filters, Request::new);
            this.client = client;
            this.cluster = cluster;
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<AcknowledgedResponse> listener) {
            UpdateModels.Request delete = new UpdateModels.Request(new Change.Delete(request.id, request.force));
            delete.timeout(request.timeout()).clusterManagerNodeTimeout(request.clusterManagerNodeTimeout());
            delete.setParentTask(cluster.localNode().getId(), task.getId());
            UpdateModels.send(
                    client,
                    cluster.state(),
                    delete,
                    ActionListener.map(listener, done -> new AcknowledgedResponse(done.isAcknowledged())));
        }
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_delete_model";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.DELETE, "/_plugins/_clip/models/{id}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            Request delete = new Request(request.param("id"), request.paramAsBoolean("force", false));
            delete.timeout(request.paramAsTime("timeout", delete.timeout()));
            delete.clusterManagerNodeTimeout(
                    request.paramAsTime("cluster_manager_timeout", delete.clusterManagerNodeTimeout()));
            return channel -> client.execute(ACTION, delete, new RestToXContentListener<>(channel));
        }
    }
}
