// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionRunnable;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.onnx.GraphPorts;
import org.opensearch.clip.core.onnx.PreparedGraphs;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.StatusToXContentObject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.tasks.Task;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code PUT /_plugins/_clip/models/{id}}: declares a model. The node that handles the request reads the folder, every byte of it, and pins it by hash; the
 * cluster manager writes that down; then, with {@code load=true}, {@link LoadModel} does the rest. Otherwise its first use loads it, see {@link FirstUse}, or,
 * with {@code load=false}, nothing does. Idempotent: what makes the same vectors may be declared again, and may change where it runs.
 */
public final class PutModel {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/models/put", Response::new);

    private PutModel() {}

    public static final class Request extends ActionRequest {
        private final String id;
        private final Map<String, Object> body;
        private final Boolean load;
        private final TimeValue timeout;
        private final boolean storeResult;

        /**
         * @param body see {@link Declaration}
         * @param load also load it, and wait for that as long as {@code timeout}; {@code null} = when it is used
         * @param storeResult for {@code GET _tasks/{id}}, because nobody waits for the answer
         */
        public Request(String id, Map<String, Object> body, Boolean load, TimeValue timeout, boolean storeResult) {
            this.id = DeclaredModel.requireId(id);
            this.body = body;
            this.load = load;
            this.timeout = timeout;
            this.storeResult = storeResult;
        }

        Request(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            body = in.readMap();
            load = in.readOptionalBoolean();
            timeout = in.readTimeValue();
            storeResult = in.readBoolean();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeString(id);
            out.writeMap(body);
            out.writeOptionalBoolean(load);
            out.writeTimeValue(timeout);
            out.writeBoolean(storeResult);
            Frame.end(out);
        }

        @Override
        public boolean getShouldStoreResult() {
            return storeResult;
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }

        @Override
        public Task createTask(long task, String type, String action, TaskId parent, Map<String, String> headers) {
            return new LoadModel.WaitingTask(task, type, action, "model [" + id + "]", parent, headers);
        }
    }

    /** What became of the declaration, and of the load when there was one. */
    public static final class Response extends ActionResponse implements StatusToXContentObject {
        private final String id;
        private final UpdateModels.Response written;
        private final String fingerprint;
        private final int dimension;
        private final LoadModel.Response loaded;
        private final String licenceNote;

        Response(
                String id,
                UpdateModels.Response written,
                String fingerprint,
                int dimension,
                LoadModel.Response loaded) {
            this(id, written, fingerprint, dimension, loaded, null);
        }

        private Response(
                String id,
                UpdateModels.Response written,
                String fingerprint,
                int dimension,
                LoadModel.Response loaded,
                String licenceNote) {
            this.id = id;
            this.written = written;
            this.fingerprint = fingerprint;
            this.dimension = dimension;
            this.loaded = loaded;
            this.licenceNote = licenceNote;
        }

        Response(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            written = new UpdateModels.Response(in);
            fingerprint = in.readString();
            dimension = in.readVInt();
            loaded = in.readOptionalWriteable(LoadModel.Response::new);
            licenceNote = in.readOptionalString();
            Frame.end(in);
        }

        Response noting(Optional<String> note) {
            return new Response(id, written, fingerprint, dimension, loaded, note.orElse(null));
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeString(id);
            written.writeTo(out);
            out.writeString(fingerprint);
            out.writeVInt(dimension);
            out.writeOptionalWriteable(loaded);
            out.writeOptionalString(licenceNote);
            Frame.end(out);
        }

        UpdateModels.Result result() {
            return written.result();
        }

        LoadModel.Response loaded() {
            return loaded;
        }

        @Override
        public RestStatus status() {
            return loaded == null ? RestStatus.OK : loaded.status();
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            builder.startObject();
            builder.field("acknowledged", written.isAcknowledged());
            builder.field("model_id", id);
            builder.field("result", written.result().name().toLowerCase(Locale.ROOT));
            builder.field("fingerprint", fingerprint);
            builder.field("dimension", dimension);
            if (licenceNote != null) {
                builder.field("warning", licenceNote);
            }
            if (loaded != null) {
                loaded.fields(builder);
            }
            return builder.endObject();
        }
    }

    public static final class Transport extends HandledTransportAction<Request, Response> {
        private final Client client;
        private final ClusterService cluster;
        private final ThreadPool threadPool;
        private final ModelFiles files;
        private final Catalog catalog;

        @Inject
        public Transport(
                TransportService transport,
                ActionFilters filters,
                Client client,
                ClusterService cluster,
                ThreadPool threadPool,
                ModelFiles files,
                Catalog catalog) {
            super(ACTION.name(), transport, filters, Request::new);
            this.client = client;
            this.cluster = cluster;
            this.threadPool = threadPool;
            this.files = files;
            this.catalog = catalog;
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            Declaration declaration = Declaration.parse(request.body);
            ActionListener<Response> noting =
                    ActionListener.map(listener, made -> made.noting(catalog.licenceNote(declaration.source())));
            // a server may be slow, and nothing else waits for it; reading a folder is work like a load
            boolean here = files.local(declaration.source());
            threadPool
                    .executor(here ? LoadedModels.POOL : LoadedModels.FILES)
                    .execute(ActionRunnable.wrap(noting, l -> {
                        DeclaredModel model = resolve(request.id, declaration, (LoadModel.WaitingTask) task);
                        declare(
                                Boolean.FALSE.equals(request.load) ? model.with(Desired.UNLOADED) : model,
                                task,
                                request,
                                l);
                    }));
        }

        private DeclaredModel resolve(String id, Declaration declaration, LoadModel.WaitingTask task) {
            try {
                return bounded(
                        id,
                        () -> read(
                                id, declaration, task.resolving(cluster.state().nodes())));
            } catch (DownloadException e) {
                throw new OpenSearchStatusException(e.getMessage(), status(e), e);
            } catch (ModelException e) {
                task.ensureNotCancelled();
                throw e;
            }
        }

        /** The last word on files that no limit of a reader has stopped: the node lives. */
        static <T> T bounded(String id, Supplier<T> reading) {
            try {
                return reading.get();
            } catch (StackOverflowError e) {
                throw new IllegalArgumentException(
                        "model [" + id + "]: " + ModelException.tooDeep(e).getMessage(), e);
            }
        }

        /** What a server does not give is no fault of this node, and a full disk none of the request. */
        private static RestStatus status(DownloadException e) {
            if (e.isOfDisk()) {
                return RestStatus.INSUFFICIENT_STORAGE;
            }
            return e.passing() ? RestStatus.BAD_GATEWAY : RestStatus.BAD_REQUEST;
        }

        private DeclaredModel read(String id, Declaration declaration, Progress progress) {
            ModelFiles.Resolved resolved = files.resolve(declaration.source(), progress);
            Folder folder = resolved.folder();
            Overrides pinned =
                    ModelFolder.pinned(folder, Overrides.parse(declaration.overrides()), declaration.device());
            ModelDescription description = ModelFolder.describe(folder, pinned);
            List<Artifact> artifacts = ModelFolder.artifacts(folder, description);
            requireFit(folder, description, artifacts);
            Overrides overrides = catalog.scored(
                    resolved.source(), pinned, folder.isHere() ? ModelLoader.scored(folder, description) : description);
            int dimension = overrides.dimensions().orElse(description.dimension());
            return new DeclaredModel(
                    id,
                    resolved.source(),
                    artifacts,
                    overrides.toMap(),
                    ModelFolder.fingerprint(folder, description, overrides, artifacts),
                    dimension,
                    description.dimensions().stream()
                            .filter(length -> length <= dimension)
                            .toList(),
                    Desired.ON_USE,
                    declaration.nodes(),
                    declaration.device(),
                    declaration.modelTtl(),
                    FirstLoad.NONE);
        }

        /** Graphs that are here already are looked at before anything is declared; others when they are loaded. */
        private static void requireFit(Folder folder, ModelDescription description, List<Artifact> files) {
            if (!folder.isHere()) {
                return;
            }
            try {
                DualEncoder.check(
                        description,
                        tower -> GraphPorts.read(tower.graph(), folder.file(tower.graph()), tower.outputs()));
                ModelLoader.graphs(folder, description, files).forEach(PreparedGraphs.Source::momentary);
            } catch (ModelException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }

        private void declare(DeclaredModel model, Task task, Request request, ActionListener<Response> listener) {
            UpdateModels.Request write = new UpdateModels.Request(new Change.Declare(model));
            write.setParentTask(cluster.localNode().getId(), task.getId());
            UpdateModels.send(
                    client,
                    cluster.state(),
                    write,
                    ActionListener.wrap(written -> load(model, written, task, request, listener), listener::onFailure));
        }

        /** As the user: who may declare may not always load. */
        private void load(
                DeclaredModel model,
                UpdateModels.Response written,
                Task task,
                Request request,
                ActionListener<Response> listener) {
            if (!Boolean.TRUE.equals(request.load)) {
                listener.onResponse(new Response(model.id(), written, model.fingerprint(), model.dimension(), null));
                return;
            }
            LoadModel.Request load = new LoadModel.Request(model.id(), request.timeout, false);
            load.setParentTask(cluster.localNode().getId(), task.getId());
            client.execute(
                    LoadModel.LOAD,
                    load,
                    ActionListener.map(
                            listener,
                            loaded ->
                                    new Response(model.id(), written, model.fingerprint(), model.dimension(), loaded)));
        }
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_put_model";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.PUT, "/_plugins/_clip/models/{id}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            boolean wait = request.paramAsBoolean("wait_for_completion", true);
            Request put = new Request(
                    request.param("id"),
                    RequestBody.readSmall(request),
                    request.hasParam("load") ? request.paramAsBoolean("load", false) : null,
                    request.paramAsTime("timeout", LoadModel.DEFAULT_TIMEOUT),
                    !wait);
            return wait
                    ? channel -> client.execute(ACTION, put, Refusal.answering(channel))
                    : channel -> TaskStarted.send(channel, client, ACTION, put);
        }
    }
}
