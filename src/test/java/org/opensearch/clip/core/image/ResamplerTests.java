// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ResamplerTests {

    static Stream<String[]> resized() {
        return Golden.rows("resized.txt");
    }

    @ParameterizedTest(name = "seed {0}: {1}x{2}, filter {3}, to {4}x{5}")
    @MethodSource("resized")
    void isBitIdenticalToPillow(int seed, int width, int height, int code, int toWidth, int toHeight, String sha256) {
        RgbImage resized = Golden.resize(Golden.noise(seed, width, height), toWidth, toHeight, Golden.filter(code));
        assertEquals(toWidth, resized.width());
        assertEquals(toHeight, resized.height());
        assertEquals(sha256, Golden.sha256(resized.rgb()));
    }

    @Test
    void windowIsBitIdenticalToThatPartOfTheWhole() {
        Random random = new Random(17);
        for (int i = 0; i < 300; i++) {
            RgbImage image = Golden.noise(i + 1, 1 + random.nextInt(70), 1 + random.nextInt(70));
            int width = 1 + random.nextInt(70);
            int height = 1 + random.nextInt(70);
            int left = random.nextInt(width);
            int top = random.nextInt(height);
            Resampler.Window window =
                    new Resampler.Window(left, top, 1 + random.nextInt(width - left), 1 + random.nextInt(height - top));
            Resampler.Filter filter = Resampler.Filter.values()[i % 3];
            assertArrayEquals(
                    part(Golden.resize(image, width, height, filter), window),
                    Golden.resize(image, width, height, filter, window).rgb(),
                    () -> filter + " of " + image.width() + "x" + image.height() + " to " + width + "x" + height + ", "
                            + window);
        }
    }

    @Test
    void sameSizeChangesNothing() {
        RgbImage image = Golden.noise(5, 23, 31);
        for (Resampler.Filter filter : Resampler.Filter.values()) {
            assertArrayEquals(image.rgb(), Golden.resize(image, 23, 31, filter).rgb());
        }
    }

    @Test
    void oneColourStaysThatColour() {
        byte[] rgb = new byte[3 * 40 * 30];
        Arrays.fill(rgb, (byte) 201);
        for (Resampler.Filter filter : Resampler.Filter.values()) {
            for (byte value :
                    Golden.resize(new RgbImage(40, 30, rgb), 17, 90, filter).rgb()) {
                assertEquals((byte) 201, value);
            }
        }
    }

    @Test
    void extremeAspectRatioCostsOnlyItsWindow() {
        RgbImage image = new RgbImage(1, 65_535, new byte[3 * 65_535]);
        RgbImage cut = Golden.resize(
                image, 224, 224 * 65_535, Resampler.Filter.BICUBIC, new Resampler.Window(0, 7_000_000, 224, 224));
        assertEquals(3 * 224 * 224, cut.rgb().length);
    }

    @Test
    void windowOutsideIsRefused() {
        RgbImage image = Golden.noise(1, 4, 4);
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> Golden.resize(image, 8, 8, Resampler.Filter.BICUBIC, new Resampler.Window(1, 0, 8, 8)));
        assertThrows(IllegalArgumentException.class, () -> new Resampler.Window(-1, 0, 8, 8));
    }

    private static byte[] part(RgbImage image, Resampler.Window window) {
        byte[] part = new byte[3 * window.width() * window.height()];
        for (int y = 0; y < window.height(); y++) {
            int from = 3 * ((window.top() + y) * image.width() + window.left());
            System.arraycopy(image.rgb(), from, part, 3 * y * window.width(), 3 * window.width());
        }
        return part;
    }
}
