// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.Arrays;
import java.util.List;

/**
 * Several embeddings of one space made into one. The vectors given are already cut and of length 1; so is the result.
 */
public final class Fusion {

    /** Below this share of the largest possible length, what is left of a sum is rounding noise and points nowhere. */
    private static final double NOISE = 1e-5;

    private Fusion() {}

    /** @throws IllegalArgumentException when there is no vector, their lengths differ, or they cancel each other out */
    public static float[] mean(List<float[]> vectors) {
        double[] weights = new double[vectors.size()];
        Arrays.fill(weights, 1);
        return weightedMean(vectors, weights);
    }

    /**
     * @param weights one a vector, of any scale; a negative one pushes away
     * @throws IllegalArgumentException when there is no vector, lengths differ, a weight is not finite, or the weighted
     *     vectors cancel each other out
     */
    public static float[] weightedMean(List<float[]> vectors, double[] weights) {
        if (vectors.isEmpty() || vectors.size() != weights.length) {
            throw new IllegalArgumentException("fusion needs at least one vector and one weight for each, got "
                    + vectors.size() + " vectors and " + weights.length + " weights");
        }
        int dimension = vectors.getFirst().length;
        double[] sum = new double[dimension];
        double largest = 0;
        for (int n = 0; n < weights.length; n++) {
            float[] v = vectors.get(n);
            if (v.length != dimension) {
                throw new IllegalArgumentException(
                        "vectors must have one length, got " + dimension + " and " + v.length);
            }
            if (!Double.isFinite(weights[n])) {
                throw new IllegalArgumentException("weight must be finite, got [" + weights[n] + "]");
            }
            for (int i = 0; i < dimension; i++) {
                sum[i] += weights[n] * v[i];
            }
            largest += Math.abs(weights[n]);
        }
        return unit(sum, largest);
    }

    /**
     * The point at the share {@code t} of the arc from {@code a} to {@code b}, both of length 1: unlike a mean's, its angle to
     * both is in proportion to {@code t}, however far they are apart.
     *
     * <p>Source: K. Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985, section 3.3; the angle by W. Kahan's
     * formula, which stays exact where the vectors nearly coincide.
     *
     * @param t in [0, 1]; 0 = {@code a}
     * @throws IllegalArgumentException when lengths differ, {@code t} is outside, or the vectors point in opposite directions,
     *     between which there is no one arc
     */
    public static float[] slerp(float[] a, float[] b, double t) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("vectors must have one length, got " + a.length + " and " + b.length);
        }
        if (!(t >= 0 && t <= 1)) {
            throw new IllegalArgumentException("slerp goes from 0 to 1, got [" + t + "]");
        }
        double sums = 0;
        double differences = 0;
        for (int i = 0; i < a.length; i++) {
            sums += ((double) a[i] + b[i]) * ((double) a[i] + b[i]);
            differences += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        if (Math.sqrt(sums) <= NOISE * 2) {
            throw new IllegalArgumentException(
                    "the vectors point in opposite directions and cancel each other out, use other weights or [weighted_mean]");
        }
        double angle = 2 * Math.atan2(Math.sqrt(differences), Math.sqrt(sums));
        double sine = Math.sin(angle);
        double ofA = sine < NOISE ? 1 - t : Math.sin((1 - t) * angle) / sine;
        double ofB = sine < NOISE ? t : Math.sin(t * angle) / sine;
        return weightedMean(List.of(a, b), new double[] {ofA, ofB});
    }

    private static float[] unit(double[] sum, double largest) {
        double squares = 0;
        for (double x : sum) {
            squares += x * x;
        }
        double norm = Math.sqrt(squares);
        if (!(norm > NOISE * largest) || !Double.isFinite(norm)) {
            throw new IllegalArgumentException("the weighted vectors cancel each other out, change the weights");
        }
        float[] unit = new float[sum.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (sum[i] / norm);
        }
        return unit;
    }
}
