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

    /**
     * A picture that is all of {@code raster}. Where nothing moves it is made in the reader's own samples, so that it is in
     * memory once.
     */
    static RgbImage of(Raster raster, Orientation orientation, Pixels pixels) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        boolean inPlace = orientation == Orientation.UPRIGHT && isRgb(raster);
        Canvas canvas = inPlace
                ? new Canvas(width, height, orientation, ((DataBufferByte) raster.getDataBuffer()).getData())
                : new Canvas(width, height, orientation);
        canvas.paint(raster, 0, 0, pixels);
        return canvas.image();
    }

    /** Whether its samples lie as those of a picture do: three bytes a pixel and nothing else. */
    private static boolean isRgb(Raster raster) {
        return raster.getNumBands() == 3
                && isInterleaved(raster)
                && ((ComponentSampleModel) raster.getSampleModel()).getScanlineStride() == 3 * raster.getWidth()
                && start(raster, 0) == 0
                && ((DataBufferByte) raster.getDataBuffer()).getData().length
                        == 3 * raster.getWidth() * raster.getHeight();
    }

    /** @param width of the picture as stored, before {@code orientation} */
    Canvas(int width, int height, Orientation orientation) {
        this(width, height, orientation, new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))]);
    }

    private Canvas(int width, int height, Orientation orientation, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.orientation = orientation;
        this.rgb = rgb;
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

    /** Puts pixels into row {@code y} of the stored picture, the first at {@code x}, each further one {@code dx} on. */
    void row(int x, int y, int dx, int[] samples, int bands, Pixels pixels) {
        pixels.convert(samples, bands, rgb, at(x, y) * 3, (at(1, 0) - at(0, 0)) * 3 * dx);
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
        if (isInterleaved(raster)) {
            widen(((DataBufferByte) raster.getDataBuffer()).getData(), start(raster, y), samples);
        } else {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, samples);
        }
    }

    private static boolean isInterleaved(Raster raster) {
        return raster.getSampleModel() instanceof ComponentSampleModel model
                && raster.getDataBuffer() instanceof DataBufferByte
                && model.getPixelStride() == model.getNumBands()
                && Arrays.equals(model.getBandOffsets(), IN_ORDER[model.getNumBands()]);
    }

    /** Where row {@code y} begins in the buffer of an interleaved raster. */
    private static int start(Raster raster, int y) {
        var model = (ComponentSampleModel) raster.getSampleModel();
        int row = y + raster.getMinY() - raster.getSampleModelTranslateY();
        int column = raster.getMinX() - raster.getSampleModelTranslateX();
        return raster.getDataBuffer().getOffset() + row * model.getScanlineStride() + column * model.getPixelStride();
    }

    /** Apart and this plain so that the JIT compiler makes vector instructions of it. */
    private static void widen(byte[] data, int from, int[] samples) {
        for (int i = 0; i < samples.length; i++) {
            samples[i] = data[from + i] & 0xFF;
        }
    }
}
