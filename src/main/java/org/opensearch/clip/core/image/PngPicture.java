// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/**
 * A PNG file. Of an animated one, the default picture. It is decoded here and not by the JDK's reader, which takes 8 bytes
 * and three seconds where this takes none and one: it makes a raster of all samples at their depth, and a copy of each chunk.
 */
record PngPicture(byte[] bytes, int width, int height, int depth, int colorType, boolean interlaced)
        implements ImageDecoder.Picture {

    private static final int GRAY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GRAY_ALPHA = 4;
    private static final int RGB_ALPHA = 6;

    /** Which pixels of the picture come one after the other: every {@code dx}th of every {@code dy}th row. */
    private record Pass(int x, int y, int dx, int dy) {}

    private static final Pass[] ADAM7 = {
        new Pass(0, 0, 8, 8),
        new Pass(4, 0, 8, 8),
        new Pass(0, 4, 4, 8),
        new Pass(2, 0, 4, 4),
        new Pass(0, 2, 2, 4),
        new Pass(1, 0, 2, 2),
        new Pass(0, 1, 1, 2)
    };

    static PngPicture parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (in.getInt(8) != 13 || !ImageDecoder.starts(bytes, 12, "IHDR")) {
            throw new ImageException("the PNG does not begin with its header");
        }
        int depth = in.get(24);
        int colorType = in.get(25);
        boolean known = switch (colorType) {
            case GRAY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case PALETTE -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case RGB, GRAY_ALPHA, RGB_ALPHA -> depth == 8 || depth == 16;
            default -> throw new ImageException(String.format(Locale.ROOT, "PNG has no colour type %d", colorType));
        };
        if (!known || in.get(26) != 0 || in.get(27) != 0 || in.get(28) < 0 || in.get(28) > 1) {
            throw new ImageException(String.format(
                    Locale.ROOT,
                    "PNG has no colour type %d of %d bits with compression %d, filter %d, interlace %d",
                    colorType,
                    depth,
                    in.get(26),
                    in.get(27),
                    in.get(28)));
        }
        return new PngPicture(bytes, in.getInt(16), in.getInt(20), depth, colorType, in.get(28) == 1);
    }

    @Override
    public Header header() {
        // Rows are not kept but of an interlaced one.
        return new Header("PNG", width, height, interlaced ? 4L * width * height + 32L * height : 0);
    }

    @Override
    public Orientation orientation() {
        return new PngChunks(bytes).orientation();
    }

    @Override
    public void rows(Rows target, Optional<Leptonica> natives, int reduction) throws IOException {
        PngChunks chunks = new PngChunks(bytes);
        if (colorType == PALETTE && chunks.palette().length == 0) {
            throw new ImageException("the PNG has no palette");
        }
        if (chunks.firstData() == bytes.length) {
            throw new ImageException("the PNG has no data");
        }
        Pixels pixels = switch (colorType) {
            case GRAY ->
                depth == 16
                        ? Pixels.gray(v -> Math.min(v, 255)) // clipped, not scaled: Pillow's "I;16" to "RGB"
                        : Pixels.gray(v -> v * 255 / ((1 << depth) - 1));
            case PALETTE -> Pixels.palette(chunks.palette());
            default -> Pixels.gray(v -> v);
        };
        target.begin(width, height);
        try (PngRows rows = rows(chunks)) {
            if (interlaced) {
                passes(rows, pixels, target);
            } else {
                Line line = new Line(rows, width, pixels);
                for (int y = 0; y < height; y++) {
                    line.read(target.room(), 0, 1);
                    target.filled();
                }
            }
        }
    }

    private void passes(PngRows rows, Pixels pixels, Rows target) throws IOException {
        int[][] picture = new int[height][width];
        for (Pass pass : ADAM7) {
            int columns = (width - pass.x + pass.dx - 1) / pass.dx;
            if (columns > 0) {
                Line line = new Line(rows, columns, pixels);
                for (int y = pass.y; y < height; y += pass.dy) {
                    line.read(picture[y], pass.x, pass.dx);
                }
            }
        }
        for (int[] row : picture) {
            System.arraycopy(row, 0, target.room(), 0, width);
            target.filled();
        }
    }

    /** Rows of {@code columns} pixels. */
    private final class Line {
        private final PngRows rows;
        private final Pixels pixels;
        private final int[] samples;

        Line(PngRows rows, int columns, Pixels pixels) {
            this.rows = rows;
            this.pixels = pixels;
            this.samples = new int[columns];
            rows.begin((int) (((long) columns * samples() * depth + 7) / 8));
        }

        void read(int[] row, int at, int step) throws IOException {
            if (shown() == 3) {
                rgb(rows.next(), row, at, step);
            } else {
                PngPicture.this.read(rows.next(), samples);
                pixels.convert(samples, 1, row, at, step);
            }
        }

        private void rgb(byte[] bytes, int[] row, int at, int step) {
            int sample = depth / 8;
            int pixel = pixelBytes();
            for (int i = 0, p = 0, to = at; i < samples.length; i++, p += pixel, to += step) {
                row[to] = Pixels.pixel(bytes[p] & 0xFF, bytes[p + sample] & 0xFF, bytes[p + 2 * sample] & 0xFF);
            }
        }
    }

    private int samples() {
        return switch (colorType) {
            case GRAY_ALPHA -> 2;
            case RGB -> 3;
            case RGB_ALPHA -> 4;
            default -> 1;
        };
    }

    /** How many samples of a pixel a colour depends on. */
    private int shown() {
        return colorType == RGB || colorType == RGB_ALPHA ? 3 : 1;
    }

    private int pixelBytes() {
        return Math.max(samples() * depth / 8, 1);
    }

    private PngRows rows(PngChunks chunks) {
        int sample = depth / 8;
        int[] wanted = shown() == 3 ? new int[] {0, sample, 2 * sample} : new int[] {0};
        return new PngRows(
                bytes, chunks.firstData(), pixelBytes(), colorType == GRAY && depth == 16 ? new int[] {0, 1} : wanted);
    }

    /** The samples that are shown; of 16 bits the upper 8, except where all count. */
    private void read(byte[] row, int[] samples) {
        if (depth < 8) {
            int perByte = 8 / depth;
            int mask = (1 << depth) - 1;
            for (int i = 0; i < samples.length; i++) {
                samples[i] = row[i / perByte] >> (perByte - 1 - i % perByte) * depth & mask;
            }
        } else if (colorType == GRAY && depth == 16) {
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (row[2 * i] & 0xFF) << 8 | row[2 * i + 1] & 0xFF;
            }
        } else {
            for (int i = 0, p = 0; i < samples.length; i++, p += pixelBytes()) {
                samples[i] = row[p] & 0xFF;
            }
        }
    }
}
