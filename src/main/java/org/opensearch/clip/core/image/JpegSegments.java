// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import com.sun.jna.Memory;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The marker segments of a JPEG, and how many scans it has; read on construction, immutable after that. */
final class JpegSegments {

    /** What the components of a pixel are. */
    enum Colors {
        GRAY,
        YCC,
        RGB,
        CMYK,
        YCCK
    }

    /** Its name, and how many samples of it a block group has in each direction. */
    record Component(int id, int across, int down) {}

    /** Encoders use about ten. */
    private static final int MAX_SCANS = 100;

    /** For each scan, of a few bytes even, all coefficients are read again: so many scans a picture of any size may have .. */
    private static final int MANY_SCANS = 12;

    /** .. or so many where the JDK's reader must make it, which makes the whole picture once for each .. */
    private static final int MANY_SCANS_OF_INKS = 4;

    /** .. and beyond that as many scans as pictures of this size have at most. */
    private static final long LARGE = 50_000_000;

    private static final long ONES = 0x0101010101010101L;
    private static final int SOF0 = 0xC0;
    private static final int SOF2 = 0xC2;
    private static final int DHT = 0xC4;
    private static final int DAC = 0xCC;
    private static final int TEM = 0x01;
    private static final int SOF15 = 0xCF;
    private static final int RST0 = 0xD0;
    private static final int SOI = 0xD8;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;
    private static final int APP15 = 0xEF;
    private static final int COM = 0xFE;

    private static final byte[] NOTHING_SAID = HexFormat.of().parseHex("ffd8");
    private static final byte[] JFIF = HexFormat.of().parseHex("ffd8ffe000104a46494600010100000100010000");
    private static final byte[] ADOBE_RGB = HexFormat.of().parseHex("ffd8ffee000e41646f626500640000000000");

    private static final String EXIF = "Exif\0\0";
    private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

    private final byte[] bytes;
    private final ByteBuffer in;
    private final ByteArrayOutputStream tables = new ByteArrayOutputStream();
    private final ByteArrayOutputStream exif = new ByteArrayOutputStream();
    private final List<Component> components = new ArrayList<>();
    private Optional<String> xmp = Optional.empty();
    private int width;
    private int height;
    private boolean progressive;
    private boolean jfif;
    private int adobeTransform = -1;
    private final int firstScan;
    private final int end;

    /** @throws ImageException when there is no scan or no end, the coding is not one of ours, or there are too many scans */
    JpegSegments(byte[] bytes) {
        this.bytes = bytes;
        this.in = ByteBuffer.wrap(bytes);
        int at = marker(2);
        for (; type(at) != SOS; at = marker(at + 2 + length(at))) {
            if (type(at) == EOI) {
                throw new ImageException("the JPEG ends before its picture");
            }
            segment(type(at), at + 4, at + 2 + length(at));
        }
        if (components.isEmpty()) {
            throw new ImageException("the JPEG has no frame header before its picture");
        }
        this.firstScan = at;
        int scans = 0;
        for (; type(at) != EOI; at = marker(at + 2 + length(at))) {
            if (isFrame(type(at))) {
                throw twoFrames();
            }
            scans += type(at) == SOS ? 1 : 0;
        }
        this.end = at;
        int many = components.size() == 4 ? MANY_SCANS_OF_INKS : MANY_SCANS;
        long pixels = Math.max(1, (long) width * height);
        long allowed = Math.min(Math.max(many * LARGE / pixels, many), MAX_SCANS);
        if (scans > allowed) {
            throw new ImageException(String.format(
                    Locale.ROOT, "the JPEG has %d scans of %dx%d pixels, more than %d", scans, width, height, allowed));
        }
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    List<Component> components() {
        return components;
    }

    /** Whether a decoder must hold all coefficients before it can make the first pixel. */
    boolean manyScans() {
        return progressive || in.get(firstScan + 4) < components.size();
    }

    Orientation orientation() {
        return Orientation.of(
                exif.size() == 0 ? Optional.empty() : Optional.of(ByteBuffer.wrap(exif.toByteArray())), xmp);
    }

    /** libjpeg's rules (jdapimin.c, default_decompress_parms). */
    Colors colors() {
        if (components.size() == 1) {
            return Colors.GRAY;
        }
        if (components.size() == 4) {
            return adobeTransform <= 0 ? Colors.CMYK : Colors.YCCK;
        }
        if (jfif) {
            return Colors.YCC;
        }
        if (adobeTransform >= 0) {
            return adobeTransform == 0 ? Colors.RGB : Colors.YCC;
        }
        boolean named = components.get(0).id == 'R' && components.get(1).id == 'G' && components.get(2).id == 'B';
        return named ? Colors.RGB : Colors.YCC;
    }

    /** Whether this component has one row for two of the picture, and as many columns. */
    boolean halfHeight(int component) {
        Component own = components.get(component);
        return own.across
                        == components.stream().mapToInt(Component::across).max().orElseThrow()
                && own.down * 2
                        == components.stream().mapToInt(Component::down).max().orElseThrow();
    }

    /** The file without its application segments, and without what follows its end. */
    byte[] file() {
        byte[] head = {(byte) 0xFF, (byte) SOI};
        return ByteBuffer.allocate(head.length + tables.size() + end + 2 - firstScan)
                .put(head)
                .put(tables.toByteArray())
                .put(bytes, firstScan, end + 2 - firstScan)
                .array();
    }

    /** The same outside the heap, with a segment that says what {@link #colors} says. */
    Memory nativeFile() {
        byte[] head = switch (colors()) {
            case YCC -> JFIF;
            case RGB -> ADOBE_RGB;
            default -> NOTHING_SAID;
        };
        byte[] before = tables.toByteArray();
        int scans = end + 2 - firstScan;
        Memory file = new Memory(head.length + before.length + scans);
        file.write(0, head, 0, head.length);
        file.write(head.length, before, 0, before.length);
        file.write(head.length + before.length, bytes, firstScan, scans);
        return file;
    }

    private void segment(int type, int start, int end) {
        if (type >= APP0 && type <= APP15 || type == COM) {
            application(type, start, end);
            return;
        }
        if (isFrame(type)) {
            frame(type, in.slice(start, end - start));
        }
        tables.write(bytes, start - 4, end - start + 4);
    }

    private static boolean isFrame(int type) {
        return type >= SOF0 && type <= SOF15 && type != DHT && type != DAC;
    }

    private static ImageException twoFrames() {
        return new ImageException("the JPEG has two frame headers");
    }

    private void application(int type, int start, int end) {
        if (type == APP0) {
            jfif |= end - start >= 14 && ImageDecoder.starts(bytes, start, "JFIF\0");
        } else if (type == APP1 && ImageDecoder.starts(bytes, start, EXIF)) {
            exif.write(bytes, start + EXIF.length(), end - start - EXIF.length());
        } else if (type == APP1 && ImageDecoder.starts(bytes, start, XMP)) {
            xmp = Optional.of(new String(bytes, start, end - start, StandardCharsets.ISO_8859_1));
        } else if (type == APP14 && end - start >= 12 && ImageDecoder.starts(bytes, start, "Adobe")) {
            adobeTransform = bytes[start + 11] & 0xFF;
        }
    }

    private void frame(int type, ByteBuffer body) {
        if (type > SOF2) {
            throw new ImageException(String.format(
                    Locale.ROOT, "the JPEG is lossless, hierarchical or arithmetically coded (SOF%d)", type - SOF0));
        }
        if (!components.isEmpty()) {
            throw twoFrames();
        }
        int count = body.get(5);
        if (body.get(0) != 8 || (count != 1 && count != 3 && count != 4)) {
            throw new ImageException(String.format(
                    Locale.ROOT, "JPEG of %d bits and %d components is not supported", body.get(0), count));
        }
        progressive = type == SOF2;
        height = Short.toUnsignedInt(body.getShort(1));
        width = Short.toUnsignedInt(body.getShort(3));
        for (int i = 0, at = 6; i < count; i++, at += 3) {
            components.add(new Component(body.get(at) & 0xFF, body.get(at + 1) >> 4 & 0xF, body.get(at + 1) & 0xF));
        }
    }

    /** Where the next marker with a body, or the end, begins from {@code from} on; the length of the file without one. */
    private int marker(int from) {
        for (int at = mark(from); at + 1 < bytes.length; at = mark(at + 1)) {
            int type = type(at);
            if (type > TEM && type != 0xFF && (type < RST0 || type > SOI)) {
                return at;
            }
        }
        return bytes.length;
    }

    /** The next byte 0xFF from {@code from} on, or the length of the file: eight at a time, because most of a file is looked through for them. */
    private int mark(int from) {
        int at = from;
        for (; at + Long.BYTES <= bytes.length; at += Long.BYTES) {
            long inverse = ~in.getLong(at);
            if ((inverse - ONES & ~inverse & ONES << 7) != 0) {
                break;
            }
        }
        while (at < bytes.length && bytes[at] != (byte) 0xFF) {
            at++;
        }
        return at;
    }

    private int type(int marker) {
        return bytes[marker + 1] & 0xFF;
    }

    /** Of the segment at {@code marker}, with the two bytes that say it. */
    private int length(int marker) {
        int length = Short.toUnsignedInt(in.getShort(marker + 2));
        if (length < 2) {
            throw new ImageException("the JPEG has a segment of length " + length);
        }
        return length;
    }
}
