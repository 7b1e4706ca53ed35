// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class FusionTests {
    private static final float[] X = {1, 0};
    private static final float[] Y = {0, 1};

    @Test
    void meanLiesHalfway() {
        float h = (float) Math.sqrt(0.5);
        assertArrayEquals(new float[] {h, h}, Fusion.mean(List.of(X, Y)));
        assertArrayEquals(X, Fusion.mean(List.of(X)));
    }

    @Test
    void weightsShareTheDirection() {
        assertArrayEquals(new float[] {0.6f, 0.8f}, Fusion.weightedMean(List.of(X, Y), new double[] {0.3, 0.4}));
        assertArrayEquals(new float[] {0.6f, -0.8f}, Fusion.weightedMean(List.of(X, Y), new double[] {30, -40}));
        assertArrayEquals(X, Fusion.weightedMean(List.of(X, Y), new double[] {2, 0}));
    }

    @Test
    void refusesWhatCancels() {
        assertThrows(IllegalArgumentException.class, () -> Fusion.mean(List.of(X, new float[] {-1, 0})));
        assertThrows(IllegalArgumentException.class, () -> Fusion.weightedMean(List.of(X, X), new double[] {1, -1}));
        assertThrows(IllegalArgumentException.class, () -> Fusion.weightedMean(List.of(X, Y), new double[] {0, 0}));
        float[] third = Vectors.normalize(new float[] {1, 3});
        var e = assertThrows(
                IllegalArgumentException.class,
                () -> Fusion.weightedMean(List.of(third, third), new double[] {0.1 + 0.2, -0.3}));
        assertTrue(e.getMessage().contains("cancel"), e.getMessage());
    }

    @Test
    void refusesWhatDoesNotFitTogether() {
        assertThrows(IllegalArgumentException.class, () -> Fusion.mean(List.of()));
        assertThrows(IllegalArgumentException.class, () -> Fusion.mean(List.of(X, new float[] {1, 0, 0})));
        assertThrows(IllegalArgumentException.class, () -> Fusion.weightedMean(List.of(X, Y), new double[] {1}));
        assertThrows(IllegalArgumentException.class, () -> Fusion.weightedMean(List.of(X), new double[] {Double.NaN}));
        assertThrows(IllegalArgumentException.class, () -> Fusion.mean(List.of(new float[] {Float.NaN})));
    }

    @Test
    void slerpDividesTheAngle() {
        double[] shares = {0, 0.25, 0.5, 0.75, 1};
        for (double t : shares) {
            double angle = t * Math.PI / 2;
            assertArrayEquals(
                    new float[] {(float) Math.cos(angle), (float) Math.sin(angle)}, Fusion.slerp(X, Y, t), 1e-6f);
        }
        float[] wide = {(float) Math.cos(3), (float) Math.sin(3)};
        assertArrayEquals(
                new float[] {(float) Math.cos(0.3), (float) Math.sin(0.3)}, Fusion.slerp(X, wide, 0.1), 1e-6f);
        float mean = Fusion.weightedMean(List.of(X, wide), new double[] {0.9, 0.1})[0];
        assertTrue(mean > Math.cos(0.05), "where the mean hardly leaves the heavier one: " + mean);
    }

    @Test
    void slerpIsExactWhereVectorsNearlyCoincide() {
        float[] near = Vectors.normalize(new float[] {1, 1e-6f});
        assertArrayEquals(X, Fusion.slerp(X, X, 0.3));
        assertArrayEquals(new float[] {1, 0.5e-6f}, Fusion.slerp(X, near, 0.5), 1e-9f);
    }

    @Test
    void slerpRefusesWhatCancels() {
        var e = assertThrows(IllegalArgumentException.class, () -> Fusion.slerp(X, new float[] {-1, 0}, 0.5));
        assertTrue(e.getMessage().contains("cancel"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Fusion.slerp(X, new float[] {1, 0, 0}, 0.5));
        assertThrows(IllegalArgumentException.class, () -> Fusion.slerp(X, Y, 1.5));
        assertThrows(IllegalArgumentException.class, () -> Fusion.slerp(X, Y, Double.NaN));
    }
}
