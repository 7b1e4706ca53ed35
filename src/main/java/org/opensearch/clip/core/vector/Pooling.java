// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.Arrays;

/** How the hidden states of a sequence become one vector. */
public enum Pooling {
    /** The graph's output is one vector an input already. */
    NONE {
        @Override
        public float[] apply(float[] hidden, int positions, int dimension, int row, int length) {
            return row(hidden, dimension, row);
        }
    },
    /** Mean over the tokens, padding left out. */
    MEAN {
        @Override
        public float[] apply(float[] hidden, int positions, int dimension, int row, int length) {
            double[] sum = new double[dimension];
            int at = row * positions * dimension;
            for (int p = 0; p < length; p++) {
                for (int d = 0; d < dimension; d++) {
                    sum[d] += hidden[at++];
                }
            }
            float[] mean = new float[dimension];
            for (int d = 0; d < dimension; d++) {
                mean[d] = (float) (sum[d] / length);
            }
            return mean;
        }
    },
    /** The first position. */
    CLS {
        @Override
        public float[] apply(float[] hidden, int positions, int dimension, int row, int length) {
            return row(hidden, dimension, row * positions);
        }
    },
    /** The last token before the padding. */
    LAST {
        @Override
        public float[] apply(float[] hidden, int positions, int dimension, int row, int length) {
            return row(hidden, dimension, row * positions + length - 1);
        }
    };

    /**
     * @param hidden {@code [n][positions][dimension]}, row-major, padding on the right; {@code [n][dimension]} for
     *     {@link #NONE}
     * @param row which of the n inputs
     * @param length tokens of that input, in [1, positions]
     * @return {@code [dimension]}
     */
    public abstract float[] apply(float[] hidden, int positions, int dimension, int row, int length);

    private static float[] row(float[] values, int dimension, int row) {
        return Arrays.copyOfRange(values, row * dimension, (row + 1) * dimension);
    }
}
