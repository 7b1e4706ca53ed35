// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.FailedNodeException;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.ToXContentObject;
import org.opensearch.core.xcontent.XContentBuilder;

/**
 * A declared model beside what each node says of it: what {@code GET /_plugins/_clip/models/{id}} shows.
 *
 * @param nodes by node id: those that should hold it, whether they do or not
 */
record ModelView(DeclaredModel model, Map<String, OnNode> nodes) implements Writeable, ToXContentObject {

    /** @param observed {@code null} when the node did not answer, {@code reason} says why */
    record OnNode(String name, Observed observed, String reason) implements Writeable {
        OnNode(StreamInput in) throws IOException {
            this(Frame.begin(in).readString(), in.readOptionalWriteable(Observed::new), in.readOptionalString());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeString(name);
            out.writeOptionalWriteable(observed);
            out.writeOptionalString(reason);
            Frame.end(out);
        }
    }

    ModelView {
        nodes = new TreeMap<>(nodes);
    }

    ModelView(StreamInput in) throws IOException {
        this(
                DeclaredModel.fromMap(Frame.begin(in).readString(), in.readMap()),
                in.readMap(StreamInput::readString, OnNode::new));
        Frame.end(in);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out).writeString(model.id());
        out.writeMap(model.toMap());
        out.writeMap(nodes, StreamOutput::writeString, (o, node) -> node.writeTo(o));
        Frame.end(out);
    }

    /** Joins a declaration with the answers of the nodes; an eligible node that says nothing of the model does not hold it. */
    static ModelView of(DeclaredModel model, DiscoveryNodes nodes, ObserveModels.Response answers) {
        Map<String, String> failures =
                answers.failures().stream().collect(Collectors.toMap(FailedNodeException::nodeId, ModelView::noAnswer));
        Map<String, OnNode> view = new TreeMap<>();
        model.eligible(nodes).forEach(node -> {
            ObserveModels.NodeResponse answer = answers.getNodesMap().get(node.getId());
            Observed observed = answer == null ? null : observed(model.id(), answer.models());
            view.put(node.getId(), new OnNode(node.getName(), observed, failures.get(node.getId())));
        });
        return new ModelView(model, view);
    }

    /** The message of the failure itself holds the node's address. */
    private static String noAnswer(FailedNodeException failure) {
        return "the node did not answer: "
                + ExceptionsHelper.unwrapCause(failure.getCause()).getClass().getSimpleName();
    }

    private static Observed observed(String id, List<Observed> all) {
        return all.stream()
                .filter(one -> one.modelId().equals(id))
                .findFirst()
                .orElseGet(() -> new Observed(id, Observed.State.UNLOADED, 0, null, null, List.of(), null, 0, null));
    }

    /** Whether every node that should hold the model has reached {@code load}, or failed to. */
    boolean settled(boolean load) {
        Set<Observed.State> ends = load
                ? EnumSet.of(Observed.State.LOADED, Observed.State.FAILED, Observed.State.IDLE)
                : EnumSet.of(Observed.State.UNLOADED);
        return model.load() == load
                && nodes.values().stream()
                        .allMatch(node -> node.observed() != null
                                && ends.contains(node.observed().state()));
    }

    /** One word for all nodes: the state that they share, else what is still going on, else that they differ; idle is as good as loaded. */
    String state() {
        Collection<Observed.State> states = nodes.values().stream()
                .filter(node -> node.observed() != null)
                .map(node -> node.observed().state())
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Observed.State.class)));
        if (states.isEmpty()) {
            return Observed.State.UNLOADED.name();
        }
        if (states.size() > 1 && states.remove(Observed.State.IDLE)) {
            states.add(Observed.State.LOADED);
        }
        if (states.size() == 1) {
            return states.iterator().next().name();
        }
        return states.contains(Observed.State.LOADING) ? Observed.State.LOADING.name() : "PARTIALLY_LOADED";
    }

    /** Whether all that failed refuse it for what its files are. */
    boolean refused() {
        return nodes.values().stream()
                .map(OnNode::observed)
                .allMatch(one -> one == null || one.state() != Observed.State.FAILED || one.refused());
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject();
        builder.field("model_id", model.id());
        builder.field("state", state());
        builder.field("load", model.desired().form());
        builder.field("source", model.source());
        builder.field("overrides", model.overrides());
        if (model.nodes() != null) {
            builder.field("node_filter", model.nodes());
        }
        if (model.device() != null) {
            builder.field("device", model.device());
        }
        if (model.modelTtl() != null) {
            builder.field("model_ttl", model.modelTtl().getStringRep());
        }
        builder.field("dimension", model.dimension());
        builder.field("dimensions", model.dimensions());
        builder.field("fingerprint", model.fingerprint());
        builder.field("size_in_bytes", model.sizeInBytes());
        builder.field("files", model.toMap().get("files"));
        builder.field("mapping", model.mapping(0));
        nodesToXContent(builder);
        return builder.endObject();
    }

    void nodesToXContent(XContentBuilder builder) throws IOException {
        nodesToXContent(nodes, builder);
    }

    static void nodesToXContent(Map<String, OnNode> nodes, XContentBuilder builder) throws IOException {
        builder.startObject("nodes");
        for (Map.Entry<String, OnNode> entry : nodes.entrySet()) {
            OnNode node = entry.getValue();
            builder.startObject(entry.getKey()).field("name", node.name());
            if (node.observed() == null) {
                builder.field("state", "UNKNOWN").field("reason", node.reason());
            } else {
                builder.field("state", node.observed().state().name());
                builder.field("bytes", node.observed().bytes());
                builder.field("device", node.observed().device());
                if (node.observed().warning() != null) {
                    builder.field("warning", node.observed().warning());
                }
                if (!node.observed().towers().isEmpty()) {
                    builder.startObject("towers");
                    for (LoadedTower tower : node.observed().towers()) {
                        tower.toXContent(builder, ToXContent.EMPTY_PARAMS);
                    }
                    builder.endObject();
                }
                builder.field("reason", node.observed().reason());
                if (node.observed().since() > 0) {
                    builder.timeField(
                            "since_in_millis", "since", node.observed().since());
                }
            }
            if (node.observed() != null && node.observed().progress() != null) {
                node.observed().progress().toXContent(builder, EMPTY_PARAMS);
            }
            builder.endObject();
        }
        builder.endObject();
    }
}
