// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Locale;

/** Makes an {@link ImageInfo} of the rows that it hands on. For one thread. */
final class InfoRows implements Rows, AutoCloseable {

    private final Rows next;
    private final int width;
    private final int height;
    private final byte[] small = new byte[3 * ImageInfo.COLUMNS * ImageInfo.ROWS];
    private final Resampler grays;
    private int rowWidth;
    private int[] row;

    /**
     * @param width of the whole picture, turned
     * @param height of the whole picture, turned
     */
    InfoRows(Rows next, Scratch scratch, Orientation orientation, int width, int height) {
        this.next = next;
        this.width = width;
        this.height = height;
        this.grays = new Resampler(
                scratch,
                Resampler.Filter.LANCZOS,
                ImageInfo.COLUMNS,
                ImageInfo.ROWS,
                new Resampler.Window(0, 0, ImageInfo.COLUMNS, ImageInfo.ROWS),
                orientation,
                RgbImage.target(small));
    }

    @Override
    public void begin(int storedWidth, int storedHeight) {
        rowWidth = storedWidth;
        next.begin(storedWidth, storedHeight);
        grays.begin(storedWidth, storedHeight);
    }

    @Override
    public int[] room() {
        row = next.room();
        return row;
    }

    @Override
    public void filled() {
        int[] gray = grays.room();
        for (int x = 0; x < rowWidth; x++) {
            // Pillow's conversion to L: ITU-R 601 in 16 bits of fixed point
            int pixel = row[x];
            int light = (pixel >>> 16) * 19595 + (pixel >>> 8 & 0xFF) * 38470 + (pixel & 0xFF) * 7471 + 0x8000 >> 16;
            gray[x] = light * 0x010101;
        }
        grays.filled();
        next.filled();
    }

    @Override
    public void close() {
        grays.close();
    }

    ImageInfo info(String format) {
        return new ImageInfo(width, height, format.toLowerCase(Locale.ROOT), ImageInfo.hash(small));
    }
}
