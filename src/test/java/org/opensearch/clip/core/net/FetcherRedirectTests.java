// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.net.FetchException.Kind;

class FetcherRedirectTests {

    private final Loopback loopback = new Loopback();
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void stop() throws Exception {
        loopback.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void followsEachStatusByAPlainGet(int status) throws Exception {
        String url = redirecting(status, "/end?x=1");
        assertEquals("ok", get(url + "/start", 3));
        assertEquals(List.of("GET /start", "GET /end?x=1"), asked);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "end",
                "./end",
                "../a/end",
                "?end",
                "#end",
                "/a/end#f",
                "//{authority}/end",
                "http://{authority}/end",
                ""
            })
    void followsEachFormOfLocation(String location) throws Exception {
        String url = redirecting(302, location);
        if (location.isEmpty() || location.startsWith("#")) {
            assertEquals(Kind.REFUSED, fails(url + "/a/b", 3).kind(), "a loop");
        } else {
            assertEquals("ok", get(url + "/a/b", 3));
        }
    }

    @Test
    void carriesNothingToTheNextHop() throws Exception {
        String url = loopback.raw((in, out) -> {
            String answer = loopback.heads.size() == 1
                    ? "HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nWWW-Authenticate: Basic realm=\"x\"\r\nLocation: /b\r\nContent-Length: 3\r\n\r\nabc"
                    : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            out.write(answer.getBytes(StandardCharsets.US_ASCII));
        });
        assertEquals("ok", get(url + "/a", 1));
        List<String> heads = List.copyOf(loopback.heads);
        assertEquals(heads.get(0).replace("GET /a ", "GET /b "), heads.get(1));
        for (String forbidden : List.of("cookie", "authorization", "referer", "origin")) {
            assertFalse(heads.get(1).toLowerCase(Locale.ROOT).contains(forbidden), heads.get(1));
        }
    }

    @Test
    void followsExactlyAsOftenAsAllowed() throws Exception {
        for (int allowed = 0; allowed <= 4; allowed++) {
            for (int needed = 0; needed <= 5; needed++) {
                String url = countdown();
                if (needed <= allowed) {
                    assertEquals("ok", get(url + "/" + needed, allowed));
                } else {
                    FetchException e = fails(url + "/" + needed, allowed);
                    assertEquals(Kind.REFUSED, e.kind());
                    assertTrue(e.getMessage().contains("more than " + allowed + " times"), e.getMessage());
                    assertTrue(e.getMessage().contains("plugins.clip.image.url.max_redirects"), e.getMessage());
                }
                assertEquals(Math.min(needed, allowed) + 1, asked.size());
                asked.clear();
            }
        }
    }

    @Test
    void endsALoop() throws Exception {
        String url = redirecting(307, "/start");
        assertEquals(Kind.REFUSED, fails(url + "/start", 20).kind());
        assertEquals(21, asked.size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "jar:http://{authority}/x.jar!/y",
                "gopher://{authority}/",
                "ftp://{authority}/",
                "data:,ok",
                "http://user:pw@{authority}/",
                "http://{authority}\\@127.0.0.2/",
                "http://0177.0.0.1/",
                "http://2130706433/",
                "http:/end",
                "http://",
                "https:",
                "http://secret.example/",
                "http://127.0.0.1:0/",
                "javascript:alert(1)",
                "http://[::1"
            })
    void refusesWhereItMayNotGo(String location) throws Exception {
        String url = redirecting(302, location);
        FetchPolicy policy = new FetchPolicy(
                List.of("*"),
                List.of("secret.example"),
                AddressPolicy.opening(List.of("127.0.0.1/32")),
                Loopback.AMPLE,
                3,
                1000);
        Fetcher fetcher = loopback.fetcher(host -> {
            assertEquals("127.0.0.1", host);
            return InetAddress.getAllByName(host);
        });
        var e = assertThrows(FetchException.class, () -> fetcher.get(url, policy));
        assertEquals("[127.0.0.1] redirects to a URL that may not be fetched", e.getMessage());
        assertEquals(Kind.REFUSED, e.kind());
        assertEquals(1, asked.size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.2",
                "127.255.255.254",
                "[::1]",
                "[::ffff:127.0.0.2]",
                "[::127.0.0.1]",
                "inside.example",
                "unknown.example"
            })
    void refusesAnAddressInsideWithoutNamingIt(String host) throws Exception {
        String url = redirecting(302, "http://" + host + "/x");
        Fetcher fetcher = loopback.fetcher(name -> switch (name) {
            case "inside.example" -> InetAddress.getAllByName("127.1.2.3");
            case "unknown.example" -> throw new UnknownHostException(name);
            default -> InetAddress.getAllByName(name);
        });
        FetchPolicy policy = Loopback.policy(Loopback.AMPLE, 3, 1000, "127.0.0.1/32");
        var e = assertThrows(FetchException.class, () -> fetcher.get(url, policy));
        assertEquals(Kind.FAILED, e.kind());
        assertTrue(e.getMessage().startsWith("no connection to [127.0.0.1] or where it redirects to"), e.getMessage());
        assertFalse(e.getMessage().contains(host) || e.getMessage().contains("127.1.2.3"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Location: /a\r\nLocation: /b\r\n"})
    void wantsOneLocation(String headers) throws Exception {
        String url = loopback.raw("HTTP/1.1 302 Found\r\n" + headers + "Content-Length: 0\r\n\r\n");
        FetchException e = fails(url, 3);
        assertEquals(Kind.FAILED, e.kind());
        assertTrue(e.getMessage().contains("302"), e.getMessage());
    }

    @Test
    void doesNotReadTheBodyOfARedirect() throws Exception {
        String url = loopback.raw((in, out) -> {
            if (loopback.heads.size() > 1) {
                out.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII));
                return;
            }
            out.write("HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] much = new byte[4096];
            while (true) {
                out.write(much);
            }
        });
        assertEquals("ok", get(url, 1));
    }

    /** Answers the first request, and every one for the same path, with a redirect; any other with 200. */
    private String redirecting(int status, String location) throws Exception {
        Set<String> first = Collections.synchronizedSet(new HashSet<>());
        return loopback.http(exchange -> {
            String uri = exchange.getRequestURI().toString();
            asked.add(exchange.getRequestMethod() + " " + uri);
            if (first.isEmpty()) {
                first.add(uri);
            }
            if (first.contains(uri)) {
                String authority = exchange.getRequestHeaders().getFirst("Host");
                exchange.getResponseHeaders().add("Location", location.replace("{authority}", authority));
                Loopback.answer(exchange, status, "moved".getBytes(StandardCharsets.US_ASCII));
            } else {
                Loopback.answer(exchange, 200, "ok".getBytes(StandardCharsets.US_ASCII));
            }
        });
    }

    /** {@code /3} redirects to {@code /2}, and {@code /0} answers. */
    private String countdown() throws Exception {
        return loopback.http(exchange -> {
            String path = exchange.getRequestURI().getPath();
            asked.add(path);
            int left = Integer.parseInt(path.substring(1));
            if (left > 0) {
                exchange.getResponseHeaders().add("Location", "/" + (left - 1));
            }
            Loopback.answer(exchange, left > 0 ? 302 : 200, "ok".getBytes(StandardCharsets.US_ASCII));
        });
    }

    private String get(String url, int maxRedirects) throws Exception {
        FetchPolicy policy = Loopback.policy(Loopback.AMPLE, maxRedirects, 1000, "127.0.0.0/8");
        return new String(loopback.fetcher().get(url, policy), StandardCharsets.US_ASCII);
    }

    private FetchException fails(String url, int maxRedirects) {
        return assertThrows(FetchException.class, () -> get(url, maxRedirects));
    }
}
