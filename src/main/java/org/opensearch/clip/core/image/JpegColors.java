// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/**
 * The colour conversions of libjpeg (jdcolor.c) in its own integer arithmetic, and Pillow's plain CMYK to RGB. CMYK in JPEG
 * is taken as inverted, as Adobe writes it and Pillow assumes.
 */
final class JpegColors {

    private static final int BITS = 16;
    private static final int HALF = 1 << (BITS - 1);
    private static final int[] CR_TO_R = new int[256];
    private static final int[] CB_TO_B = new int[256];
    private static final int[] CR_TO_G = new int[256];
    private static final int[] CB_TO_G = new int[256];

    static {
        for (int i = 0; i < 256; i++) {
            int x = i - 128;
            CR_TO_R[i] = (fixed(1.40200) * x + HALF) >> BITS;
            CB_TO_B[i] = (fixed(1.77200) * x + HALF) >> BITS;
            CR_TO_G[i] = -fixed(0.71414) * x;
            CB_TO_G[i] = -fixed(0.34414) * x + HALF;
        }
    }

    private JpegColors() {}

    static Pixels ycc() {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                int y = samples[i];
                int cb = samples[i + 1];
                int cr = samples[i + 2];
                pixels[p] = Pixels.pixel(
                        clip(y + CR_TO_R[cr]), clip(y + ((CB_TO_G[cb] + CR_TO_G[cr]) >> BITS)), clip(y + CB_TO_B[cb]));
            }
        };
    }

    static Pixels cmyk() {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                int k = samples[i + 3];
                pixels[p] = Pixels.pixel(
                        ink(255 - samples[i], k), ink(255 - samples[i + 1], k), ink(255 - samples[i + 2], k));
            }
        };
    }

    /** libjpeg makes C, M, Y of YCC as 255 minus R, G, B; inverted that is R, G, B again. */
    static Pixels ycck() {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                int y = samples[i];
                int cb = samples[i + 1];
                int cr = samples[i + 2];
                int k = samples[i + 3];
                pixels[p] = Pixels.pixel(
                        ink(clip(y + CR_TO_R[cr]), k),
                        ink(clip(y + ((CB_TO_G[cb] + CR_TO_G[cr]) >> BITS)), k),
                        ink(clip(y + CB_TO_B[cb]), k));
            }
        };
    }

    /** What an ink leaves of the light that black leaves: Convert.c's {@code nk - MULDIV255(ink, nk)}. */
    private static int ink(int ink, int light) {
        int product = ink * light + 128;
        return Math.max(light - ((product + (product >> 8)) >> 8), 0);
    }

    private static int clip(int value) {
        return Math.min(Math.max(value, 0), 255);
    }

    private static int fixed(double value) {
        return (int) (value * (1 << BITS) + 0.5);
    }
}
