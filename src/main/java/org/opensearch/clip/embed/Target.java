// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import org.opensearch.action.support.IndicesOptions;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/**
 * Where a query looks, for {@code index.clip.model_id} and the check against the mapping.
 *
 * @param indices as the search names them, remote ones taken out
 * @param field the vector field
 * @param dimensions length of the query vector, 0 = the model's own
 * @param mayBeUnmapped whether it is no error that no index has the field
 */
public record Target(String[] indices, IndicesOptions options, String field, int dimensions, boolean mayBeUnmapped)
        implements Writeable {
    public Target(String[] indices, IndicesOptions options, String field, int dimensions) {
        this(indices, options, field, dimensions, false);
    }

    Target(StreamInput in) throws IOException {
        this(
                in.readStringArray(),
                IndicesOptions.readIndicesOptions(in),
                in.readString(),
                in.readVInt(),
                in.readBoolean());
    }

    public Target orUnmapped() {
        return new Target(indices, options, field, dimensions, true);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        out.writeStringArray(indices);
        options.writeIndicesOptions(out);
        out.writeString(field);
        out.writeVInt(dimensions);
        out.writeBoolean(mayBeUnmapped);
    }

    /**
     * A vector that is there already, and that a query is made of.
     *
     * @param index the concrete one
     */
    public record VectorAt(String index, String field) implements Writeable {
        VectorAt(StreamInput in) throws IOException {
            this(in.readString(), in.readString());
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            out.writeString(index);
            out.writeString(field);
        }
    }
}
