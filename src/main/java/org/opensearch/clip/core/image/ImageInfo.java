// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;

/**
 * What a picture is, beside its meaning.
 *
 * @param width as it is shown, in pixels
 * @param height as it is shown, in pixels
 * @param format by its first bytes, such as {@code jpeg}
 * @param hash of what it looks like: pictures that differ in few of the 64 bits look alike
 */
public record ImageInfo(int width, int height, String format, long hash) {
    private static final int COLUMNS = 9;
    private static final int ROWS = 8;

    public ImageInfo {
        Objects.requireNonNull(format, "format");
    }

    /**
     * The difference hash: in 8 rows of 9 grays, whether each is darker than the one right of it, from the top left, the first in
     * the highest bit. Source: N. Krawetz, "Kind of Like That", 2013; the same bits as {@code imagehash.dhash} of Python's
     * ImageHash 4.3 over Pillow.
     *
     * @param image is overwritten: it is large, and nobody needs it after this
     */
    public static ImageInfo of(String format, RgbImage image) {
        byte[] rgb = image.rgb();
        for (int i = 0; i < rgb.length; i += 3) {
            // Pillow's conversion to L: ITU-R 601 in 16 bits of fixed point
            int gray =
                    ((rgb[i] & 0xFF) * 19595 + (rgb[i + 1] & 0xFF) * 38470 + (rgb[i + 2] & 0xFF) * 7471 + 0x8000) >> 16;
            rgb[i] = (byte) gray;
            rgb[i + 1] = (byte) gray;
            rgb[i + 2] = (byte) gray;
        }
        byte[] small =
                Resampler.resize(image, COLUMNS, ROWS, Resampler.Filter.LANCZOS).rgb();
        long hash = 0;
        for (int y = 0; y < ROWS; y++) {
            for (int x = 0; x < COLUMNS - 1; x++) {
                int at = 3 * (y * COLUMNS + x);
                hash = hash << 1 | ((small[at + 3] & 0xFF) > (small[at] & 0xFF) ? 1 : 0);
            }
        }
        return new ImageInfo(image.width(), image.height(), format.toLowerCase(Locale.ROOT), hash);
    }

    /** 16 hexadecimal digits. */
    public String hashDigits() {
        return HexFormat.of().toHexDigits(hash);
    }
}
