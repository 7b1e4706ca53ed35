// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;

/** Turns a row of a file's samples into pixels exactly as Pillow and the libraries below it do. Implementations are stateless. */
interface Pixels {

    /**
     * @param samples {@code bands} values a pixel, interleaved
     * @param pixels takes the first at {@code start}, each further one {@code step} on; {@code 0xRRGGBB} each
     */
    void convert(int[] samples, int bands, int[] pixels, int start, int step);

    static int pixel(int red, int green, int blue) {
        return red << 16 | green << 8 | blue;
    }

    /** {@code count} times three bytes R, G, B from {@code offset} on as 0xRRGGBB. */
    static int[] colors(ByteBuffer rgb, int offset, int count) {
        int[] colors = new int[count];
        for (int i = 0, p = offset; i < count; i++, p += 3) {
            colors[i] = (rgb.get(p) & 0xFF) << 16 | (rgb.get(p + 1) & 0xFF) << 8 | rgb.get(p + 2) & 0xFF;
        }
        return colors;
    }

    /** The first sample is an index into {@code colors}, 0xRRGGBB each; black beyond its end. */
    static Pixels palette(int[] colors) {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                pixels[p] = samples[i] < colors.length ? colors[samples[i]] : 0;
            }
        };
    }

    /** The first sample is a gray, {@code toByte} brings it to 0..255. */
    static Pixels gray(IntUnaryOperator toByte) {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                pixels[p] = toByte.applyAsInt(samples[i]) * 0x010101;
            }
        };
    }

    /** The first three samples are R, G, B in 0..255. */
    static Pixels rgb() {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                pixels[p] = pixel(samples[i], samples[i + 1], samples[i + 2]);
            }
        };
    }

    /** The first three samples are R, G, B in 0 to {@code max} of each, stretched to 0..255. */
    static Pixels stretchedRgb(int[] max) {
        return (samples, bands, pixels, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                pixels[p] = pixel(
                        samples[i] * 255 / max[0] & 0xFF,
                        samples[i + 1] * 255 / max[1] & 0xFF,
                        samples[i + 2] * 255 / max[2] & 0xFF);
            }
        };
    }
}
