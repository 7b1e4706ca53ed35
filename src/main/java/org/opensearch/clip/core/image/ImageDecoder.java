// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.util.Locale;

/**
 * Bytes of a picture file to pixels, as Pillow's {@code exif_transpose(Image.open(..)).convert("RGB")} gives them: first
 * frame only, alpha dropped, colour profiles ignored. The format is what the first bytes say, never what somebody declared.
 * Whatever is wrong with a file ends as {@link ImageException}. Stateless, safe for use by many threads.
 */
public final class ImageDecoder {

    /** What JPEG and GIF can express; beyond it (PNG, BMP) a line of pixels makes the resize tables too large. */
    static final int MAX_EDGE = 65_535;

    /**
     * What the first bytes say, read without decoding: format by magic bytes, size before EXIF orientation.
     *
     * @param decodeBytes the most memory, heap and native, that {@link #decode} takes beside two copies of the file and
     *     working space of at most 4 MiB, which does not grow with the picture
     */
    public record Header(String format, int width, int height, long decodeBytes) {
        public long pixels() {
            return (long) width * height;
        }
    }

    /** A file of one format whose headers have been read. */
    sealed interface Picture permits JpegPicture, PngPicture, GifPicture, BmpPicture, WebpPicture {
        Header header();

        /** @throws IOException when the data behind the headers is broken */
        RgbImage decode() throws IOException;
    }

    private ImageDecoder() {}

    /** @throws ImageException when the format is not one of ours or the header is broken */
    public static Header header(byte[] bytes) {
        return guard(() -> open(bytes).header());
    }

    /**
     * Decodes the first frame. Check {@link Header#pixels()} and {@link Header#decodeBytes()} against a limit first.
     *
     * @throws ImageException when the picture cannot be read
     */
    public static RgbImage decode(byte[] bytes) {
        return guard(() -> open(bytes).decode());
    }

    private static Picture open(byte[] bytes) {
        Picture picture = parse(bytes);
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
        } catch (LinkageError e) {
            throw new ImageException("this node cannot decode pictures of this format: a native library is missing", e);
        }
    }
}
