// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import com.sun.jna.Memory;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Optional;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/**
 * A JPEG file: Huffman-coded, 8 bits, sequential or progressive; gray, YCbCr, RGB, CMYK or YCCK. Decoders get the file without its application
 * segments, because which colours the components are is decided here by libjpeg's rules, and profiles and thumbnails are nobody's business. libjpeg-turbo makes all
 * but inks; the JDK's reader only undoes the compression.
 */
record JpegPicture(JpegSegments segments) implements ImageDecoder.Picture {

    private static final SpiReader READER = SpiReader.jdk("jpeg");

    static JpegPicture parse(byte[] bytes) {
        return new JpegPicture(new JpegSegments(bytes));
    }

    @Override
    public Header header() {
        long pixels = (long) segments.width() * segments.height();
        int components = segments.components().size();
        // libjpeg-turbo's words of four bytes, or the reader's samples and its objects for each row; several scans are
        // collected as 16-bit coefficients, in whole groups of blocks.
        long coefficients = segments.manyScans()
                ? 2L * components * (pixels + 32L * (segments.width() + segments.height() + 32))
                : 0;
        // Of inks in several scans the reader holds the samples twice.
        long samples = components == 1 ? 1 : components == 4 && segments.manyScans() ? 8 : 4;
        return new Header(
                "JPEG",
                segments.width(),
                segments.height(),
                pixels * samples + coefficients + 64L * (segments.height() + segments.width()));
    }

    @Override
    public Orientation orientation() {
        return segments.orientation();
    }

    @Override
    public void rows(Rows target, Optional<Leptonica> natives, int reduction) throws IOException {
        if (natives.isPresent() && segments.components().size() < 4) {
            nativeRows(target, natives.get(), reduction);
            return;
        }
        Raster raster = READER.read(segments.file(), segments.width(), segments.height());
        for (int band = 0; band < raster.getNumBands(); band++) {
            if (segments.halfHeight(band)) {
                smoothRows(raster, band);
            }
        }
        Samples.rows(raster, pixels(), target);
    }

    private void nativeRows(Rows target, Leptonica natives, int reduction) throws IOException {
        int width = Math.ceilDiv(segments.width(), reduction);
        int height = Math.ceilDiv(segments.height(), reduction);
        try (Memory file = segments.nativeFile();
                Leptonica.Pix pix = natives.jpeg(file, reduction)) {
            if (pix.width() != width || pix.height() != height) {
                throw new IOException("headers contradict each other");
            }
            target.begin(width, height);
            boolean gray = pix.isGray();
            int[] words = new int[gray ? pix.words() : 0];
            for (int y = 0; y < height; y++) {
                int[] row = target.room();
                if (gray) {
                    pix.read(y, words);
                    gray(words, row, width);
                } else {
                    pix.read(y, row);
                    rgb(row, width);
                }
                target.filled();
            }
        }
    }

    /** Leptonica's words are {@code 0xRRGGBBxx}. */
    private static void rgb(int[] row, int width) {
        for (int x = 0; x < width; x++) {
            row[x] >>>= 8;
        }
    }

    /** The first of four bytes is the highest. */
    private static void gray(int[] words, int[] row, int width) {
        for (int x = 0; x < width; x++) {
            row[x] = (words[x >> 2] >>> 24 - 8 * (x & 3) & 0xFF) * 0x010101;
        }
    }

    private Pixels pixels() {
        return switch (segments.colors()) {
            case GRAY -> Pixels.gray(v -> v);
            case RGB -> Pixels.rgb();
            case YCC -> JpegColors.ycc();
            case CMYK -> JpegColors.cmyk();
            case YCCK -> JpegColors.ycck();
        };
    }

    /**
     * Components stored for every second row only: the reader repeats rows where newer libjpegs interpolate (jdsample.c,
     * h1v2_fancy_upsample), three parts of the nearer and one of the other.
     */
    private static void smoothRows(Raster raster, int band) {
        byte[] data = ((DataBufferByte) raster.getDataBuffer()).getData();
        int bands = raster.getNumBands();
        int stride = raster.getWidth() * bands;
        int[] above = new int[raster.getWidth()];
        for (int start = band; start < data.length; start += 2 * stride) {
            boolean first = start == band;
            for (int x = 0, p = start; x < above.length; x++, p += bands) {
                int here = data[p] & 0xFF;
                int below = p + 2 * stride < data.length ? data[p + 2 * stride] & 0xFF : here;
                data[p] = (byte) ((3 * here + (first ? here : above[x]) + 1) >> 2);
                if (p + stride < data.length) {
                    data[p + stride] = (byte) ((3 * here + below + 2) >> 2);
                }
                above[x] = here;
            }
        }
    }
}
