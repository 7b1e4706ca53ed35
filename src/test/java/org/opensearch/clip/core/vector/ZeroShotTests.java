// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.vector.ZeroShot.Activation;
import org.opensearch.clip.core.vector.ZeroShot.Logits;

class ZeroShotTests {
    private static final List<float[]> LABELS = List.of(new float[] {1, 0}, new float[] {0, 1}, new float[] {-1, 0});
    private static final float[] INPUT = {0.6f, 0.8f};

    /** {@code torch.softmax(torch.tensor([6., 8., -6.]), 0)}. */
    @Test
    void softmaxSharesOneAmongTheLabels() {
        var logits = new Logits(Activation.SOFTMAX, 10, 0, false);
        assertArrayEquals(
                new double[] {0.11920283, 0.88079643, 7.32e-7}, ZeroShot.probabilities(INPUT, LABELS, logits), 1e-7);
        double[] shifted = ZeroShot.probabilities(INPUT, LABELS, new Logits(Activation.SOFTMAX, 10, -12, false));
        assertArrayEquals(ZeroShot.probabilities(INPUT, LABELS, logits), shifted, 1e-12);
    }

    /** {@code torch.sigmoid(torch.tensor([6., 8., -6.]) - 7)}. */
    @Test
    void sigmoidLooksAtEachLabelByItself() {
        double[] all = ZeroShot.probabilities(INPUT, LABELS, new Logits(Activation.SIGMOID, 10, -7, false));
        assertArrayEquals(new double[] {0.26894142, 0.73105858, 2.2603e-6}, all, 1e-6);
    }

    @Test
    void noScaleOverflows() {
        double[] all = ZeroShot.probabilities(INPUT, LABELS, new Logits(Activation.SOFTMAX, 1e6, 0, false));
        assertArrayEquals(new double[] {0, 1, 0}, all);
    }

    @Test
    void aLabelIsTheMiddleOfItsPrompts() {
        float h = (float) Math.sqrt(0.5);
        assertArrayEquals(new float[] {h, h}, ZeroShot.label(List.of(new float[] {5, 0}, new float[] {0, 0.1f})));
        assertThrows(
                IllegalArgumentException.class, () -> ZeroShot.label(List.of(new float[] {5, 0}, new float[] {-1, 0})));
    }
}
