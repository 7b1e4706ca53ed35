// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.Objects;

/**
 * Pillow's antialiased resize, bit for bit: a separable convolution whose support grows with the reduction, coefficients
 * in fixed point, along rows and along columns, each pass rounded and clipped to a byte. Only what the wanted
 * {@link Window} needs is computed, which changes no bit of it. One picture, whose rows come as they are stored: turning is a
 * matter of which pixel counts for which, not of moving them. For one thread; to be closed.
 *
 * <p>Source: {@code src/libImaging/Resample.c} of Pillow (HPND licence), the paths for 8 bits a channel.
 */
public final class Resampler implements Rows, AutoCloseable {

    /** Kernels under Pillow's names; {@code code} is the number in {@code preprocessor_config.json}. */
    public enum Filter {
        LANCZOS(1, 3.0) {
            @Override
            double weight(double x) {
                return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
            }
        },
        BILINEAR(2, 1.0) {
            @Override
            double weight(double x) {
                double distance = Math.abs(x);
                return distance < 1.0 ? 1.0 - distance : 0.0;
            }
        },
        BICUBIC(3, 2.0) {
            @Override
            double weight(double x) {
                double a = -0.5;
                double d = Math.abs(x);
                if (d < 1.0) {
                    return ((a + 2.0) * d - (a + 3.0)) * d * d + 1;
                }
                return d < 2.0 ? (((d - 5) * d + 8) * d - 4) * a : 0.0;
            }
        };

        private final int code;
        private final double support;

        Filter(int code, double support) {
            this.code = code;
            this.support = support;
        }

        public int code() {
            return code;
        }

        double support() {
            return support;
        }

        abstract double weight(double x);

        private static double sinc(double x) {
            return x == 0.0 ? 1.0 : Math.sin(x * Math.PI) / (x * Math.PI);
        }
    }

    /** A part of the resized picture, in its pixels. */
    public record Window(int left, int top, int width, int height) {
        public Window {
            if (left < 0 || top < 0 || width < 1 || height < 1) {
                throw new IllegalArgumentException(
                        "no such window: " + width + "x" + height + " at (" + left + ", " + top + ")");
            }
        }
    }

    /** Takes lines of pixels, {@code 0xRRGGBB} each, and hands others on. */
    interface Stage {

        /** Where the next line is to be written. */
        int[] room();

        /** The line is there. */
        void filled();

        /** Gives back what it has taken. */
        void close(Scratch scratch);
    }

    /** Takes what is made, line by line and in no particular direction. */
    interface Target {

        /** @param at of the pixel on the resized, turned picture that {@code pixels[0]} is; each further one is {@code step} beside it */
        void line(int[] pixels, int count, int at, int step);
    }

    private final Scratch scratch;
    private final Filter filter;
    private final int width;
    private final int height;
    private final Window window;
    private final Orientation orientation;
    private final Target target;
    private Stage first;

    /**
     * What {@code window} shows of a picture resized to {@code width x height}, all of that after it has been turned by {@code
     * orientation}.
     *
     * @throws IndexOutOfBoundsException when the window is not within {@code width x height}
     */
    Resampler(
            Scratch scratch,
            Filter filter,
            int width,
            int height,
            Window window,
            Orientation orientation,
            Target target) {
        Objects.checkFromIndexSize(window.left(), window.width(), width);
        Objects.checkFromIndexSize(window.top(), window.height(), height);
        this.scratch = scratch;
        this.filter = filter;
        this.width = width;
        this.height = height;
        this.window = window;
        this.orientation = orientation;
        this.target = target;
    }

    @Override
    public void begin(int storedWidth, int storedHeight) {
        int turnedWidth = orientation.swaps ? storedHeight : storedWidth;
        int turnedHeight = orientation.swaps ? storedWidth : storedHeight;
        Weights columns = Weights.of(turnedWidth, width, window.left(), window.width(), filter);
        Weights rows = Weights.of(turnedHeight, height, window.top(), window.height(), filter);
        Weights across = orientation.swaps ? rows : columns;
        Weights down = orientation.swaps ? columns : rows;
        if (orientation.mirrorsX) {
            across = across.mirrored(storedWidth);
        }
        if (orientation.mirrorsY) {
            down = down.mirrored(storedHeight);
        }
        Stage last = new Last(across.length(), down.length());
        // Rounding between the passes makes their order visible. Pillow chooses it since 13.0.0 (its pull
        // request 9549); this condition is read off its results.
        int lessHeight = turnedHeight - height;
        boolean columnsFirst = lessHeight > 0 && lessHeight > 2 * (turnedWidth - width);
        first = columnsFirst == orientation.swaps
                ? new Across(scratch, across, storedWidth, storedHeight, new Down(scratch, down, across.length(), last))
                : new Down(scratch, down, storedWidth, new Across(scratch, across, storedWidth, down.length(), last));
    }

    @Override
    public int[] room() {
        return first.room();
    }

    @Override
    public void filled() {
        first.filled();
    }

    @Override
    public void close() {
        if (first != null) {
            first.close(scratch);
            first = null;
        }
    }

    /** Puts each line where it belongs when the picture has been turned. */
    private final class Last implements Stage {
        private final int across;
        private final int down;
        private final int[] line;
        private int lines;

        Last(int across, int down) {
            this.across = across;
            this.down = down;
            this.line = scratch.last.of(1, across)[0];
        }

        @Override
        public int[] room() {
            return line;
        }

        @Override
        public void filled() {
            int y = orientation.mirrorsY ? down - 1 - lines : lines;
            int x = orientation.mirrorsX ? across - 1 : 0;
            int step = orientation.mirrorsX ? -1 : 1;
            if (orientation.swaps) {
                target.line(line, across, x * down + y, step * down);
            } else {
                target.line(line, across, y * across + x, step);
            }
            lines++;
        }

        @Override
        public void close(Scratch given) {
            // it has nothing of its own
        }
    }
}
