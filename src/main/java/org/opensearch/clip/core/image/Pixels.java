// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;

/** Turns a row of a file's samples into RGB exactly as Pillow and the libraries below it do. Implementations are stateless. */
interface Pixels {

    /**
     * @param samples {@code bands} values a pixel, interleaved
     * @param rgb takes the first pixel at {@code start}, each further one {@code step} bytes on
     */
    void convert(int[] samples, int bands, byte[] rgb, int start, int step);

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
        return (samples, bands, rgb, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                int color = samples[i] < colors.length ? colors[samples[i]] : 0;
                rgb[p] = (byte) (color >> 16);
                rgb[p + 1] = (byte) (color >> 8);
                rgb[p + 2] = (byte) color;
            }
        };
    }

    /** The first sample is a gray, {@code toByte} brings it to 0..255. */
    static Pixels gray(IntUnaryOperator toByte) {
        return (samples, bands, rgb, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                byte gray = (byte) toByte.applyAsInt(samples[i]);
                rgb[p] = gray;
                rgb[p + 1] = gray;
                rgb[p + 2] = gray;
            }
        };
    }

    /** The first three samples are R, G, B of {@code bits} each, more than 8 lose the lower ones. */
    static Pixels rgb(int bits) {
        int shift = bits - 8;
        return (samples, bands, rgb, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                rgb[p] = (byte) (samples[i] >> shift);
                rgb[p + 1] = (byte) (samples[i + 1] >> shift);
                rgb[p + 2] = (byte) (samples[i + 2] >> shift);
            }
        };
    }

    /** The first three samples are R, G, B in 0 to {@code max} of each, stretched to 0..255. */
    static Pixels stretchedRgb(int[] max) {
        return (samples, bands, rgb, start, step) -> {
            for (int i = 0, p = start; i < samples.length; i += bands, p += step) {
                for (int band = 0; band < 3; band++) {
                    rgb[p + band] = (byte) (samples[i + band] * 255 / max[band]);
                }
            }
        };
    }
}
