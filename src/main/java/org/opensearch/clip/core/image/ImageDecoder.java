package org.opensearch.clip.core.image;

/** Bytes of a picture file to pixels, as Pillow's {@code exif_transpose(..).convert("RGB")} gives them. */
public final class ImageDecoder {

    /** What the first bytes say, read without decoding: format by magic bytes, size before EXIF orientation. */
    public record Header(String format, int width, int height) {
        public long pixels() {
            return (long) width * height;
        }
    }

    private ImageDecoder() {}

    /** @throws ImageException when the format is not one of ours or the header is broken */
    public static Header header(byte[] bytes) {
        throw new UnsupportedOperationException();
    }

    /**
     * Decodes the first frame. Needs about 7 bytes of heap a pixel, so check {@link #header} against a limit first.
     *
     * @throws ImageException when the picture cannot be read
     */
    public static RgbImage decode(byte[] bytes) {
        throw new UnsupportedOperationException();
    }
}
