// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.clustermanager.AcknowledgedRequest;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.action.support.clustermanager.TransportClusterManagerNodeAction;
import org.opensearch.clip.wire.Frame;
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
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.TransportService;

/** A node takes its turn at a {@link FirstLoad}, or says how it went: an internal step, run on the cluster manager. */
public final class RecordFirstLoad {

    public static final ActionType<AcknowledgedResponse> ACTION =
            new ActionType<>("internal:opensearch/clip/models/first_load", AcknowledgedResponse::new);

    private RecordFirstLoad() {}

    enum Step {
        TAKE,
        FAILED,
        LOADED
    }

    public static final class Request extends AcknowledgedRequest<Request> {
        private final String id;
        private final String form;
        private final String node;
        private final String run;
        private final Step step;

        /** @param by the node that speaks */
        Request(DeclaredModel model, DiscoveryNode by, Step step) {
            this.id = model.id();
            this.form = model.form();
            this.node = by.getId();
            this.run = by.getEphemeralId();
            this.step = step;
        }

        Request(StreamInput in) throws IOException {
            super(in);
            id = Frame.begin(in).readString();
            form = in.readString();
            node = in.readString();
            run = in.readString();
            step = in.readEnum(Step.class);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out).writeString(id);
            out.writeString(form);
            out.writeString(node);
            out.writeString(run);
            out.writeEnum(step);
            Frame.end(out);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }

        Step step() {
            return step;
        }

        /** Nothing changes when the model is not declared as it was, or another was faster. */
        ClusterState apply(ClusterState state) {
            ModelMetadata models = ModelMetadata.of(state);
            DeclaredModel before =
                    models.model(id).filter(model -> model.form().equals(form)).orElse(null);
            if (before == null) {
                return state;
            }
            FirstLoad after = switch (step) {
                case TAKE -> {
                    DiscoveryNode by = state.nodes().get(node);
                    yield by == null || !by.getEphemeralId().equals(run)
                            ? before.firstLoad()
                            : before.firstLoad().taken(by, state.nodes());
                }
                case FAILED -> before.firstLoad().ended(node, run, false);
                case LOADED -> before.firstLoad().ended(node, run, true);
            };
            return after.equals(before.firstLoad())
                    ? state
                    : models.with(before.with(after)).in(state);
        }
    }

    public static final class Transport extends TransportClusterManagerNodeAction<Request, AcknowledgedResponse> {

        @Inject
        public Transport(
                TransportService transport,
                ClusterService cluster,
                ThreadPool threadPool,
                ActionFilters filters,
                IndexNameExpressionResolver resolver) {
            super(ACTION.name(), transport, cluster, threadPool, filters, Request::new, resolver);
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
            String source = "clip model [" + request.id + "]: first load, " + request.step;
            clusterService.submitStateUpdateTask(source, new AckedClusterStateUpdateTask<>(request, listener) {
                @Override
                public ClusterState execute(ClusterState current) {
                    return request.apply(current);
                }

                @Override
                protected AcknowledgedResponse newResponse(boolean acknowledged) {
                    return new AcknowledgedResponse(acknowledged);
                }
            });
        }
    }
}
