// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * One picture as a tower reads it: planar bytes, a quarter of the floats that are made of them when a run needs them, as the Hugging Face image processors make them. Sources: {@code get_resize_output_image_size}, {@code center_crop},
 * {@code rescale} and {@code normalize} of transformers (PIL backend); for {@link ImageSpec.Resize#LONGEST} and for a target that is not square, {@code ResizeKeepRatio}
 * and {@code CenterCropOrPad} of open_clip, which jina-clip uses; for {@link ImageSpec.Offset#HALF_EVEN} {@code CenterCrop} of torchvision. For one thread.
 */
final class Planes implements Resampler.Target, TowerPixels {

    private final ImageSpec spec;
    private final int width;
    private final int height;
    private final int columns;
    private final int rows;
    private final int left;
    private final int top;
    private final float[][] values = new float[3][256];
    private final byte[][] planes;

    /**
     * @param pictureWidth of the whole picture, turned
     * @param pictureHeight of the whole picture, turned
     */
    Planes(ImageSpec spec, int pictureWidth, int pictureHeight) {
        this.spec = spec;
        boolean squash = spec.resize() == ImageSpec.Resize.SQUASH;
        this.width = squash ? spec.resizeWidth() : edge(pictureWidth, pictureWidth, pictureHeight, spec);
        this.height = squash ? spec.resizeHeight() : edge(pictureHeight, pictureWidth, pictureHeight, spec);
        this.columns = Math.min(width, spec.width());
        this.rows = Math.min(height, spec.height());
        ImageSpec.Offset put = spec.resize() == ImageSpec.Resize.LONGEST ? ImageSpec.Offset.HALF_EVEN : spec.offset();
        this.left = put.put(spec.width() - columns);
        this.top = put.put(spec.height() - rows);
        this.planes = new byte[3][spec.width() * spec.height()];
        for (int channel = 0; channel < planes.length; channel++) {
            values(channel);
            if (columns < spec.width() || rows < spec.height()) {
                Arrays.fill(planes[channel], (byte) spec.fill());
            }
        }
    }

    /** What an edge becomes when the aspect ratio is kept. */
    private static int edge(int length, int width, int height, ImageSpec spec) {
        double across = (double) width / spec.resizeWidth();
        double down = (double) height / spec.resizeHeight();
        if (spec.resize() == ImageSpec.Resize.LONGEST) {
            return Math.max((int) Math.rint(length / Math.max(across, down)), 1);
        }
        if (spec.resizeWidth() == spec.resizeHeight()) {
            return (int) ((long) spec.resizeWidth() * length / Math.min(width, height));
        }
        return (int) Math.rint(length / Math.min(across, down));
    }

    /** What a byte becomes in this channel, in the float arithmetic of numpy. */
    private void values(int channel) {
        float mean = (float) spec.mean()[channel];
        float std = (float) spec.std()[channel];
        for (int i = 0; i < 256; i++) {
            float rescaled = (float) (i * spec.rescale());
            values[channel][i] = (rescaled - mean) / std;
        }
    }

    /** Writes here what it is given. */
    Resampler resampler(Scratch scratch, Orientation orientation) {
        Resampler.Window center = new Resampler.Window(
                spec.offset().cut(width - columns), spec.offset().cut(height - rows), columns, rows);
        return new Resampler(scratch, spec.filter(), width, height, center, orientation, this);
    }

    /** By which a picture may be divided before it is resized: what is left is still twice what it is resized to. */
    int reduction(int pictureWidth, int pictureHeight) {
        int reduction = 8;
        while (reduction > 1 && (pictureWidth / reduction < 2 * width || pictureHeight / reduction < 2 * height)) {
            reduction /= 2;
        }
        return reduction;
    }

    @Override
    public void line(int[] line, int count, int at, int step) {
        int start = (top + at / columns) * spec.width() + left + at % columns;
        // along a row of the picture, or across its rows
        int apart = columns > 1 && Math.abs(step) == 1 ? step : step / columns * spec.width();
        byte[] red = planes[0];
        byte[] green = planes[1];
        byte[] blue = planes[2];
        for (int i = 0, p = start; i < count; i++, p += apart) {
            red[p] = (byte) (line[i] >>> 16);
            green[p] = (byte) (line[i] >>> 8);
            blue[p] = (byte) line[i];
        }
    }

    @Override
    public void put(FloatBuffer target) {
        float[] row = new float[spec.width()];
        for (int channel = 0; channel < planes.length; channel++) {
            float[] value = values[channel];
            byte[] plane = planes[channel];
            for (int start = 0; start < plane.length; start += row.length) {
                for (int x = 0; x < row.length; x++) {
                    row[x] = value[plane[start + x] & 0xFF];
                }
                target.put(row);
            }
        }
    }
}
