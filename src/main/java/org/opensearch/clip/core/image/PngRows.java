// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The rows of a PNG's data, inflated and with their filters undone, one at a time. Bytes of a pixel depend on those at the
 * same place of its neighbours only, so what nobody looks at (alpha, the lower half of 16 bits) is left as it is. Closing
 * it frees native memory. For one thread.
 */
final class PngRows implements AutoCloseable {

    private static final int NONE = 0;
    private static final int SUB = 1;
    private static final int UP = 2;
    private static final int AVERAGE = 3;
    private static final int PAETH = 4;

    private final ByteBuffer png;
    private final Inflater inflater = new Inflater();
    private final byte[] filter = new byte[1];
    private final int pixelBytes;
    private final int[] wanted;
    private int next;
    private byte[] row = {};
    private byte[] above = {};

    /**
     * @param firstData where the content of the first chunk of data begins
     * @param pixelBytes how far the left neighbour is, at least 1
     * @param wanted the bytes of a pixel that are needed, ascending
     */
    PngRows(byte[] png, int firstData, int pixelBytes, int... wanted) {
        this.png = ByteBuffer.wrap(png);
        this.next = firstData;
        this.pixelBytes = pixelBytes;
        this.wanted = wanted;
    }

    /** @param bytes of each row that follows; the row above the first is empty */
    void begin(int bytes) {
        row = new byte[bytes];
        above = new byte[bytes];
    }

    /**
     * @return the next row, until the one after it is read
     * @throws IOException when the data ends or is damaged
     */
    byte[] next() throws IOException {
        byte[] last = above;
        above = row;
        row = last;
        inflate(filter);
        inflate(row);
        for (int at : wanted) {
            switch (filter[0]) {
                case NONE -> {}
                case SUB -> sub(at);
                case UP -> up(at);
                case AVERAGE -> average(at);
                case PAETH -> paeth(at);
                default -> throw new IOException("PNG has no filter " + filter[0]);
            }
        }
        return row;
    }

    @Override
    public void close() {
        inflater.end();
    }

    private void inflate(byte[] target) throws IOException {
        try {
            for (int length = 0; length < target.length; ) {
                int n = inflater.inflate(target, length, target.length - length);
                length += n;
                if (n == 0 && !nextChunk()) {
                    throw new EOFException();
                }
            }
        } catch (DataFormatException e) {
            throw new IOException(e);
        }
    }

    /** Whether there are more bytes to inflate. Lengths have been checked by {@link PngChunks}. */
    private boolean nextChunk() {
        while (inflater.needsInput() && !inflater.needsDictionary() && next <= png.limit()) {
            int start = next;
            int length = png.getInt(start - 8);
            int type = png.getInt(start - 4);
            if (type == PngChunks.Type.IEND) {
                return false;
            }
            next = start + length + 12;
            if (type == PngChunks.Type.IDAT && length > 0) {
                inflater.setInput(png.array(), start, length);
                return true;
            }
        }
        return false;
    }

    private void sub(int at) {
        for (int i = at + pixelBytes; i < row.length; i += pixelBytes) {
            row[i] += row[i - pixelBytes];
        }
    }

    private void up(int at) {
        for (int i = at; i < row.length; i += pixelBytes) {
            row[i] += above[i];
        }
    }

    private void average(int at) {
        int left = 0;
        for (int i = at; i < row.length; i += pixelBytes) {
            left = row[i] + ((left + (above[i] & 0xFF)) >> 1) & 0xFF;
            row[i] = (byte) left;
        }
    }

    /** The neighbour that is nearest to left + above - corner, the first of them where several are. */
    private void paeth(int at) {
        int left = 0;
        int corner = 0;
        for (int i = at; i < row.length; i += pixelBytes) {
            int up = above[i] & 0xFF;
            int toLeft = Math.abs(up - corner);
            int toUp = Math.abs(left - corner);
            int toCorner = Math.abs(left + up - 2 * corner);
            int nearest = toUp <= toCorner ? up : corner;
            nearest = toLeft <= Math.min(toUp, toCorner) ? left : nearest;
            left = row[i] + nearest & 0xFF;
            row[i] = (byte) left;
            corner = up;
        }
    }
}
