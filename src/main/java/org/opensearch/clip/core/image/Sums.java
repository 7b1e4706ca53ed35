// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Arrays;

/**
 * Weighted sums of lines of pixels, each channel for itself. The loops have one index for all arrays and nothing else in them, which is what the JIT compiler makes
 * vector instructions of. For one thread.
 */
final class Sums {

    private static final int HALF = 1 << (Weights.PRECISION - 1);

    private int[] red = {};
    private int[] green = {};
    private int[] blue = {};

    /** Of {@code length} pixels, all zero. */
    void clear(int length) {
        if (red.length < length) {
            red = new int[length];
            green = new int[length];
            blue = new int[length];
        }
        Arrays.fill(red, 0, length, HALF);
        Arrays.fill(green, 0, length, HALF);
        Arrays.fill(blue, 0, length, HALF);
    }

    int bytes() {
        return 3 * Integer.BYTES * red.length;
    }

    /** Adds {@code count} lines from {@code from} on, weighted by {@code weights} from {@code at} on. */
    void add(int[][] lines, int from, int count, int[] weights, int at, int length) {
        int i = 0;
        for (; i + 4 <= count; i += 4) {
            add(
                    lines[from + i],
                    lines[from + i + 1],
                    lines[from + i + 2],
                    lines[from + i + 3],
                    weights[at + i],
                    weights[at + i + 1],
                    weights[at + i + 2],
                    weights[at + i + 3],
                    length);
        }
        for (; i < count; i++) {
            add(lines[from + i], weights[at + i], length);
        }
    }

    private void add(int[] a, int[] b, int[] c, int[] d, int wa, int wb, int wc, int wd, int length) {
        add(a, b, c, d, wa, wb, wc, wd, red, 16, length);
        add(a, b, c, d, wa, wb, wc, wd, green, 8, length);
        add(a, b, c, d, wa, wb, wc, wd, blue, 0, length);
    }

    private static void add(
            int[] a, int[] b, int[] c, int[] d, int wa, int wb, int wc, int wd, int[] sums, int shift, int length) {
        for (int i = 0; i < length; i++) {
            sums[i] += (a[i] >>> shift & 0xFF) * wa
                    + (b[i] >>> shift & 0xFF) * wb
                    + (c[i] >>> shift & 0xFF) * wc
                    + (d[i] >>> shift & 0xFF) * wd;
        }
    }

    private void add(int[] a, int weight, int length) {
        add(a, weight, red, 16, length);
        add(a, weight, green, 8, length);
        add(a, weight, blue, 0, length);
    }

    private static void add(int[] a, int weight, int[] sums, int shift, int length) {
        for (int i = 0; i < length; i++) {
            sums[i] += (a[i] >>> shift & 0xFF) * weight;
        }
    }

    /** Rounded and clipped to bytes. Leaves nothing that could be added to. */
    void clip(int[] pixels, int length) {
        clipped(red, length);
        clipped(green, length);
        clipped(blue, length);
        join(red, green, blue, pixels, length);
    }

    private static void clipped(int[] sums, int length) {
        for (int i = 0; i < length; i++) {
            sums[i] = Math.min(Math.max(sums[i] >> Weights.PRECISION, 0), 255);
        }
    }

    private static void join(int[] red, int[] green, int[] blue, int[] pixels, int length) {
        for (int i = 0; i < length; i++) {
            pixels[i] = red[i] << 16 | green[i] << 8 | blue[i];
        }
    }
}
