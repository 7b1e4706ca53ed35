// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Locale;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Footprint;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.onnx.PreparedGraphs;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.xcontent.ToXContentFragment;
import org.opensearch.core.xcontent.XContentBuilder;

/**
 * What a node holds of one half of a model.
 *
 * @param nodes of the graph that it runs
 * @param unprepared why the graph was loaded as it was published, or {@code null}
 * @param allCoresBytes that it takes besides, so that one run can use all cores; 0 = none can
 */
record LoadedTower(Modality modality, Footprint memory, long nodes, String unprepared, long allCoresBytes)
        implements Writeable, ToXContentFragment {

    static LoadedTower of(Modality modality, PreparedGraphs.Opened opened) {
        Session session = opened.session();
        return new LoadedTower(
                modality, session.footprint(), session.nodes(), opened.unprepared(), session.allCoresBytes());
    }

    LoadedTower(StreamInput in) throws IOException {
        this(
                Frame.begin(in).readEnum(Modality.class),
                new Footprint(in.readVLong(), in.readVLong(), in.readBoolean()),
                in.readVLong(),
                in.readOptionalString(),
                tail(in));
    }

    private static long tail(StreamInput in) throws IOException {
        StreamInput tail = Frame.tail(in);
        return tail.available() > 0 ? tail.readVLong() : 0;
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeEnum(modality);
        out.writeVLong(memory.anonymousBytes());
        out.writeVLong(memory.mappedBytes());
        out.writeBoolean(memory.measured());
        out.writeVLong(nodes);
        out.writeOptionalString(unprepared);
        Frame.end(out, tail -> tail.writeVLong(allCoresBytes));
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject(modality.name().toLowerCase(Locale.ROOT));
        builder.field("anonymous_bytes", memory.anonymousBytes());
        builder.field("mapped_bytes", memory.mappedBytes());
        builder.field("measured", memory.measured());
        builder.field("all_cores_bytes", allCoresBytes);
        builder.field("graph_nodes", nodes);
        builder.field("prepared", unprepared == null);
        if (unprepared != null) {
            builder.field("unprepared_reason", unprepared);
        }
        return builder.endObject();
    }
}
