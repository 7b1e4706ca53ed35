// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.util.Locale;
import java.util.Optional;

/**
 * Bytes of a picture file to pixels, as Pillow's {@code exif_transpose(Image.open(..)).convert("RGB")} gives them: first
 * frame only, alpha dropped, colour profiles ignored. The format is what the first bytes say, never what somebody declared.
 * Whatever is wrong with a file ends as {@link ImageException}. Safe for use by many threads.
 */
public final class ImageDecoder {

    /** What JPEG and GIF can express; beyond it (PNG, BMP) a line of pixels makes the resize tables too large. */
    static final int MAX_EDGE = 65_535;

    /**
     * What the first bytes say, read without decoding: format by magic bytes, size before EXIF orientation.
     *
     * @param decodeBytes the most memory, heap and native, that it takes to make the rows of the picture, beside two copies of the file
     *     and working space of at most 4 MiB, which does not grow with the picture
     */
    public record Header(String format, int width, int height, long decodeBytes) {
        public long pixels() {
            return (long) width * height;
        }
    }

    /** A file of one format whose headers have been read. */
    sealed interface Picture permits JpegPicture, PngPicture, GifPicture, BmpPicture, WebpPicture {
        Header header();

        /** How the rows are to be turned. */
        Orientation orientation();

        /**
         * @param natives empty: without native code
         * @param reduction 1, 2, 4 or 8: by which each edge may be divided, rounded up, where the format can do that while it is decoded
         * @throws IOException when the data behind the headers is broken
         */
        void rows(Rows target, Optional<Leptonica> natives, int reduction) throws IOException;
    }

    private final Optional<Leptonica> natives;

    /** @param natives empty: JPEG by the JDK's reader, and no WebP */
    public ImageDecoder(Optional<Leptonica> natives) {
        this.natives = natives;
    }

    /** @throws ImageException when the format is not one of ours or the header is broken */
    public static Header header(byte[] bytes) {
        return open(bytes).header();
    }

    /**
     * Decodes the first frame. Check {@link Header#pixels()} and {@link Header#decodeBytes()} against a limit first.
     *
     * @throws ImageException when the picture cannot be read
     */
    public RgbImage decode(byte[] bytes) {
        Picture picture = open(bytes);
        UprightRows rows = new UprightRows(orientation(picture));
        rows(picture, rows, 1);
        return rows.image();
    }

    /** @throws ImageException as {@link #header} */
    static Picture open(byte[] bytes) {
        return guard(() -> checked(parse(bytes)));
    }

    /** @throws ImageException when the file is broken */
    static Orientation orientation(Picture picture) {
        return guard(picture::orientation);
    }

    /**
     * See {@link Picture#rows}.
     *
     * @throws ImageException when the picture cannot be read; some of its rows may have been given then
     */
    void rows(Picture picture, Rows target, int reduction) {
        guard(() -> {
            picture.rows(target, natives, reduction);
            return target;
        });
    }

    private static Picture checked(Picture picture) {
        Header header = picture.header();
        if (header.width() < 1 || header.height() < 1) {
            throw new ImageException(
                    "the picture is empty: " + header.format() + " of " + header.width() + "x" + header.height());
        }
        if (header.width() > MAX_EDGE || header.height() > MAX_EDGE || header.pixels() > Integer.MAX_VALUE / 4) {
            throw new ImageException(String.format(
                    Locale.ROOT,
                    "the picture is too large: %s of %dx%d pixels; an edge may have %d, the whole %d",
                    header.format(),
                    header.width(),
                    header.height(),
                    MAX_EDGE,
                    Integer.MAX_VALUE / 4));
        }
        return picture;
    }

    private static Picture parse(byte[] bytes) {
        if (starts(bytes, 0, "\u00ff\u00d8\u00ff")) {
            return JpegPicture.parse(bytes);
        }
        if (starts(bytes, 0, "\u0089PNG\r\n\u001a\n")) {
            return PngPicture.parse(bytes);
        }
        if (starts(bytes, 0, "GIF87a") || starts(bytes, 0, "GIF89a")) {
            return GifPicture.parse(bytes);
        }
        if (starts(bytes, 0, "RIFF") && starts(bytes, 8, "WEBP")) {
            return WebpPicture.parse(bytes);
        }
        if (starts(bytes, 0, "BM")) {
            return BmpPicture.parse(bytes);
        }
        throw new ImageException(
                bytes.length == 0
                        ? "the picture is empty: 0 bytes"
                        : "not a picture of a known format: JPEG, PNG, GIF, WebP and BMP are, told by their first bytes");
    }

    /** Whether the Latin-1 bytes of {@code magic} stand at {@code offset}. */
    static boolean starts(byte[] bytes, int offset, String magic) {
        if (offset < 0 || bytes.length - offset < magic.length()) {
            return false;
        }
        for (int i = 0; i < magic.length(); i++) {
            if ((bytes[offset + i] & 0xFF) != magic.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private interface Reading<T> {
        T run() throws IOException;
    }

    /** The edge: the JDK's readers answer broken files with every kind of exception. */
    private static <T> T guard(Reading<T> reading) {
        try {
            return reading.run();
        } catch (ImageException e) {
            throw e;
        } catch (IndexOutOfBoundsException | BufferUnderflowException | EOFException e) {
            throw new ImageException("the picture ends too early or is damaged", e);
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw new ImageException("the picture is damaged and cannot be decoded", e);
        }
    }
}
