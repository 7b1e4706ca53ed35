// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.net.Credentials.Credential;

class CredentialsTests {

    private static final AddressPolicy OPEN = AddressPolicy.opening(List.of("0.0.0.0/0", "10.0.0.0/8", "64:ff9b::/96"));

    private static Credential credential(String name, String header, String... hosts) {
        return new Credential(name, List.of(hosts), header, "secret of " + name);
    }

    private static Map<String, String> headers(Credentials credentials, String url, String... addresses)
            throws Exception {
        InetAddress[] all = new InetAddress[addresses.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = InetAddress.getByName(addresses[i]);
        }
        return credentials.headers(Target.of(url, FetchPolicy.ANY_HOST), all, OPEN);
    }

    @ParameterizedTest
    @CsvSource({
        "img.example.org, https://img.example.org/, true",
        "IMG.example.org, https://img.EXAMPLE.org/, true",
        "img.example.org, https://a.img.example.org/, false",
        "img.example.org, https://img.example.org.evil.test/, false",
        "*.example.org, https://img.example.org/, true",
        "*.example.org, https://a.b.example.org/, true",
        "*.example.org, https://example.org/, false",
        "*.example.org, https://evilexample.org/, false",
        "xn--bcher-kva.example, https://xn--bcher-kva.example/, true",
        "xn--bcher-kva.example, https://xn--bcher-kvb.example/, false",
        "img.example.org, https://img.example.org:443/, true",
        "img.example.org, https://img.example.org:8443/, false",
        "img.example.org:8443, https://img.example.org:8443/, true",
        "img.example.org:8443, https://img.example.org/, false",
        "*.example.org:8443, https://img.example.org:8443/, true",
        "*.example.org:8443, https://img.example.org:8444/, false",
        "192.0.2.1, https://192.0.2.1/, true",
        "[2001:db8::1], https://[2001:DB8::1]/, true",
        "[2001:db8::1]:8443, https://[2001:db8::1]:8443/, true",
        "[2001:db8::1], https://[2001:db8::2]/, false",
    })
    void isForItsHostsAndNoOthers(String pattern, String url, boolean sent) throws Exception {
        Credentials credentials = Credentials.of(List.of(credential("a", "Authorization", pattern)));
        assertEquals(
                sent ? Map.of("Authorization", "secret of a") : Map.of(), headers(credentials, url, "93.184.216.34"));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, true",
        "10.0.0.1 10.0.0.2, true",
        "10.0.0.1 93.184.216.34, false",
        "93.184.216.34, false",
        "192.168.0.1, true",
        "::ffff:10.0.0.1, true",
        "64:ff9b::10.0.0.1, true",
        "64:ff9b::93.184.216.34, false",
        "2606:2800:220:1::1, false",
        "fd00::1, false",
    })
    void isSentInTheClearOnlyInsideANetworkThatWasOpened(String addresses, boolean sent) throws Exception {
        Credentials credentials = Credentials.of(List.of(credential("a", "Authorization", "img.example.org")));
        assertEquals(
                sent ? 1 : 0,
                headers(credentials, "http://img.example.org/", addresses.split(" "))
                        .size());
        assertEquals(
                1,
                headers(credentials, "https://img.example.org/", addresses.split(" "))
                        .size());
        assertEquals(0, headers(credentials, "http://img.example.org/").size(), "an address that nobody knows");
    }

    @Test
    void mostSpecificOfAHeaderWins() throws Exception {
        Credentials credentials = Credentials.of(List.of(
                credential("short", "Authorization", "*.org"),
                credential("long", "authorization", "*.example.org"),
                credential("exact", "AUTHORIZATION", "img.example.org"),
                credential("port", "Authorization", "img.example.org:443", "*.example.org:443"),
                credential("key", "X-Key", "*.example.org")));
        assertEquals(
                Map.of("Authorization", "secret of port", "X-Key", "secret of key"),
                headers(credentials, "https://img.example.org/", "93.184.216.34"));
        assertEquals(
                Map.of("Authorization", "secret of exact", "X-Key", "secret of key"),
                headers(credentials, "http://img.example.org/", "10.0.0.1"));
        assertEquals(
                Map.of("authorization", "secret of long", "X-Key", "secret of key"),
                headers(credentials, "http://a.example.org/", "10.0.0.1"));
        assertEquals(
                Map.of("Authorization", "secret of short"),
                headers(credentials, "https://a.example2.org/", "93.184.216.34"));
    }

    @Test
    void twoForTheSameHostsAreRefused() {
        for (String pattern : List.of("img.example.org", "*.example.org", "img.example.org:8443", "[::1]")) {
            var e = assertThrows(
                    IllegalArgumentException.class,
                    () -> Credentials.of(List.of(
                            credential("one", "Authorization", "a.example", pattern),
                            credential("two", "authorization", pattern.toUpperCase(java.util.Locale.ROOT)))));
            assertTrue(e.getMessage().contains("[one] and [two] are both for"), e.getMessage());
            assertFalse(e.getMessage().contains("secret"), e.getMessage());
        }
        Credentials.of(List.of(
                credential("one", "Authorization", "img.example.org", "IMG.example.org"),
                credential("two", "X-Key", "img.example.org"),
                credential("three", "Authorization", "img.example.org:8443")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "*:443",
                "",
                ":443",
                "a:",
                "a:0",
                "a:65536",
                "a:b",
                "a:1:2",
                "::1",
                "http://a",
                "a/b",
                "*a.b",
                "me@a",
                "a.",
                "bücher.example"
            })
    void refusesAPatternThatIsNone(String pattern) {
        assertThrows(IllegalArgumentException.class, () -> Credentials.hostPattern(pattern));
        assertThrows(
                IllegalArgumentException.class,
                () -> Credentials.of(List.of(credential("a", "Authorization", pattern))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a:",
                "a\r\nb",
                "ä",
                "Host",
                "content-length",
                "Transfer-Encoding",
                "CONNECTION",
                "Proxy-Authorization",
                "Accept-Encoding",
                "Range"
            })
    void refusesAHeaderThatIsNotForSecrets(String name) {
        var e = assertThrows(IllegalArgumentException.class, () -> Credentials.headerName(name));
        assertTrue(e.getMessage().startsWith("[" + name + "] is "), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Authorization", "Cookie", "X-Api-Key", "CF-Access-Client-Id", "Referer"})
    void takesTheHeadersThatServersAskFor(String name) {
        assertEquals(name, Credentials.headerName(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " s3cret", "s3cret ", "s3cret\r\nHost: evil", "s3cret\u0000", "s3cret\n", "s3crét"})
    void refusesAValueThatIsNoneWithoutShowingIt(String value) {
        var e = assertThrows(IllegalArgumentException.class, () -> Credentials.headerValue(value));
        assertFalse(e.getMessage().contains("s3cr"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Credentials.headerValue("a".repeat(8193)));
        assertEquals(8192, Credentials.headerValue("a".repeat(8192)).length());
    }

    @Test
    void showsNoValue() {
        Credential credential = credential("a", "Authorization", "img.example.org");
        FetchPolicy policy = Loopback.policy().with(Credentials.of(List.of(credential)));
        assertFalse((credential + " " + policy).contains("secret"));
    }
}
