// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;

/** The files and expectations that {@code src/test/resources/image/make.py} made with Pillow. */
final class Golden {

    private Golden() {}

    /** The lines of a table, cut at blanks. */
    static Stream<String[]> rows(String table) {
        return new String(resource(table), StandardCharsets.UTF_8).lines().map(line -> line.split(" "));
    }

    static byte[] file(String name) {
        return resource("files/" + name);
    }

    /** make.py's noise(): xorshift32, its upper byte. */
    static RgbImage noise(int seed, int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        int state = seed;
        for (int i = 0; i < rgb.length; i++) {
            state ^= state << 13;
            state ^= state >>> 17;
            state ^= state << 5;
            rgb[i] = (byte) (state >>> 24);
        }
        return new RgbImage(width, height, rgb);
    }

    /** By the JDK's readers. */
    static RgbImage decode(byte[] file) {
        return new ImageDecoder(Optional.empty()).decode(file);
    }

    /** A tower that sees {@code width x height} bytes as 0..1. */
    static ImageSpec plain(int width, int height) {
        return new ImageSpec(
                width,
                height,
                ImageSpec.Resize.SHORTEST,
                Resampler.Filter.BICUBIC,
                1 / 255.0,
                new double[3],
                new double[] {1, 1, 1},
                0);
    }

    /** As the tower reads it. */
    static float[] pixels(RgbImage image, ImageSpec spec) {
        Planes planes = new Planes(spec, image.width(), image.height());
        try (Resampler resampler = planes.resampler(new Scratch(), Orientation.UPRIGHT)) {
            image.rows(resampler);
        }
        FloatBuffer pixels = FloatBuffer.allocate(spec.floats());
        planes.put(pixels);
        return pixels.array();
    }

    static RgbImage resize(RgbImage image, int width, int height, Resampler.Filter filter) {
        return resize(image, width, height, filter, new Resampler.Window(0, 0, width, height));
    }

    static RgbImage resize(RgbImage image, int width, int height, Resampler.Filter filter, Resampler.Window window) {
        byte[] rgb = new byte[3 * window.width() * window.height()];
        try (Resampler resampler = new Resampler(
                new Scratch(), filter, width, height, window, Orientation.UPRIGHT, RgbImage.target(rgb))) {
            image.rows(resampler);
        }
        return new RgbImage(window.width(), window.height(), rgb);
    }

    static Resampler.Filter filter(int code) {
        return Stream.of(Resampler.Filter.values())
                .filter(filter -> filter.code() == code)
                .findFirst()
                .orElseThrow();
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] resource(String name) {
        try (InputStream in = Golden.class.getResourceAsStream("/image/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
