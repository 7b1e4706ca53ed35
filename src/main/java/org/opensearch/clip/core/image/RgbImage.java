// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/** A picture as it is looked at. {@code rgb}: height rows of width pixels of three unsigned bytes R, G, B. */
public record RgbImage(int width, int height, byte[] rgb) {

    /** The target that writes such bytes. */
    static Resampler.Target target(byte[] rgb) {
        return (pixels, count, at, step) -> {
            for (int i = 0, p = 3 * at; i < count; i++, p += 3 * step) {
                rgb[p] = (byte) (pixels[i] >> 16);
                rgb[p + 1] = (byte) (pixels[i] >> 8);
                rgb[p + 2] = (byte) pixels[i];
            }
        };
    }

    void rows(Rows target) {
        target.begin(width, height);
        for (int y = 0, p = 0; y < height; y++) {
            int[] pixels = target.room();
            for (int x = 0; x < width; x++, p += 3) {
                pixels[x] = (rgb[p] & 0xFF) << 16 | (rgb[p + 1] & 0xFF) << 8 | rgb[p + 2] & 0xFF;
            }
            target.filled();
        }
    }
}
