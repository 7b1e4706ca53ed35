// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.Headers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that an administrator chose: what is trusted of them, and what is not. */
class FetcherAccessTests {

    private final Loopback loopback = new Loopback();

    @TempDir
    private Path folder;

    @AfterEach
    void close() throws Exception {
        loopback.close();
    }

    /** Opens no network: only what is trusted may be on loopback. */
    private static FetchPolicy policy() {
        return new FetchPolicy(
                List.of("*"),
                List.of(),
                AddressPolicy.PUBLIC_ONLY,
                Loopback.AMPLE,
                5,
                1,
                Credentials.NONE,
                "plugins.clip.hub");
    }

    private String ask(String url, long from, Access access) throws FetchException {
        return ask(loopback.fetcher(), url, from, access);
    }

    private static String ask(Fetcher fetcher, String url, long from, Access access) throws FetchException {
        return fetcher.ask(
                url,
                from,
                policy(),
                access,
                end -> () -> {},
                answer -> answer.status() + " " + new String(answer.bytes(1000, null), StandardCharsets.US_ASCII));
    }

    private static Access access(String trusted, String proxy) {
        return new Access(trusted, "secret", proxy(proxy, null, null), Loopback.AMPLE);
    }

    /** @param at {@code host:port}, {@code null} = none */
    private static Access.Proxy proxy(String at, String username, String password) {
        if (at == null) {
            return null;
        }
        String[] parts = at.split(":");
        return new Access.Proxy(parts[0], Integer.parseInt(parts[1]), username, password);
    }

    private static String ok(String body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    @Test
    void trustedServerMayBePrivateAndGetsTheTokenAndTheRange() throws Exception {
        String url = loopback.raw(ok("hello"));
        assertEquals("200 hello", ask(url + "/file", 17, access(url + "/base", null)));
        String head = loopback.heads.remove();
        assertTrue(head.contains("\r\nAuthorization: Bearer secret\r\n"), head);
        assertTrue(head.contains("\r\nRange: bytes=17-\r\n"), head);
    }

    @Test
    void anotherPortOfTheTrustedHostIsAStranger() throws Exception {
        String trusted = loopback.raw(ok("hello"));
        String other = loopback.raw(ok("hello"));
        var e = assertThrows(FetchException.class, () -> ask(other, 0, access(trusted, null)));
        assertTrue(e.getMessage().contains("see plugins.clip.hub.allowed_networks"), e.getMessage());
        assertTrue(loopback.heads.isEmpty());
    }

    @Test
    void redirectLeavesTheTokenBehind() throws Exception {
        String storage = loopback.raw(ok("bytes"));
        String hub = loopback.raw("HTTP/1.1 302 Found\r\nLocation: " + storage + "/x\r\nContent-Length: 0\r\n\r\n");
        FetchPolicy open = new FetchPolicy(
                List.of("*"),
                List.of(),
                AddressPolicy.opening(List.of("127.0.0.0/8")),
                Loopback.AMPLE,
                5,
                1,
                Credentials.NONE,
                "plugins.clip.hub");
        String body = loopback.fetcher()
                .ask(
                        hub,
                        5,
                        open,
                        access(hub, null),
                        end -> () -> {},
                        a -> new String(a.bytes(1000, null), StandardCharsets.US_ASCII));
        assertEquals("bytes", body);
        assertTrue(loopback.heads.remove().contains("Authorization: Bearer secret"));
        String second = loopback.heads.remove();
        assertFalse(second.contains("Authorization"), second);
        assertTrue(second.contains("Range: bytes=5-"), second);
    }

    @Test
    void statusesAndHeadersReachTheReader() throws Exception {
        String url = loopback.raw("HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        String seen = loopback.fetcher()
                .ask(
                        url,
                        0,
                        policy(),
                        access(url, null),
                        end -> () -> {},
                        answer -> answer.status() + " "
                                + answer.header("retry-after").orElse("none") + " " + answer.header("Link"));
        assertEquals("429 7 Optional.empty", seen);
    }

    @Test
    void everythingGoesThroughTheProxyThatWasConfigured() throws Exception {
        String proxy = loopback.raw(ok("through"));
        String at = proxy.substring("http://".length());
        Access access = access("http://hub.example.org", at);
        assertEquals("200 through", ask("http://hub.example.org/api?x=1", 0, access));
        String head = loopback.heads.remove();
        assertTrue(head.startsWith("GET http://hub.example.org/api?x=1 HTTP/1.1\r\n"), head);
        assertTrue(head.contains("Authorization: Bearer secret"), head);

        String tunnel = loopback.raw("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        Access https = access("https://hub.example.org", tunnel.substring(7));
        assertEquals("403 ", ask("https://hub.example.org/api", 0, https));
        head = loopback.heads.remove();
        assertTrue(head.startsWith("CONNECT hub.example.org:443 HTTP/1.1\r\n"), head);
        assertFalse(head.contains("secret"), head);
    }

    @Test
    void proxyIsToldWhoAsksAtOnceAndNoServerIs() throws Exception {
        String basic = "Basic " + Base64.getEncoder().encodeToString("me:pä ss:w".getBytes(StandardCharsets.UTF_8));
        String plain = loopback.raw(ok("through"));
        Access http = new Access(
                "http://hub.example.org", "secret", proxy(plain.substring(7), "me", "pä ss:w"), Loopback.AMPLE);
        assertEquals("200 through", ask("http://hub.example.org/api", 0, http));
        String head = loopback.heads.remove();
        assertTrue(head.contains("\r\nProxy-Authorization: " + basic + "\r\n"), head);
        assertTrue(head.contains("\r\nAuthorization: Bearer secret\r\n"), head);

        Queue<Headers> seen = new ConcurrentLinkedQueue<>();
        SSLContext tls = SelfSigned.context(folder, "hub.example.org");
        int port = loopback.https(tls, exchange -> {
            seen.add(exchange.getRequestHeaders());
            Loopback.answer(exchange, 200, "tunnelled".getBytes(StandardCharsets.US_ASCII));
        });
        String hub = "https://hub.example.org:" + port;
        String tunnel = loopback.tunnel(basic);
        Access https = new Access(hub, "secret", proxy(tunnel, "me", "pä ss:w"), Loopback.AMPLE);
        assertEquals("200 tunnelled", ask(loopback.trusting(tls), hub + "/api", 0, https));
        head = loopback.heads.remove();
        assertTrue(head.startsWith("CONNECT hub.example.org:" + port + " HTTP/1.1\r\n"), head);
        assertFalse(head.contains("secret"), head);
        assertEquals("Bearer secret", seen.element().getFirst("Authorization"));
        assertNull(seen.element().getFirst("Proxy-Authorization"));

        Access wrong = new Access(hub, "secret", proxy(tunnel, "me", "guess"), Loopback.AMPLE);
        assertEquals("407 ", ask(loopback.trusting(tls), hub + "/api", 0, wrong));
        Access nobody = new Access(hub, "secret", proxy(tunnel, null, null), Loopback.AMPLE);
        assertEquals("407 ", ask(loopback.trusting(tls), hub + "/api", 0, nobody));
        assertEquals(1, seen.size());
    }

    @Test
    void redirectThroughAProxyTellsTheNextServerNothing() throws Exception {
        String proxy = loopback.raw((in, out) -> {
            String answer = loopback.heads.size() == 1
                    ? "HTTP/1.1 302 Found\r\nLocation: http://storage.example.org/x\r\nContent-Length: 0\r\n\r\n"
                    : ok("bytes");
            out.write(answer.getBytes(StandardCharsets.US_ASCII));
        });
        Access access =
                new Access("http://hub.example.org", "secret", proxy(proxy.substring(7), "me", "word"), Loopback.AMPLE);
        assertEquals("200 bytes", ask("http://hub.example.org/api", 0, access));
        loopback.heads.remove();
        String second = loopback.heads.remove();
        assertTrue(second.startsWith("GET http://storage.example.org/x "), second);
        assertTrue(second.contains("\r\nProxy-Authorization: Basic "), second);
        assertFalse(second.contains("\r\nAuthorization: "), second);
    }

    @Test
    void proxyIsNotAskedForPrivateAddresses() throws Exception {
        String proxy = loopback.raw(ok("through"));
        Access access = access(null, proxy.substring("http://".length()));
        assertThrows(FetchException.class, () -> ask("http://169.254.169.254/latest", 0, access));
        assertThrows(FetchException.class, () -> ask("http://[::1]/", 0, access));
        assertTrue(loopback.heads.isEmpty());
    }

    @Test
    void tooSlowIsStalled() throws Exception {
        String url = loopback.raw((in, out) -> {
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 100_000; i++) {
                out.write('x');
                out.flush();
                in.available();
                java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
            }
        });
        Access access = new Access(url, null, null, Duration.ofMillis(300));
        var e = assertThrows(
                FetchException.class,
                () -> loopback.fetcher()
                        .ask(
                                url,
                                0,
                                policy(),
                                access,
                                end -> () -> {},
                                answer -> answer.body().readAllBytes()));
        assertEquals(FetchException.Kind.TIMEOUT, e.kind(), e.getMessage());
        assertTrue(e.getMessage().contains("see plugins.clip.hub.stall_timeout"), e.getMessage());
    }

    @Test
    void doesNotShowItsSecrets() {
        Access access = new Access("http://hub", "secret", proxy("proxy:80", "me", "secret"), Loopback.AMPLE);
        assertFalse(access.toString().contains("secret"));
    }
}
