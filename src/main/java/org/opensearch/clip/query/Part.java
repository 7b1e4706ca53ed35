// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.Objects;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/** What one vector of a question is made of. */
sealed interface Part extends Writeable {

    /** What a model embeds. */
    record Given(Source source) implements Part {
        public Given {
            Objects.requireNonNull(source, "source");
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeByte((byte) 0);
            source.writeTo(out);
            Frame.end(out);
        }

        @Override
        public String name() {
            return source instanceof Source.Text ? "text" : "image";
        }
    }

    /**
     * The vector that a document has already.
     *
     * @param field of the vector, {@code null} = the field that is searched
     * @param routing of the document, {@code null} = by its id
     */
    record OfDocument(String index, String id, String field, String routing) implements Part {
        public OfDocument {
            requireText("_index", index);
            requireText("_id", id);
            if (field != null) {
                requireText("field", field);
            }
        }

        private OfDocument(StreamInput in) throws IOException {
            this(in.readString(), in.readString(), in.readOptionalString(), in.readOptionalString());
        }

        private static void requireText(String parameter, String value) {
            if (value == null || value.isBlank()) {
                throw new IllegalArgumentException("[clip] a document needs its [" + parameter + "]");
            }
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeByte((byte) 1);
            out.writeString(index);
            out.writeString(id);
            out.writeOptionalString(field);
            out.writeOptionalString(routing);
            Frame.end(out);
        }

        @Override
        public String name() {
            return "document";
        }
    }

    /** The key of this kind in {@code queries}; after {@code query_} it is the parameter of its own. */
    String name();

    static Part read(StreamInput in) throws IOException {
        byte kind = Frame.begin(in).readByte();
        Part part = switch (kind) {
            case 0 -> new Given(Source.read(in));
            case 1 -> new OfDocument(in);
            default -> throw new IOException("unknown part of a question [" + kind + "]");
        };
        Frame.end(in);
        return part;
    }
}
