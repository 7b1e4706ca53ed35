// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.List;
import org.opensearch.action.support.IndicesOptions;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/**
 * Where a query looks, for {@code index.clip.model_id} and the check against the mapping.
 *
 * @param indices as the search names them, remote ones taken out
 * @param field the vector field
 * @param dimensions length of the query vector, 0 = the model's own
 * @param embeddingType that the query names, {@code null} = what the mappings say
 * @param mayBeUnmapped whether it is no error that no index has the field
 */
public record Target(
        String[] indices,
        IndicesOptions options,
        String field,
        int dimensions,
        EmbeddingType embeddingType,
        boolean mayBeUnmapped)
        implements Writeable {
    /** Of which the query says no more. */
    public Target(String[] indices, IndicesOptions options, String field, int dimensions) {
        this(indices, options, field, dimensions, null, false);
    }

    Target(StreamInput in) throws IOException {
        this(
                Frame.begin(in).readStringArray(),
                IndicesOptions.readIndicesOptions(in),
                in.readString(),
                in.readVInt(),
                in.readBoolean() ? in.readEnum(EmbeddingType.class) : null,
                in.readBoolean());
        Frame.end(in);
    }

    public Target orUnmapped() {
        return new Target(indices, options, field, dimensions, embeddingType, true);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeStringArray(indices);
        options.writeIndicesOptions(out);
        out.writeString(field);
        out.writeVInt(dimensions);
        out.writeBoolean(embeddingType != null);
        if (embeddingType != null) {
            out.writeEnum(embeddingType);
        }
        out.writeBoolean(mayBeUnmapped);
        Frame.end(out);
    }

    /**
     * What vectors are kept as.
     *
     * @param searched by the query
     * @param documents of the query, in the order asked about
     */
    public record Kept(EmbeddingType searched, List<EmbeddingType> documents) implements Writeable {
        static final Kept FLOATS = new Kept(EmbeddingType.FLOAT, List.of());

        Kept(StreamInput in) throws IOException {
            this(
                    Frame.begin(in).readEnum(EmbeddingType.class),
                    in.readList(type -> type.readEnum(EmbeddingType.class)));
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeEnum(searched);
            out.writeCollection(documents, StreamOutput::writeEnum);
            Frame.end(out);
        }
    }

    /**
     * A vector that is there already, and that a query is made of.
     *
     * @param index the concrete one
     */
    public record VectorAt(String index, String field) implements Writeable {
        VectorAt(StreamInput in) throws IOException {
            this(Frame.begin(in).readString(), in.readString());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeString(index);
            out.writeString(field);
            Frame.end(out);
        }
    }
}
