// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageDecoderTests {

    static Stream<String[]> decoded() {
        return Golden.rows("decoded.txt");
    }

    /** WebP is {@link NativePicturesTests}' business. */
    static Stream<String[]> decodedByTheJdk() {
        return decoded().filter(row -> !row[0].startsWith("webp"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("decodedByTheJdk")
    void pixelsAreBitIdenticalToPillow(String file, int width, int height, String sha256) {
        RgbImage image = Golden.decode(Golden.file(file));
        assertEquals(width, image.width());
        assertEquals(height, image.height());
        assertEquals(sha256, Golden.sha256(image.rgb()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("decoded")
    void headerSaysTheSizeBeforeOrientation(String file, int width, int height, String sha256) {
        ImageDecoder.Header header = ImageDecoder.header(Golden.file(file));
        assertEquals((long) width * height, header.pixels());
        assertTrue(header.width() == width || header.width() == height);
        assertEquals(file.substring(0, file.indexOf('-')), header.format().toLowerCase(Locale.ROOT));
    }

    @Test
    void withoutNativeDecodersWebpIsRefusedAndSaysWhy() {
        byte[] webp = Golden.file("webp-photo.webp");
        ImageException e = assertThrows(ImageException.class, () -> Golden.decode(webp));
        assertEquals(
                "WebP is decoded by a native library, which this node cannot load or must not use (plugins.clip.image.native_decoders)",
                e.getMessage());
    }
}
