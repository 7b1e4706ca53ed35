// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.image.ImageDecoder.Header;

/** Hostile and broken files: a picture or an {@link ImageException}, and never more memory than the header announced. */
class ImageDecoderDamageTests {

    private static final long WORKING_SPACE = UntrustedPicture.WORKING_SPACE;

    private static final int MAX_PIXELS = 5_000_000;

    static Stream<String> files() {
        return Golden.rows("decoded.txt").map(row -> row[0]);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void fileCutAnywhereIsAPictureOrAnImageException(String file) {
        byte[] whole = Golden.file(file);
        int step = whole.length <= 1_000 ? 1 : whole.length / 100;
        for (int length = 0; length < whole.length; length += step) {
            decode(Arrays.copyOf(whole, length), file + " cut at " + length);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void fileWithWrongBytesIsAPictureOrAnImageException(String file) {
        byte[] whole = Golden.file(file);
        Random random = new Random(file.hashCode());
        for (int i = 0; i < 100; i++) {
            byte[] damaged = whole.clone();
            // every second time in the headers, where it hurts most
            int reach = i % 2 == 0 ? damaged.length : Math.min(damaged.length, 120);
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                damaged[random.nextInt(reach)] = (byte) (random.nextInt(3) == 0 ? 0xFF : random.nextInt(256));
            }
            decode(damaged, file + " damaged, round " + i);
        }
    }

    @Test
    void gifOf34BytesThatClaimsTwoGigapixelsIsRefusedCheaply() {
        ByteBuffer gif = ByteBuffer.allocate(34).order(ByteOrder.LITTLE_ENDIAN);
        gif.put("GIF89a".getBytes(StandardCharsets.US_ASCII));
        gif.putShort((short) 65_535)
                .putShort((short) 32_767)
                .put(new byte[] {(byte) 0x80, 0, 0})
                .put(new byte[6]);
        gif.put((byte) ',')
                .putInt(0)
                .putShort((short) 65_535)
                .putShort((short) 32_767)
                .put((byte) 0);
        gif.put(new byte[] {2, 1, 0x2C, 0, ';'});
        assertRefusedCheaply(gif.array(), "65535x32767");
    }

    @Test
    void frameLargerThanTheScreenCountsInTheHeader() {
        byte[] gif = Golden.file("gif-large-frame.gif");
        ByteBuffer.wrap(gif).order(ByteOrder.LITTLE_ENDIAN).putShort(6 + 7 + 12 + 5, (short) 50_000);
        Header header = ImageDecoder.header(gif);
        assertEquals(50_001, header.width());
        assertEquals(4, header.height());
    }

    @Test
    void pngOfTheLargestSizeIsRefusedCheaply() {
        ByteArrayOutputStream png = png(Integer.MAX_VALUE, Integer.MAX_VALUE);
        chunk(png, "IDAT", deflated(100));
        chunk(png, "IEND", new byte[0]);
        assertRefusedCheaply(png.toByteArray(), "2147483647x2147483647");
    }

    @Test
    void pngLineOfManyPixelsIsRefused() {
        assertRefusedCheaply(png(65_536, 1).toByteArray(), "65536x1");
    }

    @Test
    void headerOfAHugePngIsReadWithoutItsPixels() {
        byte[] png = png(16_000, 16_000).toByteArray();
        long before = allocated();
        Header header = ImageDecoder.header(png);
        assertTrue(allocated() - before < 100_000);
        assertEquals(256_000_000, header.pixels());
        assertEquals(0, header.decodeBytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"zTXt", "iCCP", "iTXt"})
    void compressedMetadataIsNotInflatedBeyondAMebibyte(String type) {
        byte[] bomb = deflated(20 << 20);
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        chunk.writeBytes((type.equals("iTXt") ? "XML:com.adobe.xmp\0\1\0\0\0" : "Raw profile type exif\0\0")
                .getBytes(StandardCharsets.US_ASCII));
        chunk.writeBytes(bomb);
        ByteArrayOutputStream png = png(2, 2);
        chunk(png, type, chunk.toByteArray());
        chunk(png, "IDAT", deflated(6));
        chunk(png, "IEND", new byte[0]);
        long before = allocated();
        assertEquals(2, Golden.decode(png.toByteArray()).width());
        assertTrue(allocated() - before < 8 << 20);
    }

    @Test
    void pngDataThatInflatesForeverIsReadNoFurtherThanThePicture() {
        ByteArrayOutputStream png = png(2, 2);
        chunk(png, "IDAT", deflated(20 << 20));
        chunk(png, "IEND", new byte[0]);
        long before = allocated();
        assertEquals(2, Golden.decode(png.toByteArray()).width());
        assertTrue(allocated() - before < WORKING_SPACE + 4L * png.size());
    }

    @ParameterizedTest
    @CsvSource({"101, 40, 40, 100", "13, 7072, 7072, 12", "100, 2500, 2500, 96", "25, 5000, 5000, 24"})
    void jpegOfManyScansIsRefusedByItsHeader(int scans, int width, int height, int allowed) {
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(jpeg(scans, width, height)));
        assertEquals(
                "the JPEG has " + scans + " scans of " + width + "x" + height + " pixels, more than " + allowed,
                e.getMessage());
        assertEquals(width, ImageDecoder.header(jpeg(allowed, width, height)).width());
    }

    /** The JDK's reader makes them, and all of the picture for each scan. */
    @Test
    void scansOfInksAreDearer() throws IOException {
        byte[] jpeg = CostlyPicture.JPEG_INKS_PROGRESSIVE.file(64);
        int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c2");
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 3400).putShort(frame + 7, (short) 3400);
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(jpeg));
        assertEquals("the JPEG has 18 scans of 3400x3400 pixels, more than 17", e.getMessage());
    }

    /** The golden one with other numbers: of scans and, in its header, of pixels. */
    private static byte[] jpeg(int scans, int width, int height) {
        byte[] jpeg = Golden.file("jpeg-progressive.jpg");
        int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c2");
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) height).putShort(frame + 7, (short) width);
        int last = lastScan(jpeg);
        int first = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00da");
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(jpeg, 0, first);
        for (int i = 0; i < scans; i++) {
            many.write(jpeg, last, jpeg.length - 2 - last);
        }
        many.write(jpeg, jpeg.length - 2, 2);
        return many.toByteArray();
    }

    @Test
    void jpegWithASecondFrameHeaderIsRefused() {
        byte[] jpeg = Golden.file("jpeg-444.jpg");
        int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c0");
        int length = 2 + 17;
        ByteArrayOutputStream twice = new ByteArrayOutputStream();
        twice.write(jpeg, 0, frame + length);
        twice.write(jpeg, frame, jpeg.length - frame);
        ImageException e = assertThrows(ImageException.class, () -> Golden.decode(twice.toByteArray()));
        assertEquals("the JPEG has two frame headers", e.getMessage());
    }

    /** One of 12 bits among the scans, where a decoder would take it for the precision of the rest. */
    @Test
    void jpegWithASecondFrameHeaderBetweenScansIsRefused() {
        byte[] jpeg = Golden.file("jpeg-progressive.jpg");
        int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c2");
        int last = lastScan(jpeg);
        byte[] second = Arrays.copyOfRange(jpeg, frame, frame + 2 + 17);
        second[4] = 12;
        ByteArrayOutputStream twice = new ByteArrayOutputStream();
        twice.write(jpeg, 0, last);
        twice.writeBytes(second);
        twice.write(jpeg, last, jpeg.length - last);
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(twice.toByteArray()));
        assertEquals("the JPEG has two frame headers", e.getMessage());
    }

    @Test
    void bitmapThatHidesAnotherFileIsRefused() {
        byte[] bmp = Golden.file("bmp-32.bmp");
        for (int compression : new int[] {4, 5}) {
            ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(30, compression);
            ImageException e = assertThrows(ImageException.class, () -> Golden.decode(bmp));
            assertEquals("BMP compression " + compression + " is not supported", e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "II*\0\10\0\0\0",
                "MM\0*\0\0\0\10",
                "<svg xmlns='http://www.w3.org/2000/svg'/>",
                "8BPS\0\1",
                "\0\0\1\0\1\0",
                "\0\0\5\5\377\377",
                "PK\3\4",
                "%PDF-1.7",
                "<html>\u00ff\u00d8\u00ff"
            })
    void otherFormatsAreRefusedByTheirFirstBytes(String start) {
        byte[] bytes = start.getBytes(StandardCharsets.ISO_8859_1);
        assertThrows(ImageException.class, () -> ImageDecoder.header(bytes));
        ImageException e = assertThrows(ImageException.class, () -> Golden.decode(bytes));
        assertTrue(e.getMessage()
                .startsWith(start.isEmpty() ? "the picture is empty" : "not a picture of a known format"));
    }

    private static void decode(byte[] bytes, String what) {
        assertDoesNotThrow(() -> UntrustedPicture.read(bytes, MAX_PIXELS), what);
    }

    private static void assertRefusedCheaply(byte[] bytes, String size) {
        long before = allocated();
        for (Executable reading : new Executable[] {() -> ImageDecoder.header(bytes), () -> Golden.decode(bytes)}) {
            ImageException e = assertThrows(ImageException.class, reading);
            assertTrue(e.getMessage().contains(size), e.getMessage());
        }
        assertTrue(allocated() - before < 1 << 20);
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static int lastScan(byte[] jpeg) {
        return new String(jpeg, StandardCharsets.ISO_8859_1).lastIndexOf("\u00ff\u00da");
    }

    /** The beginning of an 8-bit gray PNG. */
    private static ByteArrayOutputStream png(int width, int height) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        png.writeBytes("\u0089PNG\r\n\u001a\n".getBytes(StandardCharsets.ISO_8859_1));
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8);
        chunk(png, "IHDR", header.array());
        return png;
    }

    private static void chunk(ByteArrayOutputStream png, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        png.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        png.writeBytes(name);
        png.writeBytes(data);
        png.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    private static byte[] deflated(int zeros) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(out)) {
            byte[] block = new byte[Math.min(zeros, 1 << 16)];
            for (int left = zeros; left > 0; left -= block.length) {
                deflater.write(block, 0, Math.min(left, block.length));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
