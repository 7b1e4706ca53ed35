// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.net.FetchException.Kind;

class FetcherTlsTests {

    private static SSLContext context;

    private final Loopback loopback = new Loopback();
    private String url;
    private String location;

    @BeforeAll
    static void makeCertificate(@TempDir Path folder) throws Exception {
        context = SelfSigned.context(folder, "tls.example");
    }

    @BeforeEach
    void start() throws Exception {
        int port = loopback.https(context, exchange -> {
            if (location != null && exchange.getRequestURI().getPath().equals("/start")) {
                exchange.getResponseHeaders().add("Location", location);
                Loopback.answer(exchange, 302, new byte[0]);
            } else {
                Loopback.answer(exchange, 200, "ok".getBytes(StandardCharsets.US_ASCII));
            }
        });
        url = "https://tls.example:" + port + "/start";
    }

    @AfterEach
    void stop() throws Exception {
        loopback.close();
    }

    @Test
    void fetchesFromACertificateThatItTrusts() throws Exception {
        assertEquals("ok", get(loopback.trusting(context), url));
    }

    @Test
    void refusesACertificateOfAnotherHost() {
        assertUntrusted(assertThrows(
                FetchException.class,
                () -> get(loopback.trusting(context), url.replace("tls.example", "other.example"))));
        assertUntrusted(assertThrows(
                FetchException.class, () -> get(loopback.trusting(context), url.replace("tls.example", "127.0.0.1"))));
    }

    @Test
    void refusesACertificateOutsideTheTrustStore() {
        assertUntrusted(assertThrows(
                FetchException.class, () -> get(loopback.trusting(DefaultClientTlsStrategy.createDefault()), url)));
    }

    @Test
    void refusesWhatIsNoTls() throws Exception {
        byte[] answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        String plain = "https://tls.example:" + loopback.server("127.0.0.1", (in, out) -> out.write(answer));
        FetchException e = assertThrows(FetchException.class, () -> get(loopback.trusting(context), plain));
        assertEquals(Kind.FAILED, e.kind());
    }

    @Test
    void doesNotFallBackToPlainHttp() throws Exception {
        location = loopback.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        FetchException e = assertThrows(FetchException.class, () -> get(loopback.trusting(context), url));
        assertEquals("[tls.example] redirects from https to http", e.getMessage());
        assertEquals(Kind.REFUSED, e.kind());
        assertEquals(0, loopback.heads.size());
    }

    @Test
    void followsFromHttpToHttps() throws Exception {
        String plain = loopback.raw("HTTP/1.1 301 Moved\r\nLocation: " + url + "\r\nContent-Length: 0\r\n\r\n");
        assertEquals("ok", get(loopback.trusting(context), plain));
    }

    private static void assertUntrusted(FetchException e) {
        assertEquals(Kind.FAILED, e.kind());
        assertTrue(e.getMessage().endsWith("has no TLS that this node trusts"), e.getMessage());
    }

    private static String get(Fetcher fetcher, String url) throws FetchException {
        return new String(fetcher.get(url, Loopback.policy()), StandardCharsets.US_ASCII);
    }
}
