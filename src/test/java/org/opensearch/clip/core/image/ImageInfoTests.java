// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageInfoTests {

    static Stream<String[]> hashes() {
        return Golden.rows("hashes.txt").filter(row -> !row[0].startsWith("webp"));
    }

    private static ImageInfo info(String file) {
        return new ImagePreprocessor(new ImageDecoder(Optional.empty()), true)
                .make(Golden.file(file), Golden.plain(8, 8), true)
                .info();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hashes")
    void isWhatImageHashSays(String file, int width, int height, String hash) {
        ImageInfo info = info(file);
        assertEquals(width, info.width());
        assertEquals(height, info.height());
        assertEquals(hash, info.hashDigits());
    }

    @Test
    void theSamePictureInAnotherFormatLooksAlike() {
        ImageInfo jpeg = info("jpeg-444.jpg");
        ImageInfo progressive = info("jpeg-progressive.jpg");
        assertEquals("jpeg", jpeg.format());
        assertTrue(Long.bitCount(jpeg.hash() ^ progressive.hash()) <= 4);
        assertTrue(Long.bitCount(jpeg.hash() ^ info("jpeg-1x1.jpg").hash()) > 10);
    }
}
