// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.stats;

import static org.opensearch.rest.RestRequest.Method.GET;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.action.ActionType;
import org.opensearch.action.FailedNodeException;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.nodes.BaseNodeResponse;
import org.opensearch.action.support.nodes.BaseNodesRequest;
import org.opensearch.action.support.nodes.BaseNodesResponse;
import org.opensearch.action.support.nodes.TransportNodesAction;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.common.Strings;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.ToXContentFragment;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestActions;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportRequest;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.node.NodeClient;

/** {@code GET /_plugins/_clip/stats} and {@code GET /_plugins/_clip/{nodeId}/stats}: the {@link ClipStats} of each node. */
public final class GetStats {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/stats", Response::new);

    private GetStats() {}

    public static final class Request extends BaseNodesRequest<Request> {
        public Request(String... nodes) {
            super(nodes);
        }

        Request(StreamInput in) throws IOException {
            super(in);
        }
    }

    public static final class NodeRequest extends TransportRequest {
        NodeRequest() {}

        NodeRequest(StreamInput in) throws IOException {
            super(in);
        }
    }

    public static final class NodeResponse extends BaseNodeResponse {
        private final Map<String, Object> stats;

        NodeResponse(DiscoveryNode node, Map<String, Object> stats) {
            super(node);
            this.stats = stats;
        }

        NodeResponse(StreamInput in) throws IOException {
            super(in);
            stats = in.readMap();
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            out.writeMap(stats);
        }
    }

    public static final class Response extends BaseNodesResponse<NodeResponse> implements ToXContentFragment {
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

        @Override
        public XContentBuilder toXContent(XContentBuilder json, ToXContent.Params params) throws IOException {
            json.startObject("nodes");
            for (NodeResponse node : getNodes()) {
                json.startObject(node.getNode().getId())
                        .field("name", node.getNode().getName());
                for (Map.Entry<String, Object> section : node.stats.entrySet()) {
                    json.field(section.getKey(), section.getValue());
                }
                json.endObject();
            }
            return json.endObject();
        }
    }

    public static final class Transport extends TransportNodesAction<Request, Response, NodeRequest, NodeResponse> {
        private final ClipStats stats;

        @Inject
        public Transport(
                ThreadPool threadPool,
                ClusterService cluster,
                TransportService transport,
                ActionFilters filters,
                ClipStats stats) {
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
            this.stats = stats;
        }

        @Override
        protected Response newResponse(Request request, List<NodeResponse> nodes, List<FailedNodeException> failures) {
            return new Response(clusterService.getClusterName(), nodes, failures);
        }

        @Override
        protected NodeRequest newNodeRequest(Request request) {
            return new NodeRequest();
        }

        @Override
        protected NodeResponse newNodeResponse(StreamInput in) throws IOException {
            return new NodeResponse(in);
        }

        @Override
        protected NodeResponse nodeOperation(NodeRequest request) {
            return new NodeResponse(clusterService.localNode(), stats.snapshot());
        }
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_stats_action";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(GET, "/_plugins/_clip/stats"), new Route(GET, "/_plugins/_clip/{nodeId}/stats"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            var nodes = new Request(Strings.splitStringByCommaToArray(request.param("nodeId")));
            return channel -> client.execute(ACTION, nodes, new RestActions.NodesResponseRestListener<>(channel));
        }
    }
}
