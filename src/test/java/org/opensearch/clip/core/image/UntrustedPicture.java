// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/** What holds of any bytes that are taken for a picture. */
public final class UntrustedPicture {

    /** What readers take whatever the size of the picture is: tables, buffers, the inflater's window, a text. */
    static final long WORKING_SPACE = 4 << 20;

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final ImageDecoder DECODER = new ImageDecoder(Natives.here());

    /** Loading classes and native libraries is nothing that a picture costs. */
    static {
        Golden.rows("decoded.txt")
                .map(row -> Golden.file(row[0]))
                .filter(file -> Natives.here().isPresent() || file[0] != 'R')
                .forEach(DECODER::decode);
    }

    private UntrustedPicture() {}

    /** The headers alone: an answer or an {@link ImageException}, made of no more memory than the file has, and fast. */
    public static void readHeader(byte[] bytes) {
        long before = allocated();
        long start = THREADS.getCurrentThreadCpuTime();
        header(bytes);
        long used = allocated() - before;
        long millis = (THREADS.getCurrentThreadCpuTime() - start) / 1_000_000;
        require(used <= 2L * bytes.length + WORKING_SPACE, used + " bytes allocated for the header of " + bytes.length);
        require(millis < 1_000, millis + " ms for the header of " + bytes.length + " bytes");
    }

    /**
     * All of it: a picture or an {@link ImageException}, and no more memory than the header announced.
     *
     * @param maxPixels those of more are not decoded
     */
    public static void read(byte[] bytes, long maxPixels) {
        Header header = header(bytes);
        if (header != null && header.pixels() > maxPixels) {
            return;
        }
        long announced = header == null ? 0 : header.decodeBytes();
        long before = allocated();
        long start = THREADS.getCurrentThreadCpuTime();
        try {
            Counted rows = new Counted();
            DECODER.rows(ImageDecoder.open(bytes), rows, 1);
            require(header != null, "decoded, but its header was refused");
            require(rows.width == header.width(), "of another width than its header says");
            require(rows.height == header.height(), "of another height than its header says");
            require(rows.filled == header.height(), "rows are missing");
        } catch (ImageException expected) {
            require(!expected.getMessage().isEmpty(), "no reason");
        }
        long used = allocated() - before;
        long limit = announced + 4L * bytes.length + WORKING_SPACE;
        require(used <= limit, used + " bytes allocated, " + limit + " allowed");
        long millis = (THREADS.getCurrentThreadCpuTime() - start) / 1_000_000;
        require(millis < 5_000, millis + " ms");
    }

    private static Header header(byte[] bytes) {
        try {
            return ImageDecoder.header(bytes);
        } catch (ImageException expected) {
            require(!expected.getMessage().isEmpty(), "no reason");
            return null;
        }
    }

    private static long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** Whether these are the first bytes of a format that native code decodes. */
    public static boolean isNative(byte[] bytes) {
        String start = new String(bytes, 0, Math.min(bytes.length, 4), StandardCharsets.ISO_8859_1);
        return start.equals("RIFF") || start.startsWith("\u00ff\u00d8");
    }

    /** Rows that nobody keeps. */
    private static final class Counted implements Rows {
        private int width;
        private int height;
        private int filled;
        private int[] row;

        @Override
        public void begin(int storedWidth, int storedHeight) {
            width = storedWidth;
            height = storedHeight;
            row = new int[width];
        }

        @Override
        public int[] room() {
            return row;
        }

        @Override
        public void filled() {
            filled++;
        }
    }
}
