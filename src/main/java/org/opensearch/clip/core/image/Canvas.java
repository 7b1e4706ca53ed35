// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.util.Arrays;

/**
 * Where decoded samples become the pixels of the finished picture, turned and converted on the way, so that no second copy
 * of the picture is made. For one thread.
 */
final class Canvas {

    private static final int[][] IN_ORDER = {{}, {0}, {0, 1}, {0, 1, 2}, {0, 1, 2, 3}};

    private final int width;
    private final int height;
    private final Orientation orientation;
    private final byte[] rgb;

    /** @param width of the picture as stored, before {@code orientation} */
    Canvas(int width, int height, Orientation orientation) {
        this.width = width;
        this.height = height;
        this.orientation = orientation;
        this.rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    }

    /** @param color 0xRRGGBB */
    void fill(int color) {
        if (color == 0) {
            Arrays.fill(rgb, (byte) 0);
            return;
        }
        for (int p = 0; p < rgb.length; p += 3) {
            rgb[p] = (byte) (color >> 16);
            rgb[p + 1] = (byte) (color >> 8);
            rgb[p + 2] = (byte) color;
        }
    }

    /** Puts all of {@code raster} with its upper left corner at ({@code left}, {@code top}) of the stored picture. */
    void paint(Raster raster, int left, int top, Pixels pixels) {
        int columns = raster.getWidth();
        int bands = raster.getNumBands();
        int[] samples = new int[columns * bands];
        int step = (at(1, 0) - at(0, 0)) * 3;
        for (int y = 0; y < raster.getHeight(); y++) {
            read(raster, y, samples);
            pixels.convert(samples, bands, rgb, at(left, top + y) * 3, step);
        }
    }

    RgbImage image() {
        return new RgbImage(orientation.swaps ? height : width, orientation.swaps ? width : height, rgb);
    }

    private int at(int x, int y) {
        int u = orientation.mirrorsX ? width - 1 - x : x;
        int v = orientation.mirrorsY ? height - 1 - y : y;
        return orientation.swaps ? u * height + v : v * width + u;
    }

    /** The raw samples of one row, bands interleaved. */
    private static void read(Raster raster, int y, int[] samples) {
        if (raster.getSampleModel() instanceof ComponentSampleModel model
                && raster.getDataBuffer() instanceof DataBufferByte buffer
                && model.getPixelStride() == model.getNumBands()
                && Arrays.equals(model.getBandOffsets(), IN_ORDER[model.getNumBands()])) {
            int row = y + raster.getMinY() - raster.getSampleModelTranslateY();
            int column = raster.getMinX() - raster.getSampleModelTranslateX();
            int start = buffer.getOffset() + row * model.getScanlineStride() + column * model.getPixelStride();
            widen(buffer.getData(), start, samples);
        } else {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, samples);
        }
    }

    /** Apart and this plain so that the JIT compiler makes vector instructions of it. */
    private static void widen(byte[] data, int from, int[] samples) {
        for (int i = 0; i < samples.length; i++) {
            samples[i] = data[from + i] & 0xFF;
        }
    }
}
