// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/**
 * A JPEG file: Huffman-coded, 8 bits, sequential or progressive; gray, YCbCr, RGB, CMYK or YCCK. The JDK's reader only
 * undoes the compression. It gets the file without its application segments, because which colours the components are is
 * decided here by libjpeg's rules, and profiles and thumbnails are nobody's business.
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
        boolean inPlace = components == 3 && segments.orientation() == Orientation.UPRIGHT;
        // The reader's samples, which become ours where they are as many and stay in place, and its objects for each
        // row; several scans are collected as 16-bit coefficients, in whole groups of blocks.
        long coefficients = segments.manyScans()
                ? 2L * components * (pixels + 32L * (segments.width() + segments.height() + 32))
                : 0;
        return new Header(
                "JPEG",
                segments.width(),
                segments.height(),
                pixels * (components + (inPlace ? 0 : 3)) + coefficients + 64L * segments.height());
    }

    @Override
    public RgbImage decode() throws IOException {
        Raster raster = READER.read(segments.file(), segments.width(), segments.height());
        for (int band = 0; band < raster.getNumBands(); band++) {
            if (segments.halfHeight(band)) {
                smoothRows(raster, band);
            }
        }
        return Canvas.of(raster, segments.orientation(), pixels());
    }

    private Pixels pixels() {
        return switch (segments.colors()) {
            case GRAY -> Pixels.gray(v -> v);
            case RGB -> Pixels.rgb(8);
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
