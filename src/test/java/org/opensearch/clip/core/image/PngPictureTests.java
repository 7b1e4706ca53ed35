// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PngPictureTests {

    private static final String RAW_EXIF = "Raw profile type exif\0";
    private static final String XMP = "XML:com.adobe.xmp\0";

    static Stream<PngFile> kinds() {
        return Stream.of(
                        new int[] {0, 1},
                        new int[] {0, 2},
                        new int[] {0, 4},
                        new int[] {0, 8},
                        new int[] {0, 16},
                        new int[] {2, 8},
                        new int[] {2, 16},
                        new int[] {3, 1},
                        new int[] {3, 2},
                        new int[] {3, 4},
                        new int[] {3, 8},
                        new int[] {4, 8},
                        new int[] {4, 16},
                        new int[] {6, 8},
                        new int[] {6, 16})
                .flatMap(kind -> Stream.of(false, true).map(interlaced -> new PngFile(kind[0], kind[1], interlaced)));
    }

    /** Another decoder of the same format, every filter, every pass, sizes that leave passes empty. */
    @ParameterizedTest
    @MethodSource("kinds")
    void samplesAreThoseOfTheJdksReader(PngFile kind) throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 12; round++) {
            int width = 1 + random.nextInt(round < 6 ? 9 : 70);
            int height = 1 + random.nextInt(round < 6 ? 9 : 40);
            byte[] palette = new byte[3 << kind.depth()];
            random.nextBytes(palette);
            byte[] file = kind.file(width, height, palette, 1 + random.nextInt(40), (row, bytes) -> {
                random.nextBytes(bytes);
                bytes[0] = (byte) random.nextInt(5);
            });
            ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
            reader.setInput(ImageIO.createImageInputStream(new ByteArrayInputStream(file)));
            byte[] expected = rgb(reader.read(0).getRaster(), kind, palette);
            assertArrayEquals(expected, Golden.decode(file).rgb(), () -> width + "x" + height);
        }
    }

    private static byte[] rgb(Raster raster, PngFile kind, byte[] palette) {
        byte[] rgb = new byte[3 * raster.getWidth() * raster.getHeight()];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % raster.getWidth();
            int y = i / 3 / raster.getWidth();
            boolean gray = kind.colorType() == 0 || kind.colorType() >= 3 && kind.colorType() < 6;
            int sample = raster.getSample(x, y, gray ? 0 : i % 3);
            rgb[i] = (byte)
                    switch (kind.colorType()) {
                        case 0 -> kind.depth() == 16 ? Math.min(sample, 255) : sample * 255 / ((1 << kind.depth()) - 1);
                        case 3 -> palette[3 * sample + i % 3];
                        default -> sample >> kind.depth() - 8;
                    };
        }
        return rgb;
    }

    @Test
    void ofManyTextsTheLastOfAKindIsReadAndNoOther() {
        byte[] bomb = PngFile.deflated(1 << 20);
        PngFile.Writer png = new PngFile(0, 8, false).begin(2, 3);
        for (int i = 0; i < 2_000; i++) {
            png.chunk("zTXt", RAW_EXIF + "\0", bomb);
            png.chunk("iTXt", XMP + "\1\0\0\0", bomb);
        }
        png.chunk("iTXt", XMP + "\0\0\0\0<x tiff:Orientation=\"6\"/>", new byte[0]);
        byte[] file = png.chunk("IDAT", "", PngFile.deflated(9)).end();
        long before = allocated();
        assertEquals(3, Golden.decode(file).width());
        // reading one of them takes a megabyte, reading all took 25 seconds
        assertTrue(allocated() - before < 4 << 20);
    }

    @Test
    void dataInChunksOfAByteIsReadInPlace() {
        PngFile kind = new PngFile(2, 8, false);
        byte[] file = kind.file(500, 500, new byte[0], 1, (row, bytes) -> bytes[1] = (byte) row);
        long before = allocated();
        assertEquals(500, Golden.decode(file).width());
        assertTrue(allocated() - before < 3 * 500 * 500 + (100 << 10));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "iTXt" + XMP,
                "iTXt" + XMP + "\0\0\0",
                "iTXt" + XMP + "\1\0\0\0no zlib",
                "zTXt" + RAW_EXIF,
                "zTXt" + RAW_EXIF + "\0no zlib",
                "tEXt" + RAW_EXIF,
                "tEXt" + RAW_EXIF + "\nexif\n 4\n4d4",
                "tEXt" + RAW_EXIF + "\nexif\n 4\n!!",
                "eXIf",
                "eXIfMM\0*\0\0\0\u00ff"
            })
    void brokenMetadataCountsAsNone(String chunk) {
        byte[] file = new PngFile(0, 8, false)
                .begin(2, 3)
                .chunk(chunk.substring(0, 4), chunk.substring(4), new byte[0])
                .chunk("IDAT", "", PngFile.deflated(9))
                .end();
        RgbImage image = Golden.decode(file);
        assertEquals(2, image.width());
        assertArrayEquals(new byte[18], image.rgb());
    }

    /** Colour type, depth, compression, filter, interlace. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "1 8 0 0 0",
                "2 2 0 0 0",
                "3 16 0 0 0",
                "4 4 0 0 0",
                "5 8 0 0 0",
                "6 8 1 0 0",
                "6 8 0 1 0",
                "6 8 0 0 2"
            })
    void kindThatPngDoesNotHaveIsRefused(String kind) {
        byte[] file = new PngFile(6, 8, false)
                .begin(2, 3)
                .chunk("IDAT", "", PngFile.deflated(60))
                .end();
        int[] at = {25, 24, 26, 27, 28};
        String[] values = kind.split(" ");
        for (int i = 0; i < at.length; i++) {
            file[at[i]] = Byte.parseByte(values[i]);
        }
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(file));
        assertTrue(e.getMessage().startsWith("PNG has no colour type " + values[0]), e.getMessage());
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
