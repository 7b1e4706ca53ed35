// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.Arrays;

/** Arithmetic on embeddings: sums in double precision, never changes an argument. */
public final class Vectors {
    private Vectors() {}

    /**
     * @return {@code v} scaled to length 1
     * @throws IllegalArgumentException for a zero vector or one that is not finite
     */
    public static float[] normalize(float[] v) {
        double norm = Math.sqrt(squares(v));
        if (norm == 0) {
            throw new IllegalArgumentException("a zero vector has no direction and cannot be normalised");
        }
        float[] unit = new float[v.length];
        for (int i = 0; i < v.length; i++) {
            unit[i] = (float) (v[i] / norm);
        }
        return unit;
    }

    /**
     * The first {@code dimensions} values (Matryoshka); truncate, then normalise.
     *
     * @throws IllegalArgumentException unless {@code dimensions} is in [1, v.length]
     */
    public static float[] truncate(float[] v, int dimensions) {
        if (dimensions < 1 || dimensions > v.length) {
            throw new IllegalArgumentException("dimensions must be in [1, " + v.length + "], got [" + dimensions + "]");
        }
        return Arrays.copyOf(v, dimensions);
    }

    /**
     * The inner product; of two vectors of length 1 it is the cosine.
     *
     * @throws IllegalArgumentException when the lengths differ
     */
    public static double dot(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("vectors must have one length, got " + a.length + " and " + b.length);
        }
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** Whether no value is infinite or not a number. */
    public static boolean isFinite(float[] v) {
        for (float x : v) {
            if (!Float.isFinite(x)) {
                return false;
            }
        }
        return true;
    }

    private static double squares(float[] v) {
        double sum = 0;
        for (int i = 0; i < v.length; i++) {
            if (!Float.isFinite(v[i])) {
                throw new IllegalArgumentException("value " + i + " of the vector is not finite: " + v[i]);
            }
            sum += (double) v[i] * v[i];
        }
        return sum;
    }
}
