// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Arrays;

/**
 * Pixels of any size to the planar floats of a tower, as the Hugging Face image processors make them. Stateless, safe for
 * use by many threads. Sources: {@code get_resize_output_image_size}, {@code center_crop}, {@code rescale} and
 * {@code normalize} of transformers (PIL backend); for {@link ImageSpec.Resize#LONGEST} and for a target that is not square,
 * {@code ResizeKeepRatio} and {@code CenterCropOrPad} of open_clip, which jina-clip uses; for {@link
 * ImageSpec.Offset#HALF_EVEN} {@code CenterCrop} of torchvision.
 */
public final class ImagePreprocessor {

    private ImagePreprocessor() {}

    /** @return {@code [3][spec.height()][spec.width()]} planar R, G, B, row-major, {@link ImageSpec#floats()} values */
    public static float[] pixels(RgbImage image, ImageSpec spec) {
        int width = width(image, spec);
        int height = height(image, spec);
        int columns = Math.min(width, spec.width());
        int rows = Math.min(height, spec.height());
        Resampler.Window center = new Resampler.Window(
                spec.offset().cut(width - columns), spec.offset().cut(height - rows), columns, rows);
        RgbImage resized = Resampler.resize(image, width, height, spec.filter(), center);

        int plane = spec.width() * spec.height();
        ImageSpec.Offset put = spec.resize() == ImageSpec.Resize.LONGEST ? ImageSpec.Offset.HALF_EVEN : spec.offset();
        int left = put.put(spec.width() - columns);
        int top = put.put(spec.height() - rows);
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
        return spec.resize() == ImageSpec.Resize.SQUASH ? spec.resizeWidth() : edge(image.width(), image, spec);
    }

    private static int height(RgbImage image, ImageSpec spec) {
        return spec.resize() == ImageSpec.Resize.SQUASH ? spec.resizeHeight() : edge(image.height(), image, spec);
    }

    /** What becomes of an edge of {@code length} when the aspect ratio is kept. */
    private static int edge(int length, RgbImage image, ImageSpec spec) {
        double across = (double) image.width() / spec.resizeWidth();
        double down = (double) image.height() / spec.resizeHeight();
        if (spec.resize() == ImageSpec.Resize.LONGEST) {
            return Math.max((int) Math.rint(length / Math.max(across, down)), 1);
        }
        if (spec.resizeWidth() == spec.resizeHeight()) {
            return (int) ((long) spec.resizeWidth() * length / Math.min(image.width(), image.height()));
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
