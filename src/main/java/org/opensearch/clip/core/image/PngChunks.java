// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The chunks of a PNG: what they say about how it is seen, and those a decoder needs. Of each kind of metadata the last
 * counts; an {@code eXIf} chunk comes before an EXIF profile written as hexadecimal text. Built by one thread.
 */
final class PngChunks {

    /** Pillow's bound of an inflated text. */
    private static final int MAX_TEXT = 1 << 20;

    private static final Set<String> CRITICAL = Set.of("IHDR", "PLTE", "IDAT", "IEND");
    private static final String XMP = "XML:com.adobe.xmp\0";
    private static final String RAW_EXIF = "Raw profile type exif\0";

    private final ByteArrayOutputStream critical = new ByteArrayOutputStream();
    private int[] palette = new int[0];
    private Optional<ByteBuffer> exif = Optional.empty();
    private Optional<ByteBuffer> rawExif = Optional.empty();
    private Optional<String> xmp = Optional.empty();

    private PngChunks() {}

    static PngChunks read(byte[] png) {
        PngChunks chunks = new PngChunks();
        ByteBuffer in = ByteBuffer.wrap(png);
        chunks.critical.write(png, 0, 8);
        String type = "";
        for (int start = 16; start <= png.length && !type.equals("IEND"); ) {
            int length = in.getInt(start - 8);
            if (length < 0 || length > png.length - start) {
                throw new ImageException("the PNG ends too early");
            }
            type = new String(png, start - 4, 4, StandardCharsets.ISO_8859_1);
            if (CRITICAL.contains(type)) {
                chunks.critical.write(png, start - 8, Math.min(length + 12, png.length - start + 8));
            }
            chunks.chunk(type, in.slice(start, length));
            start += length + 12;
        }
        return chunks;
    }

    /** A PNG of the same pixels without transparency, profiles, texts and further frames. */
    byte[] file() {
        return critical.toByteArray();
    }

    /** 0xRRGGBB each, empty without one. */
    int[] palette() {
        return palette;
    }

    Orientation orientation() {
        return Orientation.of(exif.or(() -> rawExif), xmp);
    }

    private void chunk(String type, ByteBuffer data) {
        switch (type) {
            case "PLTE" -> palette = Pixels.colors(data, 0, data.limit() / 3);
            case "eXIf" -> exif = Optional.of(data);
            case "iTXt" -> after(data, XMP).ifPresent(this::internationalText);
            case "tEXt" -> after(data, RAW_EXIF).ifPresent(text -> rawExif = profile(latin(text)));
            case "zTXt" ->
                after(data, RAW_EXIF).ifPresent(text -> rawExif = profile(inflate(text.slice(1, text.limit() - 1))));
            default -> {}
        }
    }

    /** Behind the keyword: whether and how compressed, language, translated keyword, text. */
    private void internationalText(ByteBuffer data) {
        boolean compressed = data.get(0) != 0;
        int start = 2;
        for (int zeros = 0; zeros < 2; start++) {
            zeros += data.get(start) == 0 ? 1 : 0;
        }
        ByteBuffer text = data.slice(start, data.limit() - start);
        xmp = Optional.of(compressed ? inflate(text) : latin(text));
    }

    /** ImageMagick's form: an empty line, the name, the length, then hexadecimal in lines. */
    private static Optional<ByteBuffer> profile(String text) {
        String[] lines = text.split("\n", 4);
        if (lines.length < 4) {
            return Optional.empty();
        }
        try {
            byte[] bytes = HexFormat.of().parseHex(lines[3].replaceAll("\\s", ""));
            int prefix = ImageDecoder.starts(bytes, 0, "Exif\0\0") ? 6 : 0;
            return Optional.of(
                    ByteBuffer.wrap(bytes, prefix, bytes.length - prefix).slice());
        } catch (IllegalArgumentException notHexadecimal) {
            return Optional.empty();
        }
    }

    private static Optional<ByteBuffer> after(ByteBuffer data, String keyword) {
        int length = keyword.length();
        boolean found = data.limit() >= length && latin(data.slice(0, length)).equals(keyword);
        return found ? Optional.of(data.slice(length, data.limit() - length)) : Optional.empty();
    }

    private static String latin(ByteBuffer bytes) {
        return StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
    }

    /** What of it can be inflated, cut at {@link #MAX_TEXT}: a hostile chunk costs no more. */
    private static String inflate(ByteBuffer bytes) {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(bytes.duplicate());
            byte[] text = new byte[MAX_TEXT];
            int length = 0;
            for (int n; (n = inflater.inflate(text, length, MAX_TEXT - length)) > 0; ) {
                length += n;
            }
            return new String(text, 0, length, StandardCharsets.ISO_8859_1);
        } catch (DataFormatException e) {
            return "";
        } finally {
            inflater.end();
        }
    }
}
