// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.time.Duration;
import java.util.Base64;
import java.util.Set;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.test.OpenSearchTestCase;

public class ImageResolverTests extends OpenSearchTestCase {

    private static ImageResolver resolver(Settings settings) {
        Set<Setting<?>> ofNode =
                ClipSettings.all().stream().filter(Setting::hasNodeScope).collect(Collectors.toSet());
        return new ImageResolver(new ClipSettings(settings, new ClusterSettings(settings, ofNode)), null);
    }

    private final ImageResolver images = resolver(Settings.EMPTY);
    private final byte[] bytes = randomByteArrayOfLength(randomIntBetween(1, 1000));

    private void refuses(InputException.Kind kind, String reason, String image) {
        InputException e = expectThrows(InputException.class, () -> images.decode(image));
        assertEquals(kind, e.kind());
        assertTrue(e.getMessage(), e.getMessage().contains(reason));
    }

    public void testReadsBase64OfBothAlphabetsWithAndWithoutPadding() {
        assertArrayEquals(bytes, images.decode(Base64.getEncoder().encodeToString(bytes)));
        assertArrayEquals(
                bytes, images.decode(Base64.getEncoder().withoutPadding().encodeToString(bytes)));
        assertArrayEquals(bytes, images.decode(Base64.getUrlEncoder().encodeToString(bytes)));
        assertArrayEquals(
                bytes, images.decode(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes)));
    }

    public void testSkipsLineBreaks() {
        assertArrayEquals(bytes, images.decode(Base64.getMimeEncoder().encodeToString(bytes)));
        assertArrayEquals(
                bytes,
                images.decode(Base64.getMimeEncoder(60, new byte[] {'\n'}).encodeToString(bytes) + "\n"));
    }

    public void testReadsDataUrisOfAnyMediaType() {
        String base64 = Base64.getEncoder().encodeToString(bytes);
        for (String head : new String[] {
            "data:image/png;base64,",
            "DATA:;BASE64,",
            "data:text/html;charset=utf-8;base64,",
            "data:image/svg+xml;base64,"
        }) {
            assertArrayEquals(head, bytes, images.decode(head + base64));
        }
    }

    public void testRefusesWhatIsNoPicture() {
        refuses(InputException.Kind.INVALID_IMAGE, "picture is empty", "");
        refuses(InputException.Kind.INVALID_IMAGE, "picture is empty", "data:image/png;base64,");
        refuses(InputException.Kind.INVALID_IMAGE, "must be base64", "data:image/svg+xml,<svg/>");
        refuses(InputException.Kind.INVALID_IMAGE, "no [,]", "data:image/png;base64");
        for (String other : new String[] {
            "file:///etc/passwd", "ftp://a/b.png", "cat.png", "a b c d", "YQ=\u0000=", "YQ==YQ==", "+-+-", "Y", "YWé="
        }) {
            refuses(InputException.Kind.INVALID_IMAGE, "must be an http(s) URL, a data URI or base64", other);
        }
    }

    public void testShowsOnlyTheBeginningOfWhatItRefuses() {
        InputException e = expectThrows(InputException.class, () -> images.decode("<" + "\u0007x".repeat(5000)));
        assertTrue(e.getMessage(), e.getMessage().endsWith("got [<?x?x?x?x?x?x?x?x?x?x?x?x?x?x?x?..]"));
    }

    public void testRefusesMoreBytesThanAllowedBeforeDecoding() {
        ImageResolver small = resolver(
                Settings.builder().put("plugins.clip.image.max_bytes", "1kb").build());
        byte[] fits = randomByteArrayOfLength(1024);
        assertArrayEquals(fits, small.decode(Base64.getEncoder().encodeToString(fits)));
        assertArrayEquals(
                fits,
                small.decode(Base64.getMimeEncoder(60, new byte[] {'\r', '\n'}).encodeToString(fits)));
        String over = Base64.getEncoder().encodeToString(randomByteArrayOfLength(1025));
        InputException e = expectThrows(InputException.class, () -> small.decode(over));
        assertEquals(InputException.Kind.IMAGE_TOO_LARGE, e.kind());
        assertEquals("picture is larger than [1kb] (plugins.clip.image.max_bytes)", e.getMessage());
        // no base64 at all, so it was refused by its length
        e = expectThrows(InputException.class, () -> small.decode("?".repeat(100_000)));
        assertEquals(InputException.Kind.IMAGE_TOO_LARGE, e.kind());
    }

    public void testFetchesNothingWhenSwitchedOff() {
        ImageResolver off = resolver(
                Settings.builder().put("plugins.clip.image.url.enabled", false).build());
        FetchException e = expectThrows(FetchException.class, () -> off.fetch("http://a", Duration.ofSeconds(1)));
        assertEquals(FetchException.Kind.REFUSED, e.kind());
        assertTrue(e.getMessage(), e.getMessage().contains("plugins.clip.image.url.enabled"));
    }
}
