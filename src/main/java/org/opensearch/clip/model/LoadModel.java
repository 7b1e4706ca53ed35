// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.node.DiscoveryNodes;
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
import org.opensearch.tasks.CancellableTask;
import org.opensearch.tasks.Task;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/models/{id}/_load} and {@code _unload}: sets the desired state, tells nodes where the load has failed to try again, and
 * asks all of them until each has reached that state or failed to. Cancelling the task ends the asking; the desired state stays.
 */
public final class LoadModel {

    public static final ActionType<Response> LOAD =
            new ActionType<>("cluster:admin/opensearch/clip/models/load", Response::new);
    public static final ActionType<Response> UNLOAD =
            new ActionType<>("cluster:admin/opensearch/clip/models/unload", Response::new);

    static final TimeValue DEFAULT_TIMEOUT = TimeValue.timeValueMinutes(10);

    private LoadModel() {}

    public static final class Request extends ActionRequest {
        private final String id;
        private final TimeValue timeout;
        private final boolean storeResult;

        /**
         * @param timeout how long to wait for the nodes
         * @param storeResult for {@code GET _tasks/{id}}, because nobody waits for the answer
         */
        public Request(String id, TimeValue timeout, boolean storeResult) {
            this.id = id;
            this.timeout = timeout;
            this.storeResult = storeResult;
        }

        Request(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            timeout = in.readTimeValue();
            storeResult = in.readBoolean();
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeString(id);
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
            return new WaitingTask(task, type, action, "model [" + id + "]", parent, headers);
        }
    }

    /** A task of which cancelling ends the waiting, and what it asks of a hub itself; not what nodes do since. */
    static final class WaitingTask extends CancellableTask {
        private final Progress resolving = new Progress(() -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
        private volatile LoadStatus status;

        WaitingTask(
                long id, String type, String action, String description, TaskId parent, Map<String, String> headers) {
            super(id, type, action, description, parent, headers);
        }

        /** For what comes before the nodes. */
        Progress resolving(DiscoveryNodes nodes) {
            status = LoadStatus.resolving(nodes);
            return resolving;
        }

        void ensureNotCancelled() {
            if (isCancelled()) {
                throw Refusal.cancelled("stopped: " + getReasonCancelled());
            }
        }

        void report(ModelView view, DiscoveryNodes nodes) {
            status = LoadStatus.of(view, nodes);
        }

        @Override
        public Task.Status getStatus() {
            return status;
        }

        @Override
        protected void onCancelled() {
            resolving.cancel();
        }

        @Override
        public boolean shouldCancelChildrenOnCancellation() {
            return true;
        }
    }

    /** The model as the nodes had it when the waiting ended. */
    public static final class Response extends ActionResponse implements StatusToXContentObject {
        private final boolean timedOut;
        private final ModelView model;

        Response(boolean timedOut, ModelView model) {
            this.timedOut = timedOut;
            this.model = model;
        }

        Response(StreamInput in) throws IOException {
            super(in);
            timedOut = Frame.begin(in).readBoolean();
            model = new ModelView(in);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeBoolean(timedOut);
            model.writeTo(out);
            Frame.end(out);
        }

        boolean timedOut() {
            return timedOut;
        }

        ModelView model() {
            return model;
        }

        /** As cluster health does it: an answer, with a status that a client does not take for success. */
        @Override
        public RestStatus status() {
            if (timedOut) {
                return RestStatus.REQUEST_TIMEOUT;
            }
            if (!model.state().equals(Observed.State.FAILED.name())) {
                return RestStatus.OK;
            }
            return model.refused() ? RestStatus.BAD_REQUEST : RestStatus.SERVICE_UNAVAILABLE;
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            builder.startObject().field("model_id", model.model().id());
            fields(builder);
            return builder.endObject();
        }

        void fields(XContentBuilder builder) throws IOException {
            builder.field("state", model.state()).field("timed_out", timedOut);
            model.nodesToXContent(builder);
        }
    }

    private abstract static class Transport extends HandledTransportAction<Request, Response> {
        private static final TimeValue FIRST_PAUSE = TimeValue.timeValueMillis(50);
        private static final TimeValue LAST_PAUSE = TimeValue.timeValueSeconds(1);

        private final boolean load;
        private final Client client;
        private final ClusterService cluster;
        private final ThreadPool threadPool;

        private Transport(
                ActionType<Response> action,
                TransportService transport,
                ActionFilters filters,
                Client client,
                ClusterService cluster,
                ThreadPool threadPool) {
            super(action.name(), transport, filters, Request::new);
            this.load = action == LOAD;
            this.client = client;
            this.cluster = cluster;
            this.threadPool = threadPool;
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            UpdateModels.Request want = new UpdateModels.Request(new Change.Want(request.id, load));
            want.setParentTask(cluster.localNode().getId(), task.getId());
            Waiting waiting = new Waiting((WaitingTask) task, request, listener);
            UpdateModels.send(
                    client, cluster.state(), want, ActionListener.wrap(done -> waiting.ask(true), listener::onFailure));
        }

        private final class Waiting {
            private final WaitingTask task;
            private final Request request;
            private final ActionListener<Response> listener;
            private final long deadline;
            private TimeValue pause = FIRST_PAUSE;

            private Waiting(WaitingTask task, Request request, ActionListener<Response> listener) {
                this.task = task;
                this.request = request;
                this.listener = listener;
                this.deadline = threadPool.relativeTimeInMillis() + request.timeout.millis();
            }

            private void ask(boolean first) {
                if (task.isCancelled()) {
                    listener.onFailure(Refusal.cancelled(
                            "stopped waiting for model [" + request.id + "]: " + task.getReasonCancelled()));
                    return;
                }
                ObserveModels.Request observe =
                        first && load ? ObserveModels.Request.retrying(request.id) : ObserveModels.Request.looking();
                observe.setParentTask(cluster.localNode().getId(), task.getId());
                client.execute(ObserveModels.ACTION, observe, ActionListener.wrap(this::answer, listener::onFailure));
            }

            /** Also on the task of the declaration that this load belongs to. */
            private void report(ModelView view, DiscoveryNodes nodes) {
                task.report(view, nodes);
                if (taskManager.getTask(task.getParentTaskId().getId()) instanceof WaitingTask parent) {
                    parent.report(view, nodes);
                }
            }

            private void answer(ObserveModels.Response answers) {
                ClusterState state = cluster.state();
                DeclaredModel model = ModelMetadata.of(state)
                        .model(request.id)
                        .orElseThrow(() ->
                                new ResourceNotFoundException("model [" + request.id + "] was deleted meanwhile"));
                ModelView view = ModelView.of(model, state.nodes(), answers);
                if (load && view.nodes().isEmpty()) {
                    throw new OpenSearchStatusException(
                            "no node of the cluster should hold model [" + request.id
                                    + "]: see [nodes] of its declaration",
                            RestStatus.CONFLICT);
                }
                report(view, state.nodes());
                boolean settled = view.settled(load);
                if (settled || threadPool.relativeTimeInMillis() >= deadline) {
                    listener.onResponse(new Response(!settled, view));
                    return;
                }
                threadPool.schedule(() -> ask(false), pause, ThreadPool.Names.GENERIC);
                pause = TimeValue.timeValueMillis(Math.min(LAST_PAUSE.millis(), pause.millis() * 2));
            }
        }
    }

    public static final class Load extends Transport {
        @Inject
        public Load(
                TransportService transport,
                ActionFilters filters,
                Client client,
                ClusterService cluster,
                ThreadPool threadPool) {
            super(LOAD, transport, filters, client, cluster, threadPool);
        }
    }

    public static final class Unload extends Transport {
        @Inject
        public Unload(
                TransportService transport,
                ActionFilters filters,
                Client client,
                ClusterService cluster,
                ThreadPool threadPool) {
            super(UNLOAD, transport, filters, client, cluster, threadPool);
        }
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_load_model";
        }

        @Override
        public List<Route> routes() {
            return List.of(
                    new Route(RestRequest.Method.POST, "/_plugins/_clip/models/{id}/_load"),
                    new Route(RestRequest.Method.POST, "/_plugins/_clip/models/{id}/_unload"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            ActionType<Response> action = request.path().endsWith("/_load") ? LOAD : UNLOAD;
            boolean wait = request.paramAsBoolean("wait_for_completion", true);
            Request load = new Request(request.param("id"), request.paramAsTime("timeout", DEFAULT_TIMEOUT), !wait);
            return wait
                    ? channel -> client.execute(action, load, Refusal.answering(channel))
                    : channel -> TaskStarted.send(channel, client, action, load);
        }
    }
}
