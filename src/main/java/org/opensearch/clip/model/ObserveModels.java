// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
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
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.tasks.Task;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;

/** Asks every node that has the plugin what it holds: an internal step of the endpoints. */
public final class ObserveModels {

    public static final ActionType<Response> ACTION =
            new ActionType<>("internal:opensearch/clip/models/observe", Response::new);

    private static final Hop<NodeRequest, NodeResponse> ON_NODE = new Hop<>(
            "internal:opensearch/clip/models/observe/2", ACTION.name() + "[n]", NodeRequest::new, NodeResponse::new);

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
            retry = Frame.begin(in).readOptionalString();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeOptionalString(retry);
            Frame.end(out);
        }
    }

    /** @param retry a model of which a failed load shall be tried again, or {@code null} */
    record NodeRequest(String retry) implements Writeable {
        NodeRequest(StreamInput in) throws IOException {
            this(Frame.begin(in).readOptionalString());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeOptionalString(retry);
            Frame.end(out);
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
            models = Frame.begin(in).readList(Observed::new);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeList(models);
            Frame.end(out);
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
            List<NodeResponse> nodes = Frame.begin(in).readList(NodeResponse::new);
            Frame.end(in);
            return nodes;
        }

        @Override
        protected void writeNodesTo(StreamOutput out, List<NodeResponse> nodes) throws IOException {
            Frame.begin(out).writeList(nodes);
            Frame.end(out);
        }
    }

    public static final class Transport extends HandledTransportAction<Request, Response> {
        private final ClusterService cluster;
        private final TransportService transport;

        @Inject
        public Transport(
                ClusterService cluster, TransportService transport, ActionFilters filters, LoadedModels models) {
            super(ACTION.name(), transport, filters, Request::new);
            this.cluster = cluster;
            this.transport = transport;
            ON_NODE.serve(transport, ThreadPool.Names.MANAGEMENT, (request, task, listener) -> {
                if (request.retry() != null) {
                    models.retry(request.retry());
                }
                listener.onResponse(new NodeResponse(cluster.localNode(), models.observed()));
            });
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            ON_NODE.ask(
                    transport,
                    cluster.state().nodes(),
                    new NodeRequest(request.retry),
                    task,
                    request.timeout(),
                    ActionListener.map(
                            listener, said -> new Response(cluster.getClusterName(), said.answers(), said.failures())));
        }
    }
}
