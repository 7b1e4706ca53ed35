// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * k-means on the unit sphere: similarity is the cosine, a centre is the normalised sum of its members (Dhillon and Modha, "Concept
 * decompositions for large sparse text data using clustering", 2001), seeded by k-means++ (Arthur and Vassilvitskii, 2007). The same
 * vectors and seed give the same clusters on every machine: all sums run in order, in double precision.
 */
public final class SphericalKMeans {

    /** Fifty points in five clusters settle in well under ten rounds; the bound only keeps a pathological input finite. */
    private static final int MAX_ROUNDS = 50;
    /** Of all rounds, about a second of a core: what is large gets fewer rounds. */
    private static final long MOST_MULTIPLICATIONS = 1 << 30;

    private final List<float[]> points;
    private final double[][] centres;

    private SphericalKMeans(List<float[]> points, int clusters) {
        this.points = points;
        this.centres = new double[clusters][];
    }

    /**
     * @param points unit vectors of one length
     * @param clusters wanted; fewer come out when there are fewer different points
     * @param betweenRounds may throw, which ends this
     * @return the cluster of each point, numbered from 0 by first appearance
     * @throws IllegalArgumentException when {@code clusters} is not positive
     */
    public static int[] assign(List<float[]> points, int clusters, long seed, Runnable betweenRounds) {
        if (clusters < 1) {
            throw new IllegalArgumentException("clusters must be positive, got " + clusters);
        }
        if (points.isEmpty()) {
            return new int[0];
        }
        var kMeans = new SphericalKMeans(points, Math.min(clusters, points.size()));
        kMeans.seed(new SplittableRandom(seed));
        int[] assigned = kMeans.nearest();
        long ofRound = Math.max(1, (long) points.size() * kMeans.centres.length * points.getFirst().length);
        long rounds = Math.min(MAX_ROUNDS, MOST_MULTIPLICATIONS / ofRound);
        for (int round = 0; round < rounds; round++) {
            betweenRounds.run();
            kMeans.recentre(assigned);
            int[] next = kMeans.nearest();
            if (Arrays.equals(next, assigned)) {
                break;
            }
            assigned = next;
        }
        return byFirstAppearance(assigned);
    }

    /** The first point is the best hit, so it seeds the first cluster; each further seed is drawn by its squared distance from those before. */
    private void seed(SplittableRandom random) {
        double[] distance = new double[points.size()];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        int chosen = 0;
        for (int c = 0; c < centres.length; c++) {
            centres[c] = toDouble(points.get(chosen));
            double sum = 0;
            for (int i = 0; i < distance.length; i++) {
                distance[i] = Math.min(distance[i], Math.max(0, 2 - 2 * dot(centres[c], points.get(i))));
                sum += distance[i];
            }
            double left = random.nextDouble() * sum;
            chosen = 0;
            while (chosen < distance.length - 1 && (left -= distance[chosen]) >= 0) {
                chosen++;
            }
        }
    }

    private int[] nearest() {
        int[] nearest = new int[points.size()];
        for (int i = 0; i < nearest.length; i++) {
            double best = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < centres.length; c++) {
                double similarity = dot(centres[c], points.get(i));
                if (similarity > best) {
                    best = similarity;
                    nearest[i] = c;
                }
            }
        }
        return nearest;
    }

    /** A cluster that lost all members, or whose members cancel out, keeps its centre. */
    private void recentre(int[] assigned) {
        double[][] sums = new double[centres.length][centres[0].length];
        for (int i = 0; i < assigned.length; i++) {
            float[] point = points.get(i);
            double[] sum = sums[assigned[i]];
            for (int d = 0; d < sum.length; d++) {
                sum[d] += point[d];
            }
        }
        for (int c = 0; c < centres.length; c++) {
            double squares = 0;
            for (double x : sums[c]) {
                squares += x * x;
            }
            if (squares > 0) {
                double length = Math.sqrt(squares);
                for (int d = 0; d < sums[c].length; d++) {
                    centres[c][d] = sums[c][d] / length;
                }
            }
        }
    }

    private static double dot(double[] a, float[] b) {
        double sum = 0;
        for (int d = 0; d < a.length; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }

    private static double[] toDouble(float[] v) {
        double[] d = new double[v.length];
        for (int i = 0; i < v.length; i++) {
            d[i] = v[i];
        }
        return d;
    }

    private static int[] byFirstAppearance(int[] assigned) {
        int[] number = new int[assigned.length];
        Arrays.fill(number, -1);
        int next = 0;
        int[] renumbered = new int[assigned.length];
        for (int i = 0; i < assigned.length; i++) {
            if (number[assigned[i]] < 0) {
                number[assigned[i]] = next++;
            }
            renumbered[i] = number[assigned[i]];
        }
        return renumbered;
    }
}
