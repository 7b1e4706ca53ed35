// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTests {

    @ParameterizedTest
    @CsvSource({
        "http://example.org, example.org, -1",
        "http://example.org/, example.org, -1",
        "https://example.org/a/b.jpg?x=1&y=%20#frag, example.org, -1",
        "HTTP://EXAMPLE.org/A, example.org, -1",
        "hTTps://a-b.c1.example/, a-b.c1.example, -1",
        "http://example.org:8080/x, example.org, 8080",
        "http://example.org:65535/, example.org, 65535",
        "http://xn--bcher-kva.example/, xn--bcher-kva.example, -1",
        "http://93.184.216.34/, 93.184.216.34, -1",
        "http://[2606:4700::1111]/, [2606:4700::1111], -1",
        "http://[::ffff:8.8.8.8]:81/, [::ffff:8.8.8.8], 81",
        "http://localhost/, localhost, -1",
        "http://example.org//double, example.org, -1",
        "http://example.org?q, example.org, -1",
        "http://example.org/@evil.example/, example.org, -1",
        "http://example.org/%5C@evil.example, example.org, -1"
    })
    void takesApart(String url, String host, int port) throws FetchException {
        Target target = Target.of(url, policy("*"));
        assertEquals(host, target.host());
        assertEquals(port, target.uri().getPort());
        assertEquals(url.toLowerCase(Locale.ROOT).startsWith("https"), target.isTls());
        assertEquals(null, target.uri().getFragment());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "example.org",
                "//example.org/",
                "/a.jpg",
                "http:",
                "http:/",
                "http://",
                "http:///a",
                "http:example.org",
                "http:/example.org/",
                "http://?q",
                "file:///etc/passwd",
                "file://example.org/a",
                "jar:http://example.org/a.jar!/b",
                "ftp://example.org/",
                "gopher://example.org/",
                "data:image/png;base64,AAAA",
                "javascript:alert(1)",
                "jrt:/java.base",
                "mailto:a@example.org",
                "netdoc:///etc/passwd",
                "ldap://example.org/",
                "unix:///var/run/docker.sock",
                "httpx://example.org/",
                "ht tp://example.org/",
                " http://example.org/",
                "http://example.org/ ",
                "http://example.org/a b",
                "http://example.org/a\tb",
                "http://example.org/a\r\nHost: evil.example",
                "http://example.org/\u0000",
                "http://example.org/\u007f",
                "http://ex\u00e4mple.org/",
                "http://example.org/\u00e4.jpg",
                "http://\u2460\u2461\u2466.0.0.1/",
                "http://127\u30020\u30020\u30021/",
                "http://user@example.org/",
                "http://user:pw@example.org/",
                "http://@example.org/",
                "http://:@example.org/",
                "http://example.org@evil.example/",
                "http://a@b@c/",
                "http://example.org\\@evil.example/",
                "http://evil.example\\.example.org/",
                "http:\\\\example.org\\a",
                "http://example.org:0/",
                "http://example.org:65536/",
                "http://example.org:-1/",
                "http://example.org:/",
                "http://example.org:80:80/",
                "http://example.org:http/",
                "http://example.org:99999999999/",
                "http://example.org./",
                "http://127.0.0.1./",
                "http://.example.org/",
                "http://example..org/",
                "http://-example.org/",
                "http://a_b.example.org/",
                "http://exa%6dple.org/",
                "http://%31%32%37.0.0.1/",
                "http://example.org%00.evil.example/",
                "http://example.org%2f@evil.example/",
                "http://127.1/",
                "http://127.0.1/",
                "http://2130706433/",
                "http://0x7f000001/",
                "http://0x7f.0.0.1/",
                "http://0177.0.0.1/",
                "http://017700000001/",
                "http://127.0.0.01/",
                "http://127.0.0.0x1/",
                "http://256.0.0.1/",
                "http://1.2.3.4.5/",
                "http://[::1/",
                "http://::1/",
                "http://[::1]x/",
                "http://[fe80::1%25lo]/",
                "http://[fe80::1%lo]/",
                "http://[127.0.0.1]/",
                "http://[example.org]/",
                "http://[v1.x]/",
                "http://[]/",
                "http://example.org/%zz",
                "http://example.org/<script>",
                "http://*/",
                "http://example.org,evil.example/",
                "http://example.org;evil.example/"
            })
    void refusesWhatIsOddBeforeAnythingIsResolved(String url) {
        var e = assertThrows(FetchException.class, () -> Target.of(url, policy("*")));
        assertEquals(FetchException.Kind.REFUSED, e.kind());
        assertTrue(e.getMessage().startsWith("URL is not fetched: it"), e.getMessage());
        assertFalse(e.getMessage().contains("passwd") || e.getMessage().contains("pw"), e.getMessage());
    }

    @Test
    void refusesAnEndlessUrl() {
        String url = "http://example.org/" + "a".repeat(1 << 20);
        var e = assertThrows(FetchException.class, () -> Target.of(url, policy("*")));
        assertTrue(e.getMessage().length() < 200, e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "http://example.org/a/b?c, d, http://example.org/a/d",
        "http://example.org/a/b?c, /d, http://example.org/d",
        "http://example.org/a/b?c, ?d, http://example.org/a/b?d",
        "http://example.org/a/b?c, ../../../d, http://example.org/../../d",
        "http://example.org/a/b, //img.example.org/d, http://img.example.org/d",
        "http://example.org/a/b, https://img.example.org, https://img.example.org",
        "http://example.org/a/b, d#frag, http://example.org/a/d",
        "https://example.org/a/b, d, https://example.org/a/d",
        "https://example.org:8443/a, d, https://example.org:8443/d",
        "http://example.org, d, http://example.org/d"
    })
    void followsARedirect(String from, String location, String to) throws FetchException {
        Target next = Target.of(from, policy("*.example.org", "example.org"))
                .redirect(location, policy("*.example.org", "example.org"));
        assertEquals(to, next.uri().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://example.org/x",
                "HTTP://example.org/x",
                "file:///etc/passwd",
                "jar:file:///x!/y",
                "gopher://example.org/",
                "https://user@example.org/",
                "https://secret.internal/",
                "//secret.internal/",
                "https://example.org\\@secret.internal/",
                "https://example.org/a b",
                "https:example.org",
                "\\\\secret.internal\\x"
            })
    void refusesARedirectWithoutTellingWhereItLeads(String location) throws FetchException {
        Target from = Target.of("https://example.org/", policy("example.org"));
        var e = assertThrows(FetchException.class, () -> from.redirect(location, policy("example.org")));
        assertEquals(FetchException.Kind.REFUSED, e.kind());
        assertTrue(e.getMessage().startsWith("[example.org] redirects"), e.getMessage());
        assertFalse(e.getMessage().contains("secret") || e.getMessage().contains("passwd"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "example.org, , example.org, true",
        "EXAMPLE.org, , Example.ORG, true",
        "example.org, , sub.example.org, false",
        "example.org, , example.org.evil.test, false",
        "*.example.org, , sub.example.org, true",
        "*.example.org, , a.b.example.org, true",
        "*.example.org, , example.org, false",
        "*.example.org, , evilexample.org, false",
        "*, example.org, example.org, false",
        "*, example.org, EXAMPLE.org, false",
        "*, *.example.org, a.example.org, false",
        "*, *.example.org, example.org, true",
        "*, 93.184.216.34, 93.184.216.34, false",
        "*, [2606:4700::1111], [2606:4700::1111], false",
        "*, *, example.org, false",
        ", , example.org, false"
    })
    void obeysTheListsOfHosts(String allowed, String denied, String host, boolean passes) throws FetchException {
        FetchPolicy policy = new FetchPolicy(
                allowed == null ? List.of() : List.of(allowed),
                denied == null ? List.of() : List.of(denied),
                AddressPolicy.PUBLIC_ONLY,
                Duration.ofSeconds(1),
                3,
                1);
        if (passes) {
            assertEquals(host, Target.of("http://" + host + "/", policy).uri().getHost());
        } else {
            var e = assertThrows(FetchException.class, () -> Target.of("http://" + host + "/", policy));
            assertTrue(e.getMessage().contains("plugins.clip.image.url.allowed_hosts"), e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".*",
                "**",
                "*.",
                "*.*",
                "*example.org",
                "example.*",
                ".example.org",
                "example.org.",
                "a b",
                "a,b",
                "a/b",
                "a:80",
                "http://a",
                "^a$",
                "(a+)+$",
                "[a-z]",
                "ä.example",
                "%61"
            })
    void refusesAPatternThatIsNone(String pattern) {
        var e = assertThrows(IllegalArgumentException.class, () -> FetchPolicy.hostPattern(pattern));
        assertTrue(e.getMessage().contains("[" + pattern + "]"), e.getMessage());
    }

    private static FetchPolicy policy(String... hosts) {
        return new FetchPolicy(List.of(hosts), List.of(), AddressPolicy.PUBLIC_ONLY, Duration.ofSeconds(1), 3, 1);
    }
}
