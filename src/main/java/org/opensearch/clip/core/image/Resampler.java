// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Arrays;
import java.util.Objects;

/**
 * Pillow's antialiased resize, bit for bit: a separable convolution whose support grows with the reduction, coefficients
 * in fixed point, along rows and along columns, each pass rounded and clipped to a byte. Only what the wanted
 * {@link Window} needs is computed, which changes no bit of it. Stateless, safe for use by many threads.
 *
 * <p>Source: {@code src/libImaging/Resample.c} of Pillow (HPND licence), the paths for 8 bits a channel.
 */
public final class Resampler {

    /** Kernels under Pillow's names; {@code code} is the number in {@code preprocessor_config.json}. */
    public enum Filter {
        LANCZOS(1, 3.0) {
            @Override
            double weight(double x) {
                return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
            }
        },
        BILINEAR(2, 1.0) {
            @Override
            double weight(double x) {
                double distance = Math.abs(x);
                return distance < 1.0 ? 1.0 - distance : 0.0;
            }
        },
        BICUBIC(3, 2.0) {
            @Override
            double weight(double x) {
                double a = -0.5;
                double d = Math.abs(x);
                if (d < 1.0) {
                    return ((a + 2.0) * d - (a + 3.0)) * d * d + 1;
                }
                return d < 2.0 ? (((d - 5) * d + 8) * d - 4) * a : 0.0;
            }
        };

        private final int code;
        private final double support;

        Filter(int code, double support) {
            this.code = code;
            this.support = support;
        }

        public int code() {
            return code;
        }

        abstract double weight(double x);

        private static double sinc(double x) {
            return x == 0.0 ? 1.0 : Math.sin(x * Math.PI) / (x * Math.PI);
        }
    }

    /** A part of the resized picture, in its pixels. */
    public record Window(int left, int top, int width, int height) {
        public Window {
            if (left < 0 || top < 0 || width < 1 || height < 1) {
                throw new IllegalArgumentException(
                        "no such window: " + width + "x" + height + " at (" + left + ", " + top + ")");
            }
        }
    }

    /** Bits behind the binary point: what 32 leave beside 8 for the result and 2 for kernels that leave [0, 1]. */
    private static final int PRECISION = 32 - 8 - 2;

    private static final int HALF = 1 << (PRECISION - 1);

    private Resampler() {}

    /** The whole picture at {@code width x height}. */
    public static RgbImage resize(RgbImage image, int width, int height, Filter filter) {
        return resize(image, width, height, filter, new Window(0, 0, width, height));
    }

    /**
     * What {@code resize(image, width, height, filter)} shows in {@code window}, without computing the rest.
     *
     * @throws IndexOutOfBoundsException when the window is not within {@code width x height}
     */
    public static RgbImage resize(RgbImage image, int width, int height, Filter filter, Window window) {
        Objects.checkFromIndexSize(window.left(), window.width(), width);
        Objects.checkFromIndexSize(window.top(), window.height(), height);
        Weights across = Weights.of(image.width(), width, window.left(), window.width(), filter);
        Weights down = Weights.of(image.height(), height, window.top(), window.height(), filter);
        byte[] out = new byte[3 * window.width() * window.height()];
        // Rounding between the passes makes their order visible. Pillow chooses it since 13.0.0 (its pull request
        // 9549);
        // this condition is read off its results.
        int lessHeight = image.height() - height;
        if (lessHeight > 0 && lessHeight > 2 * (image.width() - width)) {
            columnsFirst(image, across, down, out);
        } else {
            rowsFirst(image, across, down, out);
        }
        return new RgbImage(window.width(), window.height(), out);
    }

    private static void rowsFirst(RgbImage image, Weights across, Weights down, byte[] out) {
        int samples = 3 * across.length();
        // The lines that one output row needs, each made once: line y stays at y % lines until none needs it.
        int lines = down.stride;
        byte[] ring = new byte[lines * samples];
        int[] sums = new int[samples];
        int next = 0;
        for (int row = 0; row < down.length(); row++) {
            int first = down.first[row];
            int end = first + down.count[row];
            for (int y = Math.max(next, first); y < end; y++) {
                alongRow(image.rgb(), 3 * y * image.width(), across, ring, y % lines * samples);
                next = y + 1;
            }
            Arrays.fill(sums, HALF);
            for (int y = first; y < end; y++) {
                add(ring, y % lines * samples, down.values[row * down.stride + y - first], sums);
            }
            clip(sums, out, row * samples);
        }
    }

    private static void columnsFirst(RgbImage image, Weights across, Weights down, byte[] out) {
        int left = 3 * across.first[0];
        int right = 3 * (across.first[across.length() - 1] + across.count[across.length() - 1]);
        byte[] line = new byte[3 * image.width()];
        int[] sums = new int[right - left];
        for (int row = 0; row < down.length(); row++) {
            Arrays.fill(sums, HALF);
            for (int i = 0; i < down.count[row]; i++) {
                int y = down.first[row] + i;
                add(image.rgb(), 3 * y * image.width() + left, down.values[row * down.stride + i], sums);
            }
            clip(sums, line, left);
            alongRow(line, 0, across, out, row * 3 * across.length());
        }
    }

    /** One row of pixels at {@code from} to the outputs of {@code across} at {@code to}. */
    private static void alongRow(byte[] source, int from, Weights across, byte[] target, int to) {
        for (int x = 0, o = to; x < across.length(); x++, o += 3) {
            int r = HALF;
            int g = HALF;
            int b = HALF;
            int p = from + 3 * across.first[x];
            int start = x * across.stride;
            int end = start + across.count[x];
            for (int i = start; i < end; i++, p += 3) {
                int k = across.values[i];
                r += (source[p] & 0xFF) * k;
                g += (source[p + 1] & 0xFF) * k;
                b += (source[p + 2] & 0xFF) * k;
            }
            target[o] = clip(r);
            target[o + 1] = clip(g);
            target[o + 2] = clip(b);
        }
    }

    /** Apart and this plain so that the JIT compiler makes vector instructions of it. */
    private static void add(byte[] line, int from, int weight, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += (line[from + i] & 0xFF) * weight;
        }
    }

    private static void clip(int[] sums, byte[] target, int to) {
        for (int i = 0; i < sums.length; i++) {
            target[to + i] = clip(sums[i]);
        }
    }

    private static byte clip(int sum) {
        return (byte) Math.min(Math.max(sum >> PRECISION, 0), 255);
    }

    /**
     * Which inputs make output {@code i} and how much each counts: {@code count[i]} from {@code first[i]} on, with the
     * fixed-point weights {@code values[i * stride ..]}.
     */
    private record Weights(int[] first, int[] count, int stride, int[] values) {

        int length() {
            return first.length;
        }

        static Weights of(int in, int out, int from, int length, Filter filter) {
            double scale = (double) in / out;
            double filterScale = Math.max(scale, 1.0);
            double support = filter.support * filterScale;
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
    }
}
