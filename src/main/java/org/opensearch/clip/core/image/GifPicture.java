// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/**
 * A GIF file: its first frame on the canvas all frames share. Where the frame does not reach, the canvas has the transparent
 * colour, else the first of the palette: Pillow's rule, not a browser's.
 *
 * @param width of the canvas, which a frame may enlarge
 * @param palette 0xRRGGBB, of the frame
 * @param background palette index
 */
record GifPicture(int width, int height, Frame frame, int[] palette, int background) implements ImageDecoder.Picture {

    private static final SpiReader READER = SpiReader.jdk("gif");
    private static final int EXTENSION = '!';
    private static final int IMAGE = ',';
    private static final int END = ';';
    private static final int GRAPHIC_CONTROL = 0xF9;
    private static final int PALETTE = 0x80;
    private static final int INTERLACED = 0x40;

    /** @param data from the code size to the empty block behind the last */
    record Frame(int left, int top, int width, int height, boolean interlaced, ByteBuffer data) {

        /** A file of this frame alone. It has no palette, so that a reader keeps indices of 8 bits as they are. */
        byte[] file() {
            ByteBuffer file = ByteBuffer.allocate(24 + data.limit()).order(ByteOrder.LITTLE_ENDIAN);
            file.put("GIF89a".getBytes(StandardCharsets.US_ASCII));
            file.putShort((short) width).putShort((short) height).put(new byte[3]);
            file.put((byte) IMAGE).putInt(0).putShort((short) width).putShort((short) height);
            file.put((byte) (interlaced ? INTERLACED : 0)).put(data.duplicate()).put((byte) END);
            return file.array();
        }
    }

    static GifPicture parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int width = Short.toUnsignedInt(in.getShort(6));
        int height = Short.toUnsignedInt(in.getShort(8));
        int screenFlags = in.get(10);
        in.position(13);
        int[] palette = palette(in, screenFlags);
        int transparent = 0;
        while (true) {
            switch (in.get()) {
                case EXTENSION -> {
                    int label = in.get() & 0xFF;
                    int block = in.position() + 1;
                    if (label == GRAPHIC_CONTROL && (in.get(block) & 1) != 0) {
                        transparent = in.get(block + 3) & 0xFF;
                    }
                    skipBlocks(in);
                }
                case IMAGE -> {
                    int at = in.position();
                    int flags = in.get(at + 8);
                    in.position(at + 9);
                    int[] own = palette(in, flags);
                    int data = in.position();
                    in.get();
                    skipBlocks(in);
                    Frame frame = new Frame(
                            u16(in, at),
                            u16(in, at + 2),
                            u16(in, at + 4),
                            u16(in, at + 6),
                            (flags & INTERLACED) != 0,
                            in.slice(data, in.position() - data));
                    return new GifPicture(
                            Math.max(width, frame.left + frame.width),
                            Math.max(height, frame.top + frame.height),
                            frame,
                            (flags & PALETTE) != 0 ? own : palette,
                            transparent);
                }
                case END -> throw new ImageException("the GIF has no picture");
                default -> {}
            }
        }
    }

    @Override
    public Header header() {
        // The reader's samples, and its objects for each row.
        long bytes = (long) frame.width * frame.height + 64L * frame.height;
        return new Header("GIF", width, height, bytes);
    }

    @Override
    public Orientation orientation() {
        return Orientation.UPRIGHT;
    }

    @Override
    public void rows(Rows target, Optional<Leptonica> natives, int reduction) throws IOException {
        Samples samples = new Samples(READER.read(frame.file(), frame.width, frame.height), Pixels.palette(palette));
        int color = background < palette.length ? palette[background] : 0;
        target.begin(width, height);
        for (int y = 0; y < height; y++) {
            int[] row = target.room();
            boolean within = y >= frame.top && y < frame.top + frame.height;
            if (!within || frame.width < width) {
                Arrays.fill(row, 0, width, color);
            }
            if (within) {
                samples.row(y - frame.top, row, frame.left);
            }
            target.filled();
        }
    }

    private static int u16(ByteBuffer in, int at) {
        return Short.toUnsignedInt(in.getShort(at));
    }

    /** The table the flags announce; a file without one is gray. */
    private static int[] palette(ByteBuffer in, int flags) {
        if ((flags & PALETTE) == 0) {
            return IntStream.range(0, 256).map(gray -> gray * 0x010101).toArray();
        }
        int count = 2 << (flags & 7);
        int[] colors = Pixels.colors(in, in.position(), count);
        in.position(in.position() + 3 * count);
        return colors;
    }

    private static void skipBlocks(ByteBuffer in) {
        for (int length; (length = in.get() & 0xFF) > 0; ) {
            in.position(in.position() + length);
        }
    }
}
