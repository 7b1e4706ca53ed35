// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import java.io.IOException;
import java.util.Map;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;

/**
 * What is around the fields of everything of ours that goes from node to node: a format number (vint) before them, and behind them a
 * tail (vint length, bytes). Two releases of the plugin for one OpenSearch version share a stream version, so core's cannot tell them apart.
 *
 * <p>A field of a later release goes into the tail, which an older reader skips. What an older reader must not skip is a new format
 * number, under a new action name: nodes say by {@link #NODE_ATTRIBUTE} which they understand, and are sent no other.
 *
 * <p>A stream in {@link OldForm} has no frames: fields in a row, as nodes of format 1 write and read them.
 */
public final class Frame {

    /** Of this release. */
    public static final int FORMAT = 2;

    /** Fields without a frame, from before the first release. Goes with {@link OldForm} when there is one. */
    static final int OLD_FORMAT = 1;

    /** A node attribute that tells the others that this node has the plugin; its value is the {@link #FORMAT} of its release. */
    public static final String NODE_ATTRIBUTE = "opensearch_clip";

    private Frame() {}

    /** Writes fields. */
    @FunctionalInterface
    public interface Fields {
        void write(StreamOutput out) throws IOException;
    }

    /** Before the first field. */
    public static StreamOutput begin(StreamOutput out) throws IOException {
        if (!OldForm.is(out)) {
            out.writeVInt(FORMAT);
        }
        return out;
    }

    /** After the last field. */
    public static void end(StreamOutput out) throws IOException {
        end(out, tail -> {});
    }

    /** @param tail fields that came after {@link #FORMAT} was fixed, oldest first: their reader finds fewer of them where the writer is older */
    public static void end(StreamOutput out, Fields tail) throws IOException {
        if (OldForm.is(out)) {
            return;
        }
        try (BytesStreamOutput bytes = new BytesStreamOutput()) {
            bytes.setVersion(out.getVersion());
            tail.write(bytes);
            out.writeBytesReference(bytes.bytes());
        }
    }

    /**
     * Before the first field.
     *
     * @return {@code in}
     * @throws IOException when the writer's format is not read here
     */
    public static StreamInput begin(StreamInput in) throws IOException {
        if (!OldForm.is(in)) {
            int format = in.readVInt();
            if (format != FORMAT) {
                throw new IOException("opensearch-clip of this node reads format [" + FORMAT
                        + "] of what nodes send each other, got [" + format + "]");
            }
        }
        return in;
    }

    /** After the last field: skips what a later release says more. */
    public static void end(StreamInput in) throws IOException {
        if (!OldForm.is(in)) {
            in.skipNBytes(in.readVInt());
        }
    }

    /**
     * After the last field, for a form that has fields in its tail.
     *
     * @return them; {@link StreamInput#available} is 0 where the writer knew no more
     */
    public static StreamInput tail(StreamInput in) throws IOException {
        StreamInput tail = OldForm.is(in)
                ? StreamInput.wrap(new byte[0])
                : in.readBytesReference().streamInput();
        tail.setVersion(in.getVersion());
        return tail;
    }

    /** The format that a node understands beside older ones, 0 for a node without the plugin. */
    public static int format(DiscoveryNode node) {
        return format(node.getAttributes());
    }

    private static int format(Map<String, String> attributes) {
        String value = attributes.get(NODE_ATTRIBUTE);
        return value == null || !value.matches("[0-9]{1,6}") ? 0 : Integer.parseInt(value);
    }

    /** Whether a node can be sent anything of ours. */
    public static boolean understands(DiscoveryNode node) {
        return format(node) >= OLD_FORMAT;
    }

    /** Whether the elected cluster manager must be sent {@link OldForm}. */
    public static boolean isManagerOld(ClusterState state) {
        DiscoveryNode manager = state.nodes().getClusterManagerNode();
        return manager != null && understands(manager) && isOld(manager);
    }

    /** Whether a node must be sent {@link OldForm}. */
    public static boolean isOld(DiscoveryNode node) {
        return format(node) < FORMAT;
    }

    /** Whether no node of a cluster is older than this release: what core sends to any of them may have a frame. */
    public static boolean isEverywhere(Iterable<DiscoveryNode> nodes) {
        for (DiscoveryNode node : nodes) {
            if (format(node) != 0 && isOld(node)) {
                return false;
            }
        }
        return true;
    }
}
