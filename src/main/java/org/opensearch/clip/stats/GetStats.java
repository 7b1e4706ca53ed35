// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.stats;

import static org.opensearch.rest.RestRequest.Method.GET;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.action.ActionType;
import org.opensearch.action.FailedNodeException;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.action.support.nodes.BaseNodeResponse;
import org.opensearch.action.support.nodes.BaseNodesRequest;
import org.opensearch.action.support.nodes.BaseNodesResponse;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.Hop;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.Strings;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.ToXContentFragment;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestActions;
import org.opensearch.tasks.Task;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.node.NodeClient;

/** {@code GET /_plugins/_clip/stats} and {@code GET /_plugins/_clip/{nodeId}/stats}: the {@link ClipStats} of each node. */
public final class GetStats {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/stats", Response::new);

    private static final Hop<NodeRequest, NodeResponse> ON_NODE =
            new Hop<>("internal:opensearch/clip/stats/2", ACTION.name() + "[n]", NodeRequest::new, NodeResponse::new);

    private GetStats() {}

    public static final class Request extends BaseNodesRequest<Request> {
        public Request(String... nodes) {
            super(nodes);
        }

        Request(StreamInput in) throws IOException {
            super(in);
            Frame.begin(in);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out);
            Frame.end(out);
        }
    }

    record NodeRequest() implements Writeable {
        NodeRequest(StreamInput in) throws IOException {
            this();
            Frame.begin(in);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            Frame.end(out);
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
            stats = Frame.begin(in).readMap();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeMap(stats);
            Frame.end(out);
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
            List<NodeResponse> nodes = Frame.begin(in).readList(NodeResponse::new);
            Frame.end(in);
            return nodes;
        }

        @Override
        protected void writeNodesTo(StreamOutput out, List<NodeResponse> nodes) throws IOException {
            Frame.begin(out).writeList(nodes);
            Frame.end(out);
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

    public static final class Transport extends HandledTransportAction<Request, Response> {
        private final ClusterService cluster;
        private final TransportService transport;

        @Inject
        public Transport(ClusterService cluster, TransportService transport, ActionFilters filters, ClipStats stats) {
            super(ACTION.name(), transport, filters, Request::new);
            this.cluster = cluster;
            this.transport = transport;
            ON_NODE.serve(
                    transport,
                    ThreadPool.Names.MANAGEMENT,
                    (request, task, listener) ->
                            listener.onResponse(new NodeResponse(cluster.localNode(), stats.snapshot())));
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            DiscoveryNodes all = cluster.state().nodes();
            List<DiscoveryNode> nodes = Stream.of(all.resolveNodes(request.nodesIds()))
                    .map(all::get)
                    .toList();
            ON_NODE.ask(
                    transport,
                    nodes,
                    new NodeRequest(),
                    task,
                    request.timeout(),
                    ActionListener.map(
                            listener, said -> new Response(cluster.getClusterName(), said.answers(), said.failures())));
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
