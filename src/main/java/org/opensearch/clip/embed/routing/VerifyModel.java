// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchParseException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.GroupedActionListener;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.LoadedModels;
import org.opensearch.clip.model.ModelFiles;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.model.Refusal;
import org.opensearch.clip.model.RequestBody;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.Hop;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.StatusToXContentObject;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestCancellableNodeClient;
import org.opensearch.tasks.Task;
import org.opensearch.transport.ConnectTransportException;
import org.opensearch.transport.TransportRequestOptions;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/models/{id}/_verify}: embeds golden inputs on every node that holds the model, through the lanes like
 * any other input, and says how near each node's vectors are to the golden ones. A node that does not hold the model says why, and
 * does not count.
 */
public final class VerifyModel {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/models/verify", Response::new);

    private static final Hop<Request, Verdict> ON_NODE = new Hop<>(
            "internal:opensearch/clip/models/verify/2",
            "internal:opensearch/clip/models/verify",
            Request::new,
            Verdict::new,
            Request::createTask);

    /** A file is read into the heap and parsed there. */
    private static final long MAX_FILE = 32 << 20;

    private VerifyModel() {}

    /** Without goldens of its own it means those of the folder, without a timeout that of the ingest lane, from leaving the queue on. */
    public static final class Request extends ActionRequest {
        private final String id;
        private final Goldens goldens;
        private final TimeValue timeout;

        Request(String id, Goldens goldens, TimeValue timeout) {
            this.id = Objects.requireNonNull(id);
            this.goldens = goldens;
            this.timeout = timeout;
        }

        Request(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            goldens = in.readOptionalWriteable(Goldens::new);
            timeout = in.readOptionalTimeValue();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeString(id);
            out.writeOptionalWriteable(goldens);
            out.writeOptionalTimeValue(timeout);
            Frame.end(out);
        }

        @Override
        public Task createTask(long task, String type, String action, TaskId parent, Map<String, String> headers) {
            return new EmbedTask(task, type, action, "model [" + id + "]", parent, headers);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    /** @param verdict {@code null} when the node did not verify, {@code reason} says why */
    record OnNode(String id, String name, Verdict verdict, String reason) implements Writeable {
        OnNode(StreamInput in) throws IOException {
            this(
                    Frame.begin(in).readString(),
                    in.readString(),
                    in.readOptionalWriteable(Verdict::new),
                    in.readOptionalString());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeString(id);
            out.writeString(name);
            out.writeOptionalWriteable(verdict);
            out.writeOptionalString(reason);
            Frame.end(out);
        }
    }

    public static final class Response extends ActionResponse implements StatusToXContentObject {
        private final String id;
        private final String fingerprint;
        private final long tookMillis;
        private final List<OnNode> nodes;

        Response(String id, String fingerprint, long tookMillis, List<OnNode> nodes) {
            this.id = id;
            this.fingerprint = fingerprint;
            this.tookMillis = tookMillis;
            this.nodes = List.copyOf(nodes);
        }

        Response(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            fingerprint = in.readString();
            tookMillis = in.readVLong();
            nodes = in.readList(OnNode::new);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeString(id);
            out.writeString(fingerprint);
            out.writeVLong(tookMillis);
            out.writeList(nodes);
            Frame.end(out);
        }

        List<OnNode> nodes() {
            return nodes;
        }

        private Optional<Verdict> first() {
            return nodes.stream().map(OnNode::verdict).filter(Objects::nonNull).findFirst();
        }

        /** Every node that holds the model passed, and one does hold it. */
        boolean passed() {
            return first().isPresent()
                    && nodes.stream()
                            .allMatch(node ->
                                    node.verdict() == null || node.verdict().passed());
        }

        @Override
        public RestStatus status() {
            return first().isPresent() ? RestStatus.OK : RestStatus.SERVICE_UNAVAILABLE;
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder json, Params params) throws IOException {
            json.startObject();
            json.field("took", tookMillis);
            json.field("model_id", id);
            json.field("fingerprint", fingerprint);
            json.field("passed", passed());
            if (first().isPresent()) {
                json.field("variant", first().get().variant());
                json.field("threshold", first().get().threshold());
            }
            json.startObject("nodes");
            for (OnNode node : nodes) {
                json.startObject(node.id()).field("name", node.name()).field("verified", node.verdict() != null);
                if (node.verdict() == null) {
                    json.field("reason", node.reason());
                } else {
                    node.verdict().fields(json);
                }
                json.endObject();
            }
            return json.endObject().endObject();
        }
    }

    public static final class Transport extends HandledTransportAction<Request, Response> {
        private final TransportService transport;
        private final ClusterService cluster;
        private final ModelFiles files;
        private final Router router;

        @Inject
        public Transport(
                TransportService transport,
                ActionFilters filters,
                ClusterService cluster,
                ModelFiles files,
                Router router) {
            super(ACTION.name(), transport, filters, Request::new);
            this.transport = transport;
            this.cluster = cluster;
            this.files = files;
            this.router = router;
            // a file is read there, and got again if this node has lost it
            ON_NODE.serve(
                    transport, LoadedModels.FILES, (request, task, answer) -> here(request, (EmbedTask) task, answer));
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            long start = System.nanoTime();
            DeclaredModel model = model(request.id);
            if (request.goldens == null) {
                golden(model);
            } else {
                request.goldens.requireLength(model.dimension());
            }
            if (!model.load()) {
                throw LoadedModels.notLoaded(model.id());
            }
            List<DiscoveryNode> nodes = model.eligible(cluster.state().nodes());
            if (nodes.isEmpty()) {
                throw Refusal.unavailable("no node of the cluster may hold model [" + model.id() + "]");
            }
            Completion<Response> completion = router.completion((EmbedTask) task, listener);
            GroupedActionListener<OnNode> all = new GroupedActionListener<>(
                    ActionListener.map(
                            completion,
                            answers -> new Response(
                                    model.id(),
                                    model.fingerprint(),
                                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start),
                                    answers.stream()
                                            .collect(Collectors.toMap(OnNode::id, a -> a, (a, b) -> a, TreeMap::new))
                                            .values()
                                            .stream()
                                            .toList())),
                    nodes.size());
            nodes.forEach(node -> ask(node, request, task, all));
        }

        private void ask(DiscoveryNode node, Request request, Task task, ActionListener<OnNode> all) {
            ActionListener<Verdict> answer = ActionListener.wrap(
                    verdict -> all.onResponse(new OnNode(node.getId(), node.getName(), verdict, null)),
                    e -> all.onResponse(new OnNode(node.getId(), node.getName(), null, reason(e))));
            TransportRequestOptions options = TransportRequestOptions.builder()
                    .withTimeout(router.longest(Lane.INGEST, request.timeout, TimeValue.ZERO))
                    .build();
            ON_NODE.send(transport, node, request, task, options, answer);
        }

        private void here(Request request, EmbedTask task, ActionListener<Verdict> listener) {
            DeclaredModel model;
            Goldens goldens;
            try {
                model = model(request.id);
                goldens = request.goldens == null ? read(model) : request.goldens;
            } catch (RuntimeException e) {
                listener.onFailure(e);
                return;
            }
            String variant = model.variant().orElse(goldens.variant());
            router.here(
                    new Embed.Request(model.id(), goldens.inputs(), Lane.INGEST, goldens.side(), request.timeout, null),
                    task,
                    ActionListener.map(listener, made -> Verdict.of(goldens, variant, made.results())));
        }

        private Goldens read(DeclaredModel model) {
            Artifact golden = golden(model);
            if (golden.size() > MAX_FILE) {
                throw new IllegalArgumentException("[" + ModelFolder.GOLDEN + "] of model [" + model.id() + "] has ["
                        + golden.size() + "] bytes, more than [" + MAX_FILE + "]");
            }
            try {
                return Goldens.parse(XContentHelper.convertToMap(
                        JsonXContent.jsonXContent, new BytesArray(files.read(model, golden)).streamInput(), true));
            } catch (OpenSearchParseException | IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "[" + ModelFolder.GOLDEN + "] of model [" + model.id() + "]: " + e.getMessage(), e);
            }
        }

        private DeclaredModel model(String id) {
            return ModelMetadata.recovered(cluster.state()).require(id);
        }
    }

    /** @throws ResourceNotFoundException when the model was declared without */
    static Artifact golden(DeclaredModel model) {
        return model.files().stream()
                .filter(file -> file.path().equals(ModelFolder.GOLDEN))
                .findFirst()
                .orElseThrow(() -> new ResourceNotFoundException("model [" + model.id() + "] was declared without a ["
                        + ModelFolder.GOLDEN
                        + "]: send {\"inputs\": [..], \"embeddings\": [..]} with this request, or add"
                        + " such a file to the model's folder and declare the model again"));
    }

    /** No address of a node, and no path. */
    private static String reason(Exception failure) {
        return switch (ExceptionsHelper.unwrapCause(failure)) {
            case ConnectTransportException e -> "the node cannot be reached now";
            case OpenSearchException e -> e.getMessage();
            case IllegalArgumentException e -> e.getMessage();
            case ModelException e -> e.getMessage();
            case Throwable e -> "the node did not verify: " + e.getClass().getSimpleName();
        };
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_verify_model";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.POST, "/_plugins/_clip/models/{id}/_verify"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest rest, NodeClient client) {
            Goldens goldens = rest.hasContent() ? Goldens.parse(RequestBody.read(rest)) : null;
            Request request = new Request(rest.param("id"), goldens, rest.paramAsTime("timeout", null));
            return channel -> new RestCancellableNodeClient(client, rest.getHttpChannel())
                    .execute(ACTION, request, Refusal.answering(channel));
        }
    }
}
