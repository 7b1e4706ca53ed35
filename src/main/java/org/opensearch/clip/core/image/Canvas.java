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
                && buffer.getNumBanks() == 1) {
            byte[] data = buffer.getData();
            int[] offsets = model.getBandOffsets();
            int start = buffer.getOffset()
                    + (y - raster.getSampleModelTranslateY() + raster.getMinY()) * model.getScanlineStride()
                    + (raster.getMinX() - raster.getSampleModelTranslateX()) * model.getPixelStride();
            for (int band = 0; band < offsets.length; band++) {
                int p = start + offsets[band];
                for (int i = band; i < samples.length; i += offsets.length, p += model.getPixelStride()) {
                    samples[i] = data[p] & 0xFF;
                }
            }
        } else {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, samples);
        }
    }
}
