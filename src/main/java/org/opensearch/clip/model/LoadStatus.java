// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.OldForm;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.tasks.Task;

/**
 * What {@code GET _tasks/{id}} shows of a declaration or a load under way.
 *
 * @param state of the model over all nodes, or {@link #RESOLVING}
 * @param nodes as in {@link ModelView}
 * @param framed core sends it to whichever node asks for tasks, so its form is that of the oldest
 */
record LoadStatus(String state, Map<String, ModelView.OnNode> nodes, boolean framed) implements Task.Status {

    private static final String NAME = "clip_load/2";
    private static final String OLD_NAME = "clip_load";

    /** The source is being asked what there is; no node has begun. */
    static LoadStatus resolving(DiscoveryNodes all) {
        return new LoadStatus("RESOLVING", Map.of(), Frame.isEverywhere(all));
    }

    static LoadStatus of(ModelView view, DiscoveryNodes all) {
        return new LoadStatus(view.state(), view.nodes(), Frame.isEverywhere(all));
    }

    private LoadStatus(StreamInput in, boolean framed) throws IOException {
        this(Frame.begin(in).readString(), in.readMap(StreamInput::readString, ModelView.OnNode::new), framed);
        Frame.end(in);
    }

    static List<NamedWriteableRegistry.Entry> namedWriteables() {
        return List.of(
                new NamedWriteableRegistry.Entry(Task.Status.class, NAME, in -> new LoadStatus(in, true)),
                new NamedWriteableRegistry.Entry(
                        Task.Status.class, OLD_NAME, in -> new LoadStatus(OldForm.of(in), false)));
    }

    @Override
    public void writeTo(StreamOutput to) throws IOException {
        StreamOutput out = framed ? to : OldForm.of(to);
        Frame.begin(out);
        out.writeString(state);
        out.writeMap(nodes, StreamOutput::writeString, (o, node) -> node.writeTo(o));
        Frame.end(out);
    }

    @Override
    public String getWriteableName() {
        return framed ? NAME : OLD_NAME;
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject().field("state", state);
        ModelView.nodesToXContent(nodes, builder);
        return builder.endObject();
    }
}
