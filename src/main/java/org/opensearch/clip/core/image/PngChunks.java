// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The chunks of a PNG: where its data is, and what they say about how it is seen. Of each kind of metadata the last counts,
 * and only that is read, up to {@link #MAX_TEXT}: a file may have a hundred thousand that each inflate to a megabyte. An
 * {@code eXIf} chunk comes before an EXIF profile written as hexadecimal text. What is broken in metadata counts as none.
 * Immutable.
 */
final class PngChunks {

    /** Bytes of a text, inflated; Pillow's bound. What is longer is cut. */
    private static final int MAX_TEXT = 1 << 20;

    private static final String XMP = "XML:com.adobe.xmp\0";
    private static final String RAW_EXIF = "Raw profile type exif\0";

    private final byte[] png;
    private int firstData;
    private int[] palette = new int[0];
    private Optional<ByteBuffer> exif = Optional.empty();
    private Optional<ByteBuffer> xmpText = Optional.empty();
    private Optional<ByteBuffer> exifText = Optional.empty();
    private boolean exifTextDeflated;

    /** @throws ImageException when a chunk is longer than the file */
    PngChunks(byte[] png) {
        this.png = png;
        this.firstData = png.length;
        ByteBuffer in = ByteBuffer.wrap(png);
        boolean end = false;
        for (int start = 16; start <= png.length && !end; ) {
            int length = in.getInt(start - 8);
            if (length < 0 || length > png.length - start) {
                throw new ImageException("the PNG ends too early");
            }
            int type = in.getInt(start - 4);
            chunk(type, start, length);
            end = type == Type.IEND;
            start += length + 12;
        }
    }

    /** Names as the four bytes that they are. */
    interface Type {
        int IDAT = 'I' << 24 | 'D' << 16 | 'A' << 8 | 'T';
        int IEND = 'I' << 24 | 'E' << 16 | 'N' << 8 | 'D';
        int PLTE = 'P' << 24 | 'L' << 16 | 'T' << 8 | 'E';
        int EXIF = 'e' << 24 | 'X' << 16 | 'I' << 8 | 'f';
        int ITXT = 'i' << 24 | 'T' << 16 | 'X' << 8 | 't';
        int TEXT = 't' << 24 | 'E' << 16 | 'X' << 8 | 't';
        int ZTXT = 'z' << 24 | 'T' << 16 | 'X' << 8 | 't';
    }

    /** Where the content of the first chunk of data begins, the length of the file without one. */
    int firstData() {
        return firstData;
    }

    /** 0xRRGGBB each, empty without one. */
    int[] palette() {
        return palette;
    }

    Orientation orientation() {
        return Orientation.of(exif.or(() -> exifText.flatMap(this::profile)), xmpText.flatMap(PngChunks::xmp));
    }

    private void chunk(int type, int start, int length) {
        switch (type) {
            case Type.IDAT -> firstData = Math.min(firstData, start);
            case Type.PLTE -> palette = Pixels.colors(ByteBuffer.wrap(png), start, Math.min(length / 3, 256));
            case Type.EXIF ->
                exif = Optional.of(ByteBuffer.wrap(png, start, length).slice());
            case Type.ITXT -> xmpText = after(start, length, XMP).or(() -> xmpText);
            case Type.TEXT, Type.ZTXT -> {
                Optional<ByteBuffer> text = after(start, length, RAW_EXIF);
                exifTextDeflated = text.isPresent() ? type == Type.ZTXT : exifTextDeflated;
                exifText = text.or(() -> exifText);
            }
            default -> {}
        }
    }

    private Optional<ByteBuffer> after(int start, int length, String keyword) {
        int skipped = keyword.length();
        return length >= skipped && ImageDecoder.starts(png, start, keyword)
                ? Optional.of(
                        ByteBuffer.wrap(png, start + skipped, length - skipped).slice())
                : Optional.empty();
    }

    /** Behind the keyword: whether and how compressed, language, translated keyword, text. */
    private static Optional<String> xmp(ByteBuffer data) {
        int start = 2;
        for (int zeros = 0; zeros < 2; start++) {
            if (start >= data.limit()) {
                return Optional.empty();
            }
            zeros += data.get(start) == 0 ? 1 : 0;
        }
        ByteBuffer text = data.slice(start, data.limit() - start);
        return Optional.of(StandardCharsets.ISO_8859_1
                .decode(data.get(0) == 0 ? cut(text) : inflate(text))
                .toString());
    }

    /** ImageMagick's form: an empty line, the name, the length, then hexadecimal in lines. */
    private Optional<ByteBuffer> profile(ByteBuffer data) {
        if (exifTextDeflated && data.limit() == 0) {
            return Optional.empty();
        }
        ByteBuffer text = exifTextDeflated ? inflate(data.slice(1, data.limit() - 1)) : cut(data);
        for (int lines = 0; lines < 3; ) {
            if (!text.hasRemaining()) {
                return Optional.empty();
            }
            lines += text.get() == '\n' ? 1 : 0;
        }
        byte[] bytes = new byte[text.remaining() / 2];
        int digits = 0;
        while (text.hasRemaining()) {
            int c = text.get();
            int digit = Character.digit(c, 16);
            if (digit >= 0 && digits < 2 * bytes.length) {
                bytes[digits / 2] |= (byte) (digits % 2 == 0 ? digit << 4 : digit);
                digits++;
            } else if (!Character.isWhitespace(c)) {
                return Optional.empty();
            }
        }
        int prefix = ImageDecoder.starts(bytes, 0, "Exif\0\0") ? 6 : 0;
        return Optional.of(
                ByteBuffer.wrap(bytes, prefix, Math.max(digits / 2 - prefix, 0)).slice());
    }

    private static ByteBuffer cut(ByteBuffer text) {
        return text.slice(0, Math.min(text.limit(), MAX_TEXT));
    }

    /** What of it can be inflated, cut at {@link #MAX_TEXT}; nothing when it is damaged. */
    private static ByteBuffer inflate(ByteBuffer bytes) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(bytes.duplicate());
            byte[] text = new byte[Math.min(MAX_TEXT, 1 << 14)];
            int length = 0;
            for (int n; (n = inflater.inflate(text, length, text.length - length)) > 0; ) {
                length += n;
                if (length == text.length && length < MAX_TEXT) {
                    text = Arrays.copyOf(text, MAX_TEXT);
                }
            }
            return ByteBuffer.wrap(text, 0, length);
        } catch (DataFormatException e) {
            return ByteBuffer.allocate(0);
        } finally {
            inflater.end();
        }
    }
}
