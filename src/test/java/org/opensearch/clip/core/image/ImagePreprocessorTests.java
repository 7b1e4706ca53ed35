// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImagePreprocessorTests {

    private static final double[] MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] STD = {0.26862954, 0.26130258, 0.27577711};

    static Stream<String[]> prepared() {
        return Golden.rows("prepared.txt");
    }

    @ParameterizedTest(name = "seed {0}: {1}x{2}, {3} to {4}x{5}, filter {6}, {7}, fill {8}")
    @MethodSource("prepared")
    void floatsAreBitIdenticalToTransformers(
            int seed,
            int width,
            int height,
            String mode,
            int toWidth,
            int toHeight,
            int code,
            String scale,
            int fill,
            String sha256) {
        boolean normalised = scale.equals("normalised");
        ImageSpec spec = new ImageSpec(
                toWidth,
                toHeight,
                ImageSpec.Resize.valueOf(mode.toUpperCase(Locale.ROOT)),
                Golden.filter(code),
                1 / 255.0,
                normalised ? MEAN : new double[3],
                normalised ? STD : new double[] {1, 1, 1},
                fill);
        float[] pixels = Golden.pixels(Golden.noise(seed, width, height), spec);
        assertEquals(spec.floats(), pixels.length);
        assertEquals(sha256, sha256(pixels));
    }

    static Stream<String[]> cropped() {
        return Golden.rows("cropped.txt");
    }

    @ParameterizedTest(name = "seed {0}: {1}x{2}, {3} to {5}, centre of {4}, {6}")
    @MethodSource("cropped")
    void theCentreIsCutAsTransformersAndTorchvisionDo(
            int seed, int width, int height, String mode, int target, int edge, String offset, String sha256) {
        ImageSpec spec = new ImageSpec(
                target,
                target,
                ImageSpec.Resize.valueOf(mode.toUpperCase(Locale.ROOT)),
                edge,
                edge,
                ImageSpec.Offset.valueOf(offset.toUpperCase(Locale.ROOT)),
                Resampler.Filter.BICUBIC,
                1,
                new double[3],
                new double[] {1, 1, 1},
                0);
        assertEquals(sha256, sha256(Golden.pixels(Golden.noise(seed, width, height), spec)));
    }

    private static String sha256(float[] pixels) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * pixels.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(pixels);
        return Golden.sha256(bytes.array());
    }

    @Test
    void targetThatIsNotSquareIsCovered() {
        ImageSpec spec = plain(40, 20, ImageSpec.Resize.SHORTEST);
        for (float value : Golden.pixels(white(33, 90), spec)) {
            assertEquals(1f, value);
        }
    }

    @Test
    void aPictureAsNarrowAsALineIsPrepared() {
        for (ImageSpec.Resize resize : ImageSpec.Resize.values()) {
            ImageSpec spec = plain(64, 64, resize);
            assertEquals(3 * 64 * 64, Golden.pixels(white(65_535, 1), spec).length);
            assertEquals(3 * 64 * 64, Golden.pixels(white(1, 65_535), spec).length);
        }
    }

    @Test
    void fillIsAByte() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new ImageSpec(
                        8, 8, ImageSpec.Resize.LONGEST, Resampler.Filter.BICUBIC, 1, new double[3], STD, 256));
    }

    private static ImageSpec plain(int width, int height, ImageSpec.Resize resize) {
        return new ImageSpec(
                width, height, resize, Resampler.Filter.BICUBIC, 1 / 255.0, new double[3], new double[] {1, 1, 1}, 0);
    }

    private static RgbImage white(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 255);
        return new RgbImage(width, height, rgb);
    }
}
