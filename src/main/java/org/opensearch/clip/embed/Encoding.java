// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.core.xcontent.XContentBuilder;

/** How {@link Embeddings} writes a vector, in the spelling of Jina's API. */
enum Encoding {
    FLOAT {
        @Override
        void write(XContentBuilder json, String field, float[] vector) throws IOException {
            json.array(field, vector);
        }
    },
    /** 32-bit floats, little-endian, as {@code numpy.frombuffer} reads them. */
    BASE64 {
        @Override
        void write(XContentBuilder json, String field, float[] vector) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(vector);
            json.field(field, Base64.getEncoder().encodeToString(bytes.array()));
        }
    },
    /** {@link #UBINARY} less 128: what sentence-transformers and Jina call binary. It is not a two's complement of the same bits. */
    BINARY {
        @Override
        void write(XContentBuilder json, String field, float[] vector) throws IOException {
            writeBits(json, field, vector, -128);
        }
    },
    /** {@link EmbeddingType#pack}. */
    UBINARY {
        @Override
        void write(XContentBuilder json, String field, float[] vector) throws IOException {
            writeBits(json, field, vector, 0);
        }
    };

    abstract void write(XContentBuilder json, String field, float[] vector) throws IOException;

    private static void writeBits(XContentBuilder json, String field, float[] vector, int add) throws IOException {
        json.startArray(field);
        for (byte bits : EmbeddingType.pack(vector)) {
            json.value(Byte.toUnsignedInt(bits) + add);
        }
        json.endArray();
    }

    static Optional<Encoding> of(Object name) {
        return Stream.of(values()).filter(e -> e.toString().equals(name)).findAny();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
