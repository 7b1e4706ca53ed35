// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Map;
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
 */
record LoadStatus(String state, Map<String, ModelView.OnNode> nodes) implements Task.Status {

    private static final String NAME = "clip_load";

    /** The source is being asked what there is; no node has begun. */
    static final LoadStatus RESOLVING = new LoadStatus("RESOLVING", Map.of());

    private LoadStatus(StreamInput in) throws IOException {
        this(in.readString(), in.readMap(StreamInput::readString, ModelView.OnNode::new));
    }

    static NamedWriteableRegistry.Entry namedWriteable() {
        return new NamedWriteableRegistry.Entry(Task.Status.class, NAME, LoadStatus::new);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        out.writeString(state);
        out.writeMap(nodes, StreamOutput::writeString, (o, node) -> node.writeTo(o));
    }

    @Override
    public String getWriteableName() {
        return NAME;
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject().field("state", state);
        ModelView.nodesToXContent(nodes, builder);
        return builder.endObject();
    }
}
