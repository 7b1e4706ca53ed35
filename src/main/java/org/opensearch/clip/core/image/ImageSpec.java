// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Objects;

/**
 * How a tower wants its pictures: resized by {@code resize} and {@code filter}, the centre of {@code width x height} cut
 * out, each channel {@code (value * rescale - mean) / std}.
 *
 * @param width of what the tower sees, in pixels
 * @param height of what the tower sees
 * @param resizeWidth what {@code resize} brings a picture to; another one than {@code width} is only of use to {@link
 *     Resize#SHORTEST} and {@link Resize#SQUASH}
 * @param resizeHeight see there
 * @param offset how an odd remainder is divided when the centre is cut out
 * @param rescale factor on 0..255, usually 1/255
 * @param mean per channel R, G, B, in rescaled units; {0,0,0} when the tower does not normalise
 * @param std per channel R, G, B; {1,1,1} when the tower does not normalise
 * @param fill 0..255, the colour beside the picture for {@link Resize#LONGEST}
 */
public record ImageSpec(
        int width,
        int height,
        Resize resize,
        int resizeWidth,
        int resizeHeight,
        Offset offset,
        Resampler.Filter filter,
        double rescale,
        double[] mean,
        double[] std,
        int fill) {

    /** 8 pictures of 836 x 836. */
    private static final long MOST_RUN_BYTES = 64L << 20;

    /** How a picture of another aspect ratio is made to fit. */
    public enum Resize {
        /** Shortest edge to the size, aspect kept, then the centre is cut out. */
        SHORTEST,
        /** Longest edge to the size, aspect kept, centred on {@code fill}. */
        LONGEST,
        /** Straight to the size, aspect not kept. */
        SQUASH
    }

    /** Where the centre begins, {@code n} pixels being left over, and where a smaller picture is put, which lacks n. */
    public enum Offset {
        /** transformers: cut at {@code floor(n / 2)}, put at {@code ceil(n / 2)}. */
        FLOOR {
            @Override
            int cut(int left) {
                return left / 2;
            }

            @Override
            int put(int lacking) {
                return (lacking + 1) / 2;
            }
        },
        /** torchvision, which open_clip and jina-clip use: cut at n / 2 rounded half to even, put at {@code floor(n / 2)}. */
        HALF_EVEN {
            @Override
            int cut(int left) {
                return (int) Math.rint(left / 2.0);
            }

            @Override
            int put(int lacking) {
                return lacking / 2;
            }
        };

        abstract int cut(int left);

        abstract int put(int lacking);
    }

    /** Nothing but what does not fit is cut off, as transformers does. */
    public ImageSpec(
            int width,
            int height,
            Resize resize,
            Resampler.Filter filter,
            double rescale,
            double[] mean,
            double[] std,
            int fill) {
        this(width, height, resize, width, height, Offset.FLOOR, filter, rescale, mean, std, fill);
    }

    public ImageSpec {
        if (width < 1 || height < 1 || width > 4096 || height > 4096) {
            throw new IllegalArgumentException("width and height must be in [1, 4096], got " + width + "x" + height);
        }
        if (resizeWidth < 1 || resizeHeight < 1 || resizeWidth > 4096 || resizeHeight > 4096) {
            throw new IllegalArgumentException(
                    "pictures must be resized to [1, 4096], got " + resizeWidth + "x" + resizeHeight);
        }
        Objects.requireNonNull(resize, "resize");
        Objects.requireNonNull(offset, "offset");
        Objects.requireNonNull(filter, "filter");
        if (fill < 0 || fill > 255) {
            throw new IllegalArgumentException("fill must be in [0, 255], got " + fill);
        }
        if (mean.length != 3 || std.length != 3) {
            throw new IllegalArgumentException(
                    "mean and std must have 3 values, got " + mean.length + " and " + std.length);
        }
    }

    /** The same with another way to make a picture fit, which is then brought to the size that the tower sees. */
    public ImageSpec with(Resize other, int otherFill) {
        boolean same = other == resize;
        return new ImageSpec(
                width,
                height,
                other,
                same ? resizeWidth : width,
                same ? resizeHeight : height,
                offset,
                filter,
                rescale,
                mean,
                std,
                otherFill);
    }

    /** Pictures of a run at most: their pixels lie in memory twice, and where one is large more of them gain nothing. */
    public int batch() {
        return (int) Math.max(1, MOST_RUN_BYTES / ((long) floats() * Float.BYTES));
    }

    /** Floats of one picture: 3 * height * width. */
    public int floats() {
        return 3 * height * width;
    }
}
