// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import java.util.stream.StreamSupport;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.clustermanager.AcknowledgedRequest;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.action.support.clustermanager.TransportClusterManagerNodeAction;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.OldForm;
import org.opensearch.cluster.AckedClusterStateUpdateTask;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.block.ClusterBlockException;
import org.opensearch.cluster.block.ClusterBlockLevel;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.inject.Inject;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;

/**
 * The one writer of {@link ModelMetadata}: an internal step of the endpoints, run on the cluster manager. What a change makes of a cluster state is
 * {@link #apply}, without side effects; every check that must hold at that moment is there.
 */
public final class UpdateModels {

    public static final ActionType<Response> ACTION =
            new ActionType<>("internal:opensearch/clip/models/update/2", in -> new Response(in, false));

    /** For, and from, nodes from before the first release. */
    public static final ActionType<Response> OLD_ACTION =
            new ActionType<>("internal:opensearch/clip/models/update", in -> new Response(in, true));

    private UpdateModels() {}

    sealed interface Change extends Writeable {

        String id();

        /** @param model as it shall be, see {@link UpdateModels#desired} */
        record Declare(DeclaredModel model) implements Change {
            @Override
            public String id() {
                return model.id();
            }

            @Override
            public void writeTo(StreamOutput out) throws IOException {
                Frame.begin(out).writeByte((byte) 0);
                out.writeString(model.id());
                out.writeMap(model.toMap());
                Frame.end(out);
            }
        }

        record Want(String id, boolean load) implements Change {
            @Override
            public void writeTo(StreamOutput out) throws IOException {
                Frame.begin(out).writeByte((byte) 1);
                out.writeString(id);
                out.writeBoolean(load);
                Frame.end(out);
            }
        }

        /** Somebody uses it. */
        record Use(String id) implements Change {
            @Override
            public void writeTo(StreamOutput out) throws IOException {
                Frame.begin(out).writeByte((byte) 3);
                out.writeString(id);
                Frame.end(out);
            }
        }

        /** @param force also when something names it */
        record Delete(String id, boolean force) implements Change {
            @Override
            public void writeTo(StreamOutput out) throws IOException {
                Frame.begin(out).writeByte((byte) 2);
                out.writeString(id);
                out.writeBoolean(force);
                Frame.end(out);
            }
        }

        static Change read(StreamInput in) throws IOException {
            byte kind = Frame.begin(in).readByte();
            String id = in.readString();
            Change change = switch (kind) {
                case 0 -> new Declare(DeclaredModel.fromMap(id, in.readMap()));
                case 1 -> new Want(id, in.readBoolean());
                case 2 -> new Delete(id, in.readBoolean());
                case 3 -> new Use(id);
                default -> throw new IOException("unknown kind of change [" + kind + "]");
            };
            Frame.end(in);
            return change;
        }
    }

    enum Result {
        CREATED,
        UPDATED,
        DELETED,
        NOOP
    }

    record Outcome(ClusterState state, Result result) {}

    /**
     * @param maxModels of a cluster
     * @throws RuntimeException with the status for the caller when the change cannot be made
     */
    static Outcome apply(Change change, ClusterState state, int maxModels) {
        ModelMetadata models = ModelMetadata.of(state);
        if (change instanceof Change.Delete delete && models.unreadable().containsKey(delete.id())) {
            return delete(delete, models, state);
        }
        models.requireReadable(change.id());
        DeclaredModel before = models.model(change.id()).orElse(null);
        if (before == null && !(change instanceof Change.Declare)) {
            throw new ResourceNotFoundException("model [" + change.id() + "] is not declared");
        }
        return switch (change) {
            case Change.Declare declare -> declare(declare.model(), before, models, state, maxModels);
            case Change.Want want -> changed(before, wanted(before, want.load(), state), models, state);
            case Change.Use use ->
                changed(
                        before,
                        before.desired() == Desired.ON_USE ? before.with(Desired.LOADED) : before,
                        models,
                        state);
            case Change.Delete delete -> delete(delete, models, state);
        };
    }

    private static Outcome delete(Change.Delete delete, ModelMetadata models, ClusterState state) {
        refuseWhileUsed(delete, state);
        return new Outcome(models.without(delete.id()).in(state), Result.DELETED);
    }

    private static DeclaredModel wanted(DeclaredModel model, boolean load, ClusterState state) {
        return load
                ? model.with(Desired.LOADED).with(model.firstLoad().asked(state.nodes()))
                : model.with(Desired.UNLOADED);
    }

    private static Outcome declare(
            DeclaredModel model, DeclaredModel before, ModelMetadata models, ClusterState state, int maxModels) {
        refuseWithoutPlugin(state);
        model.requireSmall();
        if (before == null) {
            if (models.size() >= maxModels) {
                throw new IllegalArgumentException("the cluster has " + models.size() + " declared models, ["
                        + ClipSettings.MAX_MODELS.getKey() + "] is " + maxModels + ": delete one or raise it");
            }
            return new Outcome(models.with(model).in(state), Result.CREATED);
        }
        if (!before.fingerprint().equals(model.fingerprint())) {
            throw new OpenSearchStatusException(
                    "model [" + model.id() + "] is declared already and makes other vectors: fingerprint ["
                            + before.fingerprint() + "], this declaration would be [" + model.fingerprint()
                            + "]; declare it under a new id",
                    RestStatus.CONFLICT);
        }
        // other files, or another device, are another thing to native code
        FirstLoad first = before.form().equals(model.form()) ? before.firstLoad() : model.firstLoad();
        DeclaredModel after =
                model.with(desired(before.desired(), model.desired())).with(first);
        return changed(before, after, models, state);
    }

    /** A declaration does not unload, and one that says nothing changes nothing. */
    private static Desired desired(Desired before, Desired declared) {
        return before == Desired.LOADED || declared == Desired.ON_USE ? before : declared;
    }

    private static Outcome changed(
            DeclaredModel before, DeclaredModel after, ModelMetadata models, ClusterState state) {
        return after.equals(before)
                ? new Outcome(state, Result.NOOP)
                : new Outcome(models.with(after).in(state), Result.UPDATED);
    }

    /** Nothing filters the section for a node that cannot read it: such a node would drop out of the cluster. */
    private static void refuseWithoutPlugin(ClusterState state) {
        List<String> without = StreamSupport.stream(state.nodes().spliterator(), false)
                .filter(node -> !node.getAttributes().containsKey(Frame.NODE_ATTRIBUTE))
                .map(DiscoveryNode::getName)
                .sorted()
                .toList();
        if (!without.isEmpty()) {
            throw new OpenSearchStatusException(
                    "nodes without the plugin opensearch-clip " + without
                            + ": install it there before declaring a model",
                    RestStatus.CONFLICT);
        }
    }

    private static void refuseWhileUsed(Change.Delete delete, ClusterState state) {
        ModelUsers users = ModelUsers.of(delete.id(), state);
        if (!delete.force() && !users.none()) {
            throw new OpenSearchStatusException(
                    "model [" + delete.id() + "] is named by the ingest pipelines " + users.pipelines() + " and by ["
                            + ClipSettings.INDEX_MODEL_ID.getKey() + "] of the indices " + users.indices()
                            + ": change them first, or delete it with force=true",
                    RestStatus.CONFLICT);
        }
    }

    public static final class Request extends AcknowledgedRequest<Request> {
        private final Change change;
        private boolean old;

        Request(Change change) {
            this.change = change;
        }

        Request(StreamInput in, boolean old) throws IOException {
            super(in);
            StreamInput form = old ? OldForm.of(in) : in;
            this.old = old;
            change = Change.read(Frame.begin(form));
            Frame.end(form);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            StreamOutput form = old ? OldForm.of(out) : out;
            change.writeTo(Frame.begin(form));
            Frame.end(form);
        }

        /** @param oldForm see {@link OldForm} */
        Request in(boolean oldForm) {
            old = oldForm;
            return this;
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static final class Response extends AcknowledgedResponse {
        private final Result result;
        private final boolean old;

        Response(boolean acknowledged, Result result, boolean old) {
            super(acknowledged);
            this.result = result;
            this.old = old;
        }

        Response(StreamInput in) throws IOException {
            this(in, false);
        }

        Response(StreamInput in, boolean old) throws IOException {
            super(in);
            StreamInput form = old ? OldForm.of(in) : in;
            this.old = old;
            result = Frame.begin(form).readEnum(Result.class);
            Frame.end(form);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            StreamOutput form = old ? OldForm.of(out) : out;
            Frame.begin(form).writeEnum(result);
            Frame.end(form);
        }

        Result result() {
            return result;
        }
    }

    /** Has the cluster manager make a change, in the form that it understands. */
    static void send(Client client, ClusterState state, Request request, ActionListener<Response> listener) {
        boolean old = Frame.isManagerOld(state);
        client.execute(old ? OLD_ACTION : ACTION, request.in(old), listener);
    }

    public static final class Transport extends InOneForm {
        @Inject
        public Transport(
                TransportService transport,
                ClusterService cluster,
                ThreadPool threadPool,
                ActionFilters filters,
                IndexNameExpressionResolver resolver) {
            super(false, transport, cluster, threadPool, filters, resolver);
        }
    }

    public static final class OldTransport extends InOneForm {
        @Inject
        public OldTransport(
                TransportService transport,
                ClusterService cluster,
                ThreadPool threadPool,
                ActionFilters filters,
                IndexNameExpressionResolver resolver) {
            super(true, transport, cluster, threadPool, filters, resolver);
        }
    }

    private abstract static class InOneForm extends TransportClusterManagerNodeAction<Request, Response> {
        private final boolean old;

        private InOneForm(
                boolean old,
                TransportService transport,
                ClusterService cluster,
                ThreadPool threadPool,
                ActionFilters filters,
                IndexNameExpressionResolver resolver) {
            super(
                    (old ? OLD_ACTION : ACTION).name(),
                    transport,
                    cluster,
                    threadPool,
                    filters,
                    in -> new Request(in, old),
                    resolver);
            this.old = old;
        }

        @Override
        protected String executor() {
            return ThreadPool.Names.SAME;
        }

        @Override
        protected Response read(StreamInput in) throws IOException {
            return new Response(in, old);
        }

        @Override
        protected ClusterBlockException checkBlock(Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_WRITE);
        }

        @Override
        protected void clusterManagerOperation(Request request, ClusterState state, ActionListener<Response> listener) {
            String source = "clip model [" + request.change.id() + "]: "
                    + request.change.getClass().getSimpleName();
            clusterService.submitStateUpdateTask(source, new AckedClusterStateUpdateTask<>(request, listener) {
                private Result result;

                @Override
                public ClusterState execute(ClusterState current) {
                    int maxModels = clusterService.getClusterSettings().get(ClipSettings.MAX_MODELS);
                    Outcome outcome = apply(request.change, current, maxModels);
                    result = outcome.result();
                    return outcome.state();
                }

                @Override
                protected Response newResponse(boolean acknowledged) {
                    return new Response(acknowledged, result, old);
                }
            });
        }
    }
}
