// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.image.ImageDecoder.Header;

class WebpPictureTests {

    private static final long MOST_OF_A_GROUP = 24 << 10;

    @TempDir
    Path folder;

    private String decoded(byte[] file) throws IOException, InterruptedException {
        Path path = folder.resolve("file.webp");
        Files.write(path, file);
        return Natives.run(folder, "-Xmx200m", NativePictures.class.getName(), "decode", path.toString());
    }

    /** That libwebp decodes them shows that they are well made, and that what we read of them is what it reads. */
    @ParameterizedTest
    @CsvSource({
        "256, 256, 2, 4095, 0, 0, FLAT",
        "256, 256, 2, 4095, 11, 0, FLAT",
        "256, 256, 2, 4095, 10, 2, NOISE",
        "1000, 500, 3, 300, 0, 2, NOISE",
        "500, 500, 3, 3000, 8, 4, COPIES",
        "7, 3, 2, 1, 1, 3, NOISE",
        "1, 1, 9, 0, 0, 9, FLAT"
    })
    void groupsAreCharged(
            int width, int height, int blocks, int last, int cache, int transforms, Vp8lFile.Content content)
            throws Exception {
        byte[] file = new Vp8lFile(width, height, blocks, last, cache, transforms, content).bytes();
        long pixels = (long) width * height;
        long groups = ImageDecoder.header(file).decodeBytes() - 8 * pixels - 256L * width;
        assertTrue(groups >= (last + 1) * 4L * (2300 + 654 + (cache == 0 ? 0 : 1 << cache)), () -> groups + " bytes");
        assertTrue(groups <= (last + 1) * MOST_OF_A_GROUP + pixels, () -> groups + " bytes");
        assertEquals(width + "x" + height, decoded(file));
    }

    @Test
    void moreGroupsThanBlocksAreRefused() {
        byte[] file = new Vp8lFile(8, 8, 2, 4, 0, 0, Vp8lFile.Content.FLAT).bytes();
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(file));
        assertEquals(
                "the WebP has 5 groups of prefix codes for 4 blocks of its 8x8 pixels; it may have one a block, 4096 at most",
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 65_535})
    void moreGroupsThanEncodersMakeAreRefusedBeforeTheyAreRead(int last) {
        byte[] file = new Vp8lFile(1024, 1024, 2, last, 11, 0, Vp8lFile.Content.FLAT).bytes();
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(file));
        assertTrue(e.getMessage().startsWith("the WebP has " + (last + 1) + " groups of prefix codes"), e.getMessage());
        assertThrows(ImageException.class, () -> Golden.decode(file));
    }

    @Test
    void tooManyBlocksAreRefused() {
        byte[] file = new Vp8lFile(7000, 7000, 9, 0, 0, 2, Vp8lFile.Content.FLAT).bytes();
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.header(file));
        assertEquals("the WebP cuts its 7000x7000 pixels into 3062500 blocks, more than 1048576", e.getMessage());
    }

    /** What an encoder makes of a picture with much in it: many groups, small blocks. */
    @ParameterizedTest
    @ValueSource(ints = {0, 3, 4, 6})
    void whatTheEncoderOfLibwebpMakesIsReadAndChargedLittleMore(int method) throws Exception {
        int edge = 600;
        RgbImage noise = Golden.noise(method + 1, edge, edge);
        var image = new BufferedImage(edge, edge, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < edge * edge; i++) {
            // noise of another strength in every 50 pixels, beside few colours
            int mask = 0x010101 * (255 >> i % edge / 50 % 9);
            image.setRGB(i % edge, i / edge, (noise.rgb()[3 * i] & 0xFF) * 0x10101 & mask);
        }
        byte[] file = lossless(image, method);
        Header header = ImageDecoder.header(file);
        assertTrue(header.decodeBytes() <= 8 * header.pixels() + 256L * edge + 2600 * MOST_OF_A_GROUP);
        assertEquals(edge + "x" + edge, decoded(file));
    }

    static byte[] lossless(BufferedImage image, int method) throws IOException {
        ImageWriter writer = new WebPImageWriterSpi().createWriterInstance(null);
        var param = new WebPWriteParam(Locale.ROOT);
        param.setCompressionType("Lossless");
        param.setMethod(method);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), param);
        }
        writer.dispose();
        return file.toByteArray();
    }
}
