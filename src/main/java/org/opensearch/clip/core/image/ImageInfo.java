// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.HexFormat;
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
    static final int COLUMNS = 9;
    static final int ROWS = 8;

    public ImageInfo {
        Objects.requireNonNull(format, "format");
    }

    /**
     * The difference hash: in 8 rows of 9 grays, whether each is darker than the one right of it, from the top left, the first in
     * the highest bit. Source: N. Krawetz, "Kind of Like That", 2013; the same bits as {@code imagehash.dhash} of Python's
     * ImageHash 4.3 over Pillow.
     *
     * @param small the picture in these rows, three equal bytes each gray
     */
    static long hash(byte[] small) {
        long hash = 0;
        for (int y = 0; y < ROWS; y++) {
            for (int x = 0; x < COLUMNS - 1; x++) {
                int at = 3 * (y * COLUMNS + x);
                hash = hash << 1 | ((small[at + 3] & 0xFF) > (small[at] & 0xFF) ? 1 : 0);
            }
        }
        return hash;
    }

    /** 16 hexadecimal digits. */
    public String hashDigits() {
        return HexFormat.of().toHexDigits(hash);
    }
}
