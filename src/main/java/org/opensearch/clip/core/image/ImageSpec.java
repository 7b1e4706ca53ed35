// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Objects;

/**
 * How a tower wants its pictures: resized to {@code width x height} by {@code resize} and {@code filter}, each channel
 * {@code (value * rescale - mean) / std}.
 *
 * @param rescale factor on 0..255, usually 1/255
 * @param mean per channel R, G, B, in rescaled units; {0,0,0} when the tower does not normalise
 * @param std per channel R, G, B; {1,1,1} when the tower does not normalise
 * @param fill 0..255, the colour beside the picture for {@link Resize#LONGEST}
 */
public record ImageSpec(
        int width,
        int height,
        Resize resize,
        Resampler.Filter filter,
        double rescale,
        double[] mean,
        double[] std,
        int fill) {

    /** How a picture of another aspect ratio is made to fit. */
    public enum Resize {
        /** Shortest edge to the size, aspect kept, then the centre is cut out. */
        SHORTEST,
        /** Longest edge to the size, aspect kept, centred on {@code fill}. */
        LONGEST,
        /** Straight to the size, aspect not kept. */
        SQUASH
    }

    public ImageSpec {
        if (width < 1 || height < 1 || width > 4096 || height > 4096) {
            throw new IllegalArgumentException("width and height must be in [1, 4096], got " + width + "x" + height);
        }
        Objects.requireNonNull(resize, "resize");
        Objects.requireNonNull(filter, "filter");
        if (fill < 0 || fill > 255) {
            throw new IllegalArgumentException("fill must be in [0, 255], got " + fill);
        }
        if (mean.length != 3 || std.length != 3) {
            throw new IllegalArgumentException(
                    "mean and std must have 3 values, got " + mean.length + " and " + std.length);
        }
    }

    /** Floats of one picture: 3 * height * width. */
    public int floats() {
        return 3 * height * width;
    }
}
