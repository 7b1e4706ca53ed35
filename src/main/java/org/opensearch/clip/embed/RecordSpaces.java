// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.clustermanager.AcknowledgedRequest;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.action.support.clustermanager.TransportClusterManagerNodeAction;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.OldForm;
import org.opensearch.cluster.AckedClusterStateUpdateTask;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.block.ClusterBlockException;
import org.opensearch.cluster.block.ClusterBlockLevel;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.Priority;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.index.Index;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.Client;

/**
 * The one writer of what {@link SpaceGuard} reads: an internal step, run on the cluster manager. What is known already makes no
 * new cluster state, so however many nodes report a field, it costs one.
 */
public final class RecordSpaces {

    public static final ActionType<AcknowledgedResponse> ACTION =
            new ActionType<>("internal:opensearch/clip/spaces/record/2", AcknowledgedResponse::new);

    /** For, and from, nodes from before the first release. */
    public static final ActionType<AcknowledgedResponse> OLD_ACTION =
            new ActionType<>("internal:opensearch/clip/spaces/record", AcknowledgedResponse::new);

    private RecordSpaces() {}

    /**
     * @param fields to the fingerprint of the model that wrote them
     * @return {@code state} itself when it says so already. An entry there is stays, but where the index lets two models meet:
     *     there it follows the model that wrote last, so that a field that has been embedded anew in place can be guarded again
     */
    static ClusterState apply(ClusterState state, Index index, Map<String, String> fields) {
        IndexMetadata metadata = state.metadata().index(index);
        if (metadata == null) {
            return state;
        }
        Map<String, String> after = new HashMap<>(SpaceGuard.fields(state, metadata));
        boolean follows = SpaceGuard.mayMeet(metadata);
        fields.forEach((field, fingerprint) -> {
            if (follows) {
                after.put(field, fingerprint);
            } else {
                after.putIfAbsent(field, fingerprint);
            }
        });
        if (after.equals(metadata.getCustomData(SpaceGuard.CUSTOM))) {
            return state;
        }
        var changed = IndexMetadata.builder(metadata).putCustom(SpaceGuard.CUSTOM, after);
        return ClusterState.builder(state)
                .metadata(Metadata.builder(state.metadata()).put(changed))
                .build();
    }

    public static final class Request extends AcknowledgedRequest<Request> {
        private final Index index;
        private final Map<String, String> fields;
        private boolean old;

        Request(Index index, Map<String, String> fields) {
            this.index = index;
            this.fields = Map.copyOf(fields);
        }

        /** @param timeout for the cluster manager to be there, to write it down, and for all nodes to know it */
        Request within(TimeValue timeout) {
            clusterManagerNodeTimeout(timeout);
            timeout(timeout);
            return this;
        }

        Request(StreamInput in, boolean old) throws IOException {
            super(in);
            StreamInput form = old ? OldForm.of(in) : in;
            this.old = old;
            index = new Index(Frame.begin(form));
            fields = form.readMap(StreamInput::readString, StreamInput::readString);
            Frame.end(form);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            StreamOutput form = old ? OldForm.of(out) : out;
            index.writeTo(Frame.begin(form));
            form.writeMap(fields, StreamOutput::writeString, StreamOutput::writeString);
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

    /** Has the cluster manager write it down, in the form that it understands. */
    static void send(
            Client client, ClusterState state, Request request, ActionListener<AcknowledgedResponse> listener) {
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

    private abstract static class InOneForm extends TransportClusterManagerNodeAction<Request, AcknowledgedResponse> {
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
        }

        @Override
        protected String executor() {
            return ThreadPool.Names.SAME;
        }

        @Override
        protected AcknowledgedResponse read(StreamInput in) throws IOException {
            return new AcknowledgedResponse(in);
        }

        @Override
        protected ClusterBlockException checkBlock(Request request, ClusterState state) {
            return state.blocks().globalBlockedException(ClusterBlockLevel.METADATA_WRITE);
        }

        @Override
        protected void clusterManagerOperation(
                Request request, ClusterState state, ActionListener<AcknowledgedResponse> listener) {
            if (apply(state, request.index, request.fields) == state) {
                listener.onResponse(new AcknowledgedResponse(true));
                return;
            }
            // as deleting an index is: what a copy knows must not be lost because its source is deleted right after
            String source = "clip vector fields of " + request.index + ": " + request.fields.keySet();
            clusterService.submitStateUpdateTask(
                    source, new AckedClusterStateUpdateTask<>(Priority.URGENT, request, listener) {
                        @Override
                        public ClusterState execute(ClusterState current) {
                            return apply(current, request.index, request.fields);
                        }

                        @Override
                        protected AcknowledgedResponse newResponse(boolean acknowledged) {
                            return new AcknowledgedResponse(acknowledged);
                        }
                    });
        }
    }
}
