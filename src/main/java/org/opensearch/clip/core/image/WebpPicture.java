// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import com.luciad.imageio.webp.WebPImageReaderSpi;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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

    private static final SpiReader READER = new SpiReader(new WebPImageReaderSpi());
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
        // Ours; of the frame what libwebp works on and gives back, and the reader's copy, 4 bytes each.
        long bytes = 3L * width * height + 12L * frame.width * frame.height;
        if (frame.chunk.name.equals(LOSSLESS)) {
            bytes += new Vp8lHead(frame.chunk.data, frame.width, frame.height).bytes();
        }
        return new Header("WebP", width, height, bytes);
    }

    @Override
    public RgbImage decode() throws IOException {
        Canvas canvas = new Canvas(width, height, orientation);
        canvas.paint(READER.read(file(), frame.width, frame.height), frame.left, frame.top, Pixels.rgb(8));
        return canvas.image();
    }

    private byte[] file() {
        Chunk chunk = frame.chunk;
        ByteBuffer file = ByteBuffer.allocate(FIRST_CHUNK + chunk.length()).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(4 + chunk.length()).put(ascii("WEBP"));
        file.put(ascii(chunk.name)).putInt(chunk.data.limit()).put(chunk.data.duplicate());
        return file.array();
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
