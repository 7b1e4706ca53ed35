// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/**
 * Which inputs make output {@code i} along one edge, and how much each counts: {@code count[i]} from {@code first[i]} on, with the
 * fixed-point weights {@code values[i * stride ..]}. First and last inputs ascend with the outputs.
 */
record Weights(int[] first, int[] count, int stride, int[] values) {

    /** Bits behind the binary point: what 32 leave beside 8 for the result and 2 for kernels that leave [0, 1]. */
    static final int PRECISION = 32 - 8 - 2;

    /**
     * @param in inputs along the edge
     * @param out outputs along the edge, of which {@code length} are wanted from {@code from} on
     */
    static Weights of(int in, int out, int from, int length, Resampler.Filter filter) {
        double scale = (double) in / out;
        double filterScale = Math.max(scale, 1.0);
        double support = filter.support() * filterScale;
        int stride = (int) Math.ceil(support) * 2 + 1;
        int[] first = new int[length];
        int[] count = new int[length];
        int[] values = new int[length * stride];
        double[] weights = new double[stride];
        for (int i = 0; i < length; i++) {
            double center = (from + i + 0.5) * scale;
            int low = Math.max((int) (center - support + 0.5), 0);
            int high = Math.min((int) (center + support + 0.5), in);
            double sum = 0.0;
            for (int x = low; x < high; x++) {
                double weight = filter.weight((x - center + 0.5) * (1.0 / filterScale));
                weights[x - low] = weight;
                sum += weight;
            }
            for (int x = 0; x < high - low; x++) {
                double weight = sum == 0.0 ? weights[x] : weights[x] / sum;
                values[i * stride + x] = (int) (weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5));
            }
            first[i] = low;
            count[i] = high - low;
        }
        return new Weights(first, count, stride, values);
    }

    int length() {
        return first.length;
    }

    int firstInput() {
        return first[0];
    }

    /** Behind the last input that counts. */
    int endOfInputs() {
        return end(length() - 1);
    }

    /** Behind the last input of output {@code i}. */
    int end(int i) {
        return first[i] + count[i];
    }

    /** For inputs that come from the other end, outputs too. */
    Weights mirrored(int in) {
        int length = length();
        int[] firsts = new int[length];
        int[] counts = new int[length];
        int[] mirrored = new int[values.length];
        for (int i = 0, j = length - 1; i < length; i++, j--) {
            firsts[i] = in - end(j);
            counts[i] = count[j];
            for (int x = 0; x < count[j]; x++) {
                mirrored[i * stride + x] = values[j * stride + count[j] - 1 - x];
            }
        }
        return new Weights(firsts, counts, stride, mirrored);
    }
}
