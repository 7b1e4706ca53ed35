// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/** A PNG file. Of an animated one, the default picture. */
record PngPicture(byte[] bytes, int width, int height, int depth, int colorType) implements ImageDecoder.Picture {

    private static final SpiReader READER = SpiReader.jdk("png");
    private static final int GRAY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GRAY_ALPHA = 4;
    private static final int RGB_ALPHA = 6;

    static PngPicture parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (in.getInt(8) != 13 || !ImageDecoder.starts(bytes, 12, "IHDR")) {
            throw new ImageException("the PNG does not begin with its header");
        }
        return new PngPicture(bytes, in.getInt(16), in.getInt(20), in.get(24), in.get(25));
    }

    @Override
    public Header header() {
        int samples = switch (colorType) {
            case GRAY_ALPHA -> 2;
            case RGB -> 3;
            case RGB_ALPHA -> 4;
            default -> 1;
        };
        return new Header("PNG", width, height, (3L + samples * (depth > 8 ? 2 : 1)) * width * height);
    }

    @Override
    public RgbImage decode() throws IOException {
        PngChunks chunks = PngChunks.read(bytes);
        Pixels pixels = switch (colorType) {
            case GRAY ->
                depth == 16
                        ? Pixels.gray(v -> Math.min(v, 255)) // clipped, not scaled: Pillow's "I;16" to "RGB"
                        : Pixels.gray(v -> v * 255 / ((1 << depth) - 1));
            case GRAY_ALPHA -> Pixels.gray(v -> v >> depth - 8);
            case RGB, RGB_ALPHA -> Pixels.rgb(depth);
            case PALETTE -> Pixels.palette(chunks.palette());
            default -> throw new ImageException(String.format(Locale.ROOT, "PNG has no colour type %d", colorType));
        };
        Raster raster = READER.read(chunks.file(), width, height);
        return Canvas.of(raster, chunks.orientation(), pixels);
    }
}
