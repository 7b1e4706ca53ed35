// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.vector;

import java.util.List;

/**
 * Classification without training: an embedding is compared with those of label texts.
 *
 * <p>Sources: A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021, figure 3 and
 * section 3.1.4 (prompts and ensembles); X. Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023, algorithm 1;
 * {@code logits_per_image} of transformers' {@code CLIPModel} and {@code SiglipModel}.
 */
public final class ZeroShot {

    /** What makes probabilities of logits. */
    public enum Activation {
        /** The labels exclude each other: probabilities sum to 1. */
        SOFTMAX,
        /** Each label by itself: all may fit, or none. */
        SIGMOID
    }

    /**
     * A logit is {@code scale * cosine + bias}.
     *
     * @param assumed the model does not say its scale, this one is what its family usually has
     */
    public record Logits(Activation activation, double scale, double bias, boolean assumed) {}

    private ZeroShot() {}

    /**
     * The vector of a label: the mean over the prompts it was put into.
     *
     * @param prompts a vector each, of one length, as the model makes them
     * @return of length 1
     * @throws IllegalArgumentException when they cancel each other out
     */
    public static float[] label(List<float[]> prompts) {
        return Fusion.mean(prompts.stream().map(Vectors::normalize).toList());
    }

    /**
     * @param input of length 1
     * @param labels of length 1
     * @return one a label, in their order, in [0, 1]
     */
    public static double[] probabilities(float[] input, List<float[]> labels, Logits logits) {
        double[] all = new double[labels.size()];
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < all.length; i++) {
            all[i] = logits.scale() * Vectors.dot(input, labels.get(i)) + logits.bias();
            most = Math.max(most, all[i]);
        }
        double sum = 0;
        for (int i = 0; i < all.length; i++) {
            // the largest exponent is 0, so that none overflows
            all[i] = logits.activation() == Activation.SIGMOID ? 1 / (1 + Math.exp(-all[i])) : Math.exp(all[i] - most);
            sum += all[i];
        }
        for (int i = 0; i < all.length && logits.activation() == Activation.SOFTMAX; i++) {
            all[i] /= sum;
        }
        return all;
    }
}
