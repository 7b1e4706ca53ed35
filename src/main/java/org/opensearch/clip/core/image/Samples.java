// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.util.Arrays;

/** The rows of what a reader made, as pixels. For one thread. */
final class Samples {

    private static final int[][] IN_ORDER = {{}, {0}, {0, 1}, {0, 1, 2}, {0, 1, 2, 3}};

    private final Raster raster;
    private final Pixels pixels;
    private final int[] row;

    Samples(Raster raster, Pixels pixels) {
        this.raster = raster;
        this.pixels = pixels;
        this.row = new int[raster.getWidth() * raster.getNumBands()];
    }

    /** A picture that is all of {@code raster}. */
    static void rows(Raster raster, Pixels pixels, Rows target) {
        Samples samples = new Samples(raster, pixels);
        target.begin(raster.getWidth(), raster.getHeight());
        for (int y = 0; y < raster.getHeight(); y++) {
            samples.row(y, target.room(), 0);
            target.filled();
        }
    }

    /** Writes row {@code y} into {@code line}, its first pixel to {@code at}. */
    void row(int y, int[] line, int at) {
        if (raster.getSampleModel() instanceof ComponentSampleModel model
                && raster.getDataBuffer() instanceof DataBufferByte data
                && model.getPixelStride() == model.getNumBands()
                && Arrays.equals(model.getBandOffsets(), IN_ORDER[model.getNumBands()])) {
            int start = (y + raster.getMinY() - raster.getSampleModelTranslateY()) * model.getScanlineStride()
                    + (raster.getMinX() - raster.getSampleModelTranslateX()) * model.getPixelStride();
            widen(data.getData(), data.getOffset() + start, row);
        } else {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
        }
        pixels.convert(row, raster.getNumBands(), line, at, 1);
    }

    /** Apart and this plain so that the JIT compiler makes vector instructions of it. */
    private static void widen(byte[] data, int from, int[] samples) {
        for (int i = 0; i < samples.length; i++) {
            samples[i] = data[from + i] & 0xFF;
        }
    }
}
