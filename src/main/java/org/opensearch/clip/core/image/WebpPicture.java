// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/**
 * A WebP file, lossy or lossless; of an animated one the first frame on its canvas, black where the frame does not reach.
 * libwebp gets the compressed frame alone: without alpha, which no colour depends on, metadata and other frames.
 *
 * @param width of the canvas
 * @param orientation of what the whole file shows
 */
record WebpPicture(int width, int height, Frame frame, Orientation orientation) implements ImageDecoder.Picture {

    private static final String LOSSY = "VP8 ";
    private static final String LOSSLESS = "VP8L";
    private static final int FIRST_CHUNK = 12;
    private static final int ANIMATION_FRAME_HEADER = 16;
    private static final int XMP = 0x04;
    private static final int EXIF = 0x08;

    /** @param chunk its compressed data, as the file has it */
    record Frame(int left, int top, int width, int height, Chunk chunk) {}

    /** A part of the file, {@code data} without the padding to an even length. */
    record Chunk(String name, ByteBuffer data) {

        static Chunk at(ByteBuffer in, int offset) {
            byte[] name = new byte[4];
            in.get(offset, name);
            ByteBuffer data = in.slice(offset + 8, in.getInt(offset + 4)).order(ByteOrder.LITTLE_ENDIAN);
            return new Chunk(new String(name, StandardCharsets.ISO_8859_1), data);
        }

        int length() {
            return 8 + data.limit() + (data.limit() & 1);
        }
    }

    static WebpPicture parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Chunk first = Chunk.at(in, FIRST_CHUNK);
        if (!first.name.equals("VP8X")) {
            Frame frame = frame(first, 0, 0);
            return new WebpPicture(frame.width, frame.height, frame, Orientation.UPRIGHT);
        }
        int flags = first.data.get(0);
        Optional<Frame> frame = Optional.empty();
        Optional<ByteBuffer> exif = Optional.empty();
        Optional<String> xmp = Optional.empty();
        Chunk chunk;
        for (int at = FIRST_CHUNK + first.length(); at + 8 <= bytes.length; at += chunk.length()) {
            chunk = Chunk.at(in, at);
            switch (chunk.name) {
                case LOSSY, LOSSLESS, "ANMF" -> frame = frame.isEmpty() ? Optional.of(frame(chunk)) : frame;
                case "EXIF" -> exif = (flags & EXIF) == 0 ? exif : Optional.of(tiff(chunk.data));
                case "XMP " -> xmp = (flags & XMP) == 0 ? xmp : Optional.of(latin(chunk.data));
                default -> {}
            }
        }
        return new WebpPicture(
                u24(first.data, 4) + 1,
                u24(first.data, 7) + 1,
                frame.orElseThrow(() -> new ImageException("the WebP has no picture")),
                Orientation.of(exif, xmp));
    }

    @Override
    public Header header() {
        if (frame.left + frame.width > width || frame.top + frame.height > height) {
            throw new ImageException("the WebP has a frame that is larger than its canvas");
        }
        // Of the frame what libwebp gives back, 4 bytes a pixel, and what it works on: some rows of lossy ones, all of
        // others.
        long pixels = (long) frame.width * frame.height;
        long bytes = frame.chunk.name.equals(LOSSLESS)
                ? 8 * pixels + new Vp8lHead(frame.chunk.data, frame.width, frame.height).bytes()
                : 4 * pixels + pixels / 16;
        return new Header("WebP", width, height, bytes + 256L * frame.width);
    }

    @Override
    public void rows(Rows target, Optional<Leptonica> natives, int reduction) throws IOException {
        if (natives.isEmpty()) {
            throw new ImageException(
                    "WebP is decoded by a native library, which this node cannot load or must not use (plugins.clip.image.native_decoders)");
        }
        try (Memory file = file();
                Memory pixels = natives.get().webp(file, frame.width, frame.height)) {
            int[] own = new int[frame.width];
            target.begin(width, height);
            for (int y = 0; y < height; y++) {
                int[] row = target.room();
                if (frame.width < width) {
                    Arrays.fill(row, 0, width, 0);
                }
                if (y >= frame.top && y < frame.top + frame.height) {
                    pixels.read((long) (y - frame.top) * own.length * Integer.BYTES, own, 0, own.length);
                    withoutAlpha(own, row, frame.left);
                } else {
                    Arrays.fill(row, 0, width, 0);
                }
                target.filled();
            }
        }
    }

    private static void withoutAlpha(int[] own, int[] row, int left) {
        for (int x = 0; x < own.length; x++) {
            row[left + x] = own[x] & 0xFFFFFF;
        }
    }

    private Memory file() {
        Chunk chunk = frame.chunk;
        ByteBuffer head = ByteBuffer.allocate(FIRST_CHUNK + 8).order(ByteOrder.LITTLE_ENDIAN);
        head.put(ascii("RIFF")).putInt(4 + chunk.length()).put(ascii("WEBP"));
        head.put(ascii(chunk.name)).putInt(chunk.data.limit());
        Memory file = new Memory(FIRST_CHUNK + chunk.length());
        file.setByte(file.size() - 1, (byte) 0); // what makes its length even
        file.write(0, head.array(), 0, head.capacity());
        file.write(head.capacity(), chunk.data.array(), chunk.data.arrayOffset(), chunk.data.limit());
        return file;
    }

    private static Frame frame(Chunk chunk) {
        if (!chunk.name.equals("ANMF")) {
            return frame(chunk, 0, 0);
        }
        for (int at = ANIMATION_FRAME_HEADER; ; ) {
            Chunk part = Chunk.at(chunk.data, at);
            if (part.name.equals(LOSSY) || part.name.equals(LOSSLESS)) {
                return frame(part, 2 * u24(chunk.data, 0), 2 * u24(chunk.data, 3));
            }
            at += part.length();
        }
    }

    /** The size as the compressed data says it. */
    private static Frame frame(Chunk chunk, int left, int top) {
        ByteBuffer data = chunk.data;
        if (chunk.name.equals(LOSSY) && u24(data, 3) == 0x2A019D) {
            return new Frame(left, top, data.getShort(6) & 0x3FFF, data.getShort(8) & 0x3FFF, chunk);
        }
        if (chunk.name.equals(LOSSLESS) && data.get(0) == 0x2F) {
            int size = data.getInt(1);
            return new Frame(left, top, (size & 0x3FFF) + 1, (size >> 14 & 0x3FFF) + 1, chunk);
        }
        throw new ImageException("the WebP does not begin with a picture");
    }

    private static ByteBuffer tiff(ByteBuffer exif) {
        ByteBuffer tiff = exif;
        while (tiff.limit() >= 6 && latin(tiff.slice(0, 6)).equals("Exif\0\0")) {
            tiff = tiff.slice(6, tiff.limit() - 6);
        }
        return tiff;
    }

    private static String latin(ByteBuffer bytes) {
        return StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static int u24(ByteBuffer in, int at) {
        return in.get(at) & 0xFF | (in.get(at + 1) & 0xFF) << 8 | (in.get(at + 2) & 0xFF) << 16;
    }
}
