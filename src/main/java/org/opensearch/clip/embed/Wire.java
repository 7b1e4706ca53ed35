// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.core.vector.ZeroShot.Activation;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;

/** Records of core, which knows no streams, between nodes; each may be {@code null}. */
final class Wire {
    private Wire() {}

    static void write(ImageInfo info, StreamOutput out) throws IOException {
        out.writeBoolean(info != null);
        if (info == null) {
            return;
        }
        Frame.begin(out);
        out.writeVInt(info.width());
        out.writeVInt(info.height());
        out.writeString(info.format());
        out.writeLong(info.hash());
        Frame.end(out);
    }

    static ImageInfo info(StreamInput in) throws IOException {
        if (!in.readBoolean()) {
            return null;
        }
        Frame.begin(in);
        var info = new ImageInfo(in.readVInt(), in.readVInt(), in.readString(), in.readLong());
        Frame.end(in);
        return info;
    }

    static void write(Logits logits, StreamOutput out) throws IOException {
        out.writeBoolean(logits != null);
        if (logits == null) {
            return;
        }
        Frame.begin(out);
        out.writeEnum(logits.activation());
        out.writeDouble(logits.scale());
        out.writeDouble(logits.bias());
        out.writeBoolean(logits.assumed());
        Frame.end(out);
    }

    static Logits logits(StreamInput in) throws IOException {
        if (!in.readBoolean()) {
            return null;
        }
        Frame.begin(in);
        var logits = new Logits(in.readEnum(Activation.class), in.readDouble(), in.readDouble(), in.readBoolean());
        Frame.end(in);
        return logits;
    }
}
