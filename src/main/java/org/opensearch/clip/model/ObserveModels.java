// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import org.opensearch.action.ActionType;
import org.opensearch.action.FailedNodeException;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.nodes.BaseNodeResponse;
import org.opensearch.action.support.nodes.BaseNodesRequest;
import org.opensearch.action.support.nodes.BaseNodesResponse;
import org.opensearch.action.support.nodes.TransportNodesAction;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportRequest;
import org.opensearch.transport.TransportService;

/** Asks every node that has the plugin what it holds: an internal step of the endpoints. */
public final class ObserveModels {

    public static final ActionType<Response> ACTION =
            new ActionType<>("internal:opensearch/clip/models/observe", Response::new);

    private ObserveModels() {}

    public static final class Request extends BaseNodesRequest<Request> {
        private static final TimeValue TIMEOUT = TimeValue.timeValueSeconds(30);

        private final String retry;

        private Request(TimeValue timeout, String retry) {
            super((String[]) null);
            timeout(timeout);
            this.retry = retry;
        }

        static Request looking() {
            return new Request(TIMEOUT, null);
        }

        /** A load of {@code modelId} that has failed shall be tried again before the answer. */
        static Request retrying(String modelId) {
            return new Request(TIMEOUT, modelId);
        }

        Request(StreamInput in) throws IOException {
            super(in);
            retry = in.readOptionalString();
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            out.writeOptionalString(retry);
        }
    }

    static final class NodeRequest extends TransportRequest {
        private final String retry;

        NodeRequest(String retry) {
            this.retry = retry;
        }

        NodeRequest(StreamInput in) throws IOException {
            super(in);
            retry = in.readOptionalString();
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            out.writeOptionalString(retry);
        }
    }

    static final class NodeResponse extends BaseNodeResponse {
        private final List<Observed> models;

        NodeResponse(DiscoveryNode node, List<Observed> models) {
            super(node);
            this.models = List.copyOf(models);
        }

        NodeResponse(StreamInput in) throws IOException {
            super(in);
            models = in.readList(Observed::new);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            out.writeList(models);
        }

        List<Observed> models() {
            return models;
        }
    }

    public static final class Response extends BaseNodesResponse<NodeResponse> {
        Response(ClusterName cluster, List<NodeResponse> nodes, List<FailedNodeException> failures) {
            super(cluster, nodes, failures);
        }

        Response(StreamInput in) throws IOException {
            super(in);
        }

        @Override
        protected List<NodeResponse> readNodesFrom(StreamInput in) throws IOException {
            return in.readList(NodeResponse::new);
        }

        @Override
        protected void writeNodesTo(StreamOutput out, List<NodeResponse> nodes) throws IOException {
            out.writeList(nodes);
        }
    }

    public static final class Transport extends TransportNodesAction<Request, Response, NodeRequest, NodeResponse> {
        private final LoadedModels models;

        @Inject
        public Transport(
                ThreadPool threadPool,
                ClusterService cluster,
                TransportService transport,
                ActionFilters filters,
                LoadedModels models) {
            super(
                    ACTION.name(),
                    threadPool,
                    cluster,
                    transport,
                    filters,
                    Request::new,
                    NodeRequest::new,
                    ThreadPool.Names.MANAGEMENT,
                    NodeResponse.class);
            this.models = models;
        }

        @Override
        protected void resolveRequest(Request request, ClusterState state) {
            request.setConcreteNodes(state.nodes().getNodes().values().stream()
                    .filter(node -> node.getAttributes().containsKey(ModelMetadata.NODE_ATTRIBUTE))
                    .toArray(DiscoveryNode[]::new));
        }

        @Override
        protected NodeRequest newNodeRequest(Request request) {
            return new NodeRequest(request.retry);
        }

        @Override
        protected NodeResponse nodeOperation(NodeRequest request) {
            if (request.retry != null) {
                models.retry(request.retry);
            }
            return new NodeResponse(clusterService.localNode(), models.observed());
        }

        @Override
        protected NodeResponse newNodeResponse(StreamInput in) throws IOException {
            return new NodeResponse(in);
        }

        @Override
        protected Response newResponse(Request request, List<NodeResponse> nodes, List<FailedNodeException> failures) {
            return new Response(clusterService.getClusterName(), nodes, failures);
        }
    }
}
