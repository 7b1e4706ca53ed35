// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.List;

/**
 * Maximal marginal relevance (Carbonell and Goldstein, "The use of MMR, diversity-based reranking", 1998): each next hit is the one with the
 * highest {@code (1 - diversity) * relevance - diversity * similarity}, where similarity is that to the most similar hit taken so far.
 */
public final class MarginalRelevance {
    private MarginalRelevance() {}

    /**
     * @param relevance score of each hit, not negative, of any scale
     * @param points the hits' unit vectors
     * @param diversity in [0, 1]: 0 keeps the order, 1 looks at the vectors alone
     * @param betweenRanks may throw, which ends this
     * @return the hits in their new order, as indices; equal ones keep their order
     */
    public static int[] order(float[] relevance, List<float[]> points, double diversity, Runnable betweenRanks) {
        if (diversity < 0 || diversity > 1) {
            throw new IllegalArgumentException("diversity must be in [0, 1], got " + diversity);
        }
        int n = relevance.length;
        double[] scaled = scaled(relevance);
        double[] similarity = new double[n];
        boolean[] taken = new boolean[n];
        int[] order = new int[n];
        for (int rank = 0; rank < n; rank++) {
            betweenRanks.run();
            int best = -1;
            double bestValue = 0;
            for (int i = 0; i < n; i++) {
                double value = (1 - diversity) * scaled[i] - diversity * similarity[i];
                if (!taken[i] && (best < 0 || value > bestValue)) {
                    best = i;
                    bestValue = value;
                }
            }
            taken[best] = true;
            order[rank] = best;
            for (int i = 0; i < n; i++) {
                similarity[i] = rank == 0
                        ? cosineScore(points.get(best), points.get(i))
                        : Math.max(similarity[i], cosineScore(points.get(best), points.get(i)));
            }
        }
        return order;
    }

    /** By the best, so that the scores of any query are of the range of the similarity beside them. */
    private static double[] scaled(float[] relevance) {
        double best = 0;
        for (float r : relevance) {
            best = Math.max(best, r);
        }
        double[] scaled = new double[relevance.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = best > 0 ? relevance[i] / best : 1;
        }
        return scaled;
    }

    private static double cosineScore(float[] a, float[] b) {
        double dot = 0;
        for (int d = 0; d < a.length; d++) {
            dot += a[d] * b[d];
        }
        return (1 + dot) / 2;
    }
}
