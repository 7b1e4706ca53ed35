// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Arrays;

/**
 * Pixels of any size to the planar floats of a tower, as the Hugging Face image processors make them. Stateless, safe for
 * use by many threads. Sources: {@code get_resize_output_image_size}, {@code center_crop}, {@code rescale} and
 * {@code normalize} of transformers (PIL backend); for {@link ImageSpec.Resize#LONGEST} and for a target that is not square,
 * {@code ResizeKeepRatio} and {@code CenterCropOrPad} of open_clip, which jina-clip uses.
 */
public final class ImagePreprocessor {

    private ImagePreprocessor() {}

    /** @return {@code [3][spec.height()][spec.width()]} planar R, G, B, row-major, {@link ImageSpec#floats()} values */
    public static float[] pixels(RgbImage image, ImageSpec spec) {
        int width = width(image, spec);
        int height = height(image, spec);
        int columns = Math.min(width, spec.width());
        int rows = Math.min(height, spec.height());
        Resampler.Window center = new Resampler.Window((width - columns) / 2, (height - rows) / 2, columns, rows);
        RgbImage resized = Resampler.resize(image, width, height, spec.filter(), center);

        int plane = spec.width() * spec.height();
        int left = (spec.width() - columns) / 2;
        int top = (spec.height() - rows) / 2;
        float[] pixels = new float[spec.floats()];
        for (int channel = 0; channel < 3; channel++) {
            float[] values = values(spec, channel);
            if (columns < spec.width() || rows < spec.height()) {
                Arrays.fill(pixels, channel * plane, (channel + 1) * plane, values[spec.fill()]);
            }
            for (int y = 0; y < rows; y++) {
                int from = 3 * y * columns + channel;
                int to = channel * plane + (top + y) * spec.width() + left;
                for (int x = 0; x < columns; x++) {
                    pixels[to + x] = values[resized.rgb()[from + 3 * x] & 0xFF];
                }
            }
        }
        return pixels;
    }

    private static int width(RgbImage image, ImageSpec spec) {
        return spec.resize() == ImageSpec.Resize.SQUASH ? spec.width() : edge(image.width(), image, spec);
    }

    private static int height(RgbImage image, ImageSpec spec) {
        return spec.resize() == ImageSpec.Resize.SQUASH ? spec.height() : edge(image.height(), image, spec);
    }

    /** What becomes of an edge of {@code length} when the aspect ratio is kept. */
    private static int edge(int length, RgbImage image, ImageSpec spec) {
        double across = (double) image.width() / spec.width();
        double down = (double) image.height() / spec.height();
        if (spec.resize() == ImageSpec.Resize.LONGEST) {
            return Math.max((int) Math.rint(length / Math.max(across, down)), 1);
        }
        if (spec.width() == spec.height()) {
            return (int) ((long) spec.width() * length / Math.min(image.width(), image.height()));
        }
        return (int) Math.rint(length / Math.min(across, down));
    }

    /** What a byte becomes in this channel, in the float arithmetic of numpy. */
    private static float[] values(ImageSpec spec, int channel) {
        float[] values = new float[256];
        for (int i = 0; i < values.length; i++) {
            float rescaled = (float) (i * spec.rescale());
            values[i] = (rescaled - (float) spec.mean()[channel]) / (float) spec.std()[channel];
        }
        return values;
    }
}
