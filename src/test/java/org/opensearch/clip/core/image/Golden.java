// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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
