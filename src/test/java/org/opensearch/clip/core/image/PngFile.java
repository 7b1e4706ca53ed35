// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** PNG files as no encoder makes them: any filter for any row, any chunk anywhere. */
record PngFile(int colorType, int depth, boolean interlaced) {

    private static final int[][] ADAM7 = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    /** Fills a row as it is compressed: its filter, then its bytes. */
    interface Rows {
        void fill(int row, byte[] bytes);
    }

    /** @param dataChunk bytes of each chunk of data */
    byte[] file(int width, int height, byte[] palette, int dataChunk, Rows rows) {
        Writer png = begin(width, height);
        if (colorType == 3) {
            png.chunk("PLTE", "", palette);
        }
        int samples = new int[] {1, 0, 3, 1, 2, 0, 4}[colorType];
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        byte[] data = new byte[dataChunk];
        for (int[] pass : interlaced ? ADAM7 : new int[][] {{0, 0, 1, 1}}) {
            int columns = (width - pass[0] + pass[2] - 1) / pass[2];
            byte[] row = new byte[1 + (int) (((long) columns * samples * depth + 7) / 8)];
            for (int y = pass[1]; y < height && columns > 0; y += pass[3]) {
                rows.fill(y, row);
                deflater.setInput(row);
                for (int n; (n = deflater.deflate(data)) > 0; ) {
                    png.chunk("IDAT", data, n);
                }
            }
        }
        deflater.finish();
        for (int n; (n = deflater.deflate(data)) > 0; ) {
            png.chunk("IDAT", data, n);
        }
        deflater.end();
        return png.end();
    }

    Writer begin(int width, int height) {
        Writer png = new Writer();
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put((byte) depth).put((byte) colorType).put(12, (byte) (interlaced ? 1 : 0));
        png.out.writeBytes("\u0089PNG\r\n\u001a\n".getBytes(StandardCharsets.ISO_8859_1));
        return png.chunk("IHDR", "", header.array());
    }

    /** That many zeros, in zlib's form. */
    static byte[] deflated(int zeros) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        deflater.setInput(new byte[zeros]);
        deflater.finish();
        byte[] data = new byte[zeros / 500 + 64];
        byte[] exact = new byte[deflater.deflate(data)];
        deflater.end();
        System.arraycopy(data, 0, exact, 0, exact.length);
        return exact;
    }

    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Writer chunk(String type, String start, byte[] rest) {
            byte[] content = new byte[start.length() + rest.length];
            System.arraycopy(start.getBytes(StandardCharsets.ISO_8859_1), 0, content, 0, start.length());
            System.arraycopy(rest, 0, content, start.length(), rest.length);
            return chunk(type, content, content.length);
        }

        private Writer chunk(String type, byte[] content, int length) {
            byte[] name = type.getBytes(StandardCharsets.US_ASCII);
            CRC32 crc = new CRC32();
            crc.update(name);
            crc.update(content, 0, length);
            out.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
            out.writeBytes(name);
            out.write(content, 0, length);
            out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
            return this;
        }

        byte[] end() {
            return chunk("IEND", "", new byte[0]).out.toByteArray();
        }
    }
}
