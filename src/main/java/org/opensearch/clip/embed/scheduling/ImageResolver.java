// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.engine.InputException.Kind;
import org.opensearch.clip.core.image.ImageDecoder;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * The string that a user calls a picture to the bytes of its file: an http(s) URL, a data URI, or base64 in the standard or the
 * URL-safe alphabet, with or without padding; line breaks, which tools put into base64, are skipped. Limits are read at each
 * call. Safe for use by many threads.
 */
final class ImageResolver {

    private final ClipSettings settings;
    private final Fetcher fetcher;

    ImageResolver(ClipSettings settings, Fetcher fetcher) {
        this.settings = settings;
        this.fetcher = fetcher;
    }

    /**
     * Blocks until the picture is there or a limit is reached.
     *
     * @param atMost shortens the deadline of the settings
     */
    byte[] fetch(String url, Duration atMost) throws FetchException {
        ClipSettings.Image image = settings.image();
        if (!image.urlEnabled()) {
            throw new FetchException(
                    FetchException.Kind.REFUSED,
                    "pictures are not fetched by URL on this cluster (plugins.clip.image.url.enabled)");
        }
        return fetcher.get(url, image.fetch(), atMost);
    }

    /**
     * @param image a data URI or base64
     * @throws InputException when it is neither, or larger than {@code plugins.clip.image.max_bytes}
     */
    byte[] decode(String image) {
        long maxBytes = settings.image().maxBytes();
        int start = payloadStart(image);
        // 4 characters for 3 bytes, and 2 more for a line break after each 60
        if ((image.length() - start) > maxBytes / 3 * 4 + maxBytes / 22 + 8) {
            throw tooLarge(maxBytes);
        }
        byte[] bytes = base64(image, start);
        if (bytes.length > maxBytes) {
            throw tooLarge(maxBytes);
        }
        return bytes;
    }

    /**
     * Reads the header only.
     *
     * @return bytes of heap that decoding will need
     * @throws InputException when the picture has more than {@code plugins.clip.image.max_pixels}
     * @throws org.opensearch.clip.core.image.ImageException when this is no picture of a format that we read
     */
    long memory(byte[] bytes) {
        long max = settings.image().maxPixels();
        ImageDecoder.Header header = ImageDecoder.header(bytes);
        if (header.pixels() > max) {
            throw new InputException(
                    Kind.IMAGE_TOO_LARGE,
                    "picture has [" + header.width() + "x" + header.height() + "] pixels, more than [" + max
                            + "] (plugins.clip.image.max_pixels)");
        }
        return header.decodeBytes() + 2L * bytes.length;
    }

    private static int payloadStart(String image) {
        if (!image.regionMatches(true, 0, "data:", 0, 5)) {
            return 0;
        }
        int comma = image.indexOf(',');
        if (comma < 0) {
            throw new InputException(Kind.INVALID_IMAGE, "data URI has no [,] between its media type and its data");
        }
        if (comma < 12 || !image.regionMatches(true, comma - 7, ";base64", 0, 7)) {
            throw new InputException(Kind.INVALID_IMAGE, "data URI must be base64: [data:image/png;base64,...]");
        }
        return comma + 1;
    }

    private static byte[] base64(String image, int start) {
        int length = 0;
        boolean urlSafe = false;
        byte[] compact = new byte[image.length() - start];
        for (int i = start; i < image.length(); i++) {
            char c = image.charAt(i);
            if (c == '\r' || c == '\n') {
                continue;
            }
            urlSafe |= c == '-' || c == '_';
            compact[length++] = c < 0x80 ? (byte) c : 0;
        }
        if (length == 0) {
            throw new InputException(Kind.INVALID_IMAGE, "picture is empty");
        }
        Base64.Decoder decoder = urlSafe ? Base64.getUrlDecoder() : Base64.getDecoder();
        try {
            return decoder.decode(length == compact.length ? compact : Arrays.copyOf(compact, length));
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    Kind.INVALID_IMAGE,
                    "picture must be an http(s) URL, a data URI or base64, got [" + beginning(image) + "]",
                    e);
        }
    }

    private static String beginning(String image) {
        String printable = image.substring(0, Math.min(image.length(), 32)).replaceAll("[^\\x20-\\x7e]", "?");
        return String.format(Locale.ROOT, image.length() > 32 ? "%s.." : "%s", printable);
    }

    private static InputException tooLarge(long maxBytes) {
        return new InputException(
                Kind.IMAGE_TOO_LARGE,
                "picture is larger than [" + new ByteSizeValue(maxBytes) + "] (plugins.clip.image.max_bytes)");
    }
}
