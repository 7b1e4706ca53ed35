// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a vector is kept as in a field: k-NN's {@code data_type}. Values are passed as floats whatever they are kept as. */
public enum EmbeddingType {
    /** As it is. */
    FLOAT {
        @Override
        public float[] encode(float[] vector) {
            return vector;
        }
    },

    /**
     * At length 1, times 127, rounded half away from zero: what USearch does for {@code i8}, which cuts the fraction off. The scale
     * is the same for all vectors, so inner products stay in proportion, and needs no sample of them.
     */
    BYTE {
        @Override
        public float[] encode(float[] vector) {
            float[] whole = Vectors.normalize(vector);
            for (int i = 0; i < whole.length; i++) {
                double scaled = whole[i] * 127d;
                whole[i] = (float) Math.copySign(Math.floor(Math.abs(scaled) + 0.5), scaled);
            }
            return whole;
        }
    },

    /** One bit a dimension as {@link #pack} has them, eight in a signed byte. */
    BINARY {
        @Override
        public float[] encode(float[] vector) {
            if (vector.length % Byte.SIZE != 0) {
                throw new IllegalArgumentException(
                        "a binary vector needs dimensions that are a multiple of 8, there are [" + vector.length
                                + "]: set [dimensions]");
            }
            byte[] packed = pack(vector);
            float[] bytes = new float[packed.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = packed[i];
            }
            return bytes;
        }

        @Override
        public float[] decode(float[] values) {
            float[] vector = new float[values.length * Byte.SIZE];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = ((int) values[i / Byte.SIZE] & 0x80 >> i % Byte.SIZE) == 0 ? -1 : 1;
            }
            return vector;
        }
    };

    /**
     * @param vector of any length but 0
     * @return the values that a field of this type takes, whole numbers of [-128, 127] but for {@link #FLOAT}
     * @throws IllegalArgumentException when the vector is zero, not finite, or not of a length that there is
     */
    public abstract float[] encode(float[] vector);

    /**
     * @param values of a field of this type
     * @return a vector in the direction that they stand for; of bits one of 1 and -1
     */
    public float[] decode(float[] values) {
        return values;
    }

    /**
     * A bit a value, 1 where it is greater than 0, the first in the highest bit, as sentence-transformers and {@code numpy.packbits}
     * do it and k-NN reads it; what is missing in the last byte is 0.
     */
    public static byte[] pack(float[] vector) {
        byte[] bits = new byte[(vector.length + Byte.SIZE - 1) / Byte.SIZE];
        for (int i = 0; i < vector.length; i++) {
            bits[i / Byte.SIZE] |= (byte) (vector[i] > 0 ? 0x80 >> i % Byte.SIZE : 0);
        }
        return bits;
    }

    /** By its name in lower case. */
    public static Optional<EmbeddingType> of(String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findAny();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
