// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.Objects;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/** An input of {@link Embed} as a user gave it. */
public sealed interface Source extends Writeable {

    record Text(String text) implements Source {
        public Text {
            Objects.requireNonNull(text, "text");
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeByte((byte) 0);
            out.writeString(text);
            Frame.end(out);
        }
    }

    /** @param image an http(s) URL, a data URI or base64 */
    record Image(String image) implements Source {
        public Image {
            Objects.requireNonNull(image, "image");
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeByte((byte) 1);
            out.writeString(image);
            Frame.end(out);
        }
    }

    /** Whether embedding this makes the node fetch something. */
    default boolean isUrl() {
        return this instanceof Image i
                && (i.image().regionMatches(true, 0, "http://", 0, 7)
                        || i.image().regionMatches(true, 0, "https://", 0, 8));
    }

    /** Heap of the string, roughly. */
    default int bytes() {
        return switch (this) {
            case Text t -> t.text().length();
            case Image i -> i.image().length();
        };
    }

    static Source read(StreamInput in) throws IOException {
        byte kind = Frame.begin(in).readByte();
        Source source = switch (kind) {
            case 0 -> new Text(in.readString());
            case 1 -> new Image(in.readString());
            default -> throw new IOException("unknown kind of input [" + kind + "]");
        };
        Frame.end(in);
        return source;
    }
}
