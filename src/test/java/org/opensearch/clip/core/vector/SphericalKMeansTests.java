// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SphericalKMeansTests {
    private static final Runnable PAUSE = () -> {};

    @Test
    void whoeverIsAskedBetweenRoundsCanEndIt() {
        List<float[]> points = randomPoints(200, 8, 11);
        int[] rounds = {0};
        int[] whole = SphericalKMeans.assign(points, 5, 9, () -> rounds[0]++);
        assertArrayEquals(whole, SphericalKMeans.assign(points, 5, 9, PAUSE));
        assertTrue(rounds[0] > 1, "rounds: " + rounds[0]);
        assertThrows(
                IllegalStateException.class,
                () -> SphericalKMeans.assign(points, 5, 9, () -> {
                    throw new IllegalStateException("cancelled");
                }));
    }

    @Test
    void findsGroupsThatAreFarApart() {
        for (long seed = 0; seed < 20; seed++) {
            var random = new SplittableRandom(seed);
            List<float[]> points = new ArrayList<>();
            int[] expected = new int[50];
            for (int i = 0; i < 50; i++) {
                expected[i] = i % 5;
                points.add(near(axis(16, i % 5), 0.05, random));
            }
            assertArrayEquals(expected, SphericalKMeans.assign(points, 5, 42, PAUSE), "seed " + seed);
        }
    }

    @Test
    void sameInputsGiveTheSameClusters() {
        List<float[]> points = randomPoints(50, 64, 7);
        assertArrayEquals(SphericalKMeans.assign(points, 5, 1, PAUSE), SphericalKMeans.assign(points, 5, 1, PAUSE));
    }

    @Test
    void equalPointsNeverPart() {
        List<float[]> points = randomPoints(10, 8, 3);
        points.addAll(points.subList(0, 10));
        int[] clusters = SphericalKMeans.assign(points, 4, 0, PAUSE);
        assertArrayEquals(Arrays.copyOfRange(clusters, 0, 10), Arrays.copyOfRange(clusters, 10, 20));
    }

    @Test
    void identicalPointsAreOneCluster() {
        assertArrayEquals(
                new int[4],
                SphericalKMeans.assign(List.of(axis(3, 1), axis(3, 1), axis(3, 1), axis(3, 1)), 3, 0, PAUSE));
    }

    @Test
    void clustersAreNumberedByFirstAppearance() {
        int[] clusters = SphericalKMeans.assign(randomPoints(30, 8, 11), 5, 9, PAUSE);
        int highest = -1;
        for (int cluster : clusters) {
            if (cluster > highest) {
                assertEquals(++highest, cluster);
            }
        }
    }

    @Test
    void moreClustersThanPointsIsOneEach() {
        assertArrayEquals(new int[] {0, 1}, SphericalKMeans.assign(List.of(axis(2, 0), axis(2, 1)), 5, 0, PAUSE));
    }

    @Test
    void noPointsNoClusters() {
        assertEquals(0, SphericalKMeans.assign(List.of(), 5, 0, PAUSE).length);
        assertThrows(IllegalArgumentException.class, () -> SphericalKMeans.assign(List.of(axis(2, 0)), 0, 0, PAUSE));
    }

    private static List<float[]> randomPoints(int n, int dimension, long seed) {
        var random = new SplittableRandom(seed);
        List<float[]> points = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            points.add(near(new float[dimension], 1, random));
        }
        return points;
    }

    private static float[] axis(int dimension, int axis) {
        float[] v = new float[dimension];
        v[axis] = 1;
        return v;
    }

    private static float[] near(float[] v, double spread, SplittableRandom random) {
        float[] moved = new float[v.length];
        double squares = 0;
        for (int d = 0; d < v.length; d++) {
            moved[d] = (float) (v[d] + spread * (random.nextDouble() - 0.5));
            squares += moved[d] * moved[d];
        }
        for (int d = 0; d < v.length; d++) {
            moved[d] /= (float) Math.sqrt(squares);
        }
        return moved;
    }
}
