// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Optional;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/** A Windows or OS/2 bitmap of up to 32 bits a pixel, run-length encoded or not. */
record BmpPicture(byte[] bytes, int width, int height, int bits) implements ImageDecoder.Picture {

    private static final SpiReader READER = SpiReader.jdk("bmp");
    private static final int OLDEST_HEADER = 12;
    private static final int COLOR_SPACE = 14 + 56;
    private static final int SRGB = 0x73524742;

    static BmpPicture parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int headerSize = in.getInt(14);
        if (headerSize == OLDEST_HEADER) {
            return new BmpPicture(
                    bytes, Short.toUnsignedInt(in.getShort(18)), Short.toUnsignedInt(in.getShort(20)), in.getShort(24));
        }
        int compression = in.getInt(30);
        if (compression < 0 || compression > 3) {
            // 4 and 5 are whole JPEG and PNG files inside, which the reader would hand on unchecked.
            throw new ImageException(String.format(Locale.ROOT, "BMP compression %d is not supported", compression));
        }
        return new BmpPicture(bytes, in.getInt(18), Math.absExact(in.getInt(22)), in.getShort(28));
    }

    @Override
    public Header header() {
        // The reader's samples; of runs it holds two copies, and one of the file.
        long samples = (bits <= 8 ? 2L : bits / 8) * width * height;
        return new Header("BMP", width, height, samples + bytes.length + 64L * height);
    }

    @Override
    public Orientation orientation() {
        return Orientation.UPRIGHT;
    }

    @Override
    public void rows(Rows target, Optional<Leptonica> natives, int reduction) throws IOException {
        Raster raster = READER.read(withoutProfile(), width, height);
        int[] max = new int[raster.getNumBands()];
        for (int band = 0; band < max.length; band++) {
            max[band] = (1 << raster.getSampleModel().getSampleSize(band)) - 1;
        }
        Samples.rows(raster, bits <= 8 ? Pixels.palette(palette()) : Pixels.stretchedRgb(max), target);
    }

    private int[] palette() {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int headerSize = in.getInt(14);
        int entry = headerSize == OLDEST_HEADER ? 3 : 4;
        int stated = headerSize == OLDEST_HEADER ? 0 : in.getInt(46);
        int count = stated > 0 && stated <= 256 ? stated : 1 << bits;
        int[] colors = new int[count];
        for (int i = 0, p = 14 + headerSize; i < count; i++, p += entry) {
            colors[i] = (in.get(p + 2) & 0xFF) << 16 | (in.get(p + 1) & 0xFF) << 8 | in.get(p) & 0xFF;
        }
        return colors;
    }

    /** A colour profile would be parsed for nothing, and may be named by a path. */
    private byte[] withoutProfile() {
        if (ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(14) < 108) {
            return bytes;
        }
        byte[] copy = bytes.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putInt(COLOR_SPACE, SRGB);
        return copy;
    }
}
