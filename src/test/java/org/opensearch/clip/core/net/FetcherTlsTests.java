// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
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
        context = context(selfSigned("tls.example", folder.resolve("server.p12")));
    }

    @BeforeEach
    void start() throws Exception {
        HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            if (location != null && exchange.getRequestURI().getPath().equals("/start")) {
                exchange.getResponseHeaders().add("Location", location);
                Loopback.answer(exchange, 302, new byte[0]);
            } else {
                Loopback.answer(exchange, 200, "ok".getBytes(StandardCharsets.US_ASCII));
            }
        });
        server.start();
        loopback.keep(() -> server.stop(0));
        url = "https://tls.example:" + server.getAddress().getPort() + "/start";
    }

    @AfterEach
    void stop() throws Exception {
        loopback.close();
    }

    @Test
    void fetchesFromACertificateThatItTrusts() throws Exception {
        assertEquals("ok", get(trusting(), url));
    }

    @Test
    void refusesACertificateOfAnotherHost() {
        assertUntrusted(
                assertThrows(FetchException.class, () -> get(trusting(), url.replace("tls.example", "other.example"))));
        assertUntrusted(
                assertThrows(FetchException.class, () -> get(trusting(), url.replace("tls.example", "127.0.0.1"))));
    }

    @Test
    void refusesACertificateOutsideTheTrustStore() {
        assertUntrusted(
                assertThrows(FetchException.class, () -> get(fetcher(DefaultClientTlsStrategy.createDefault()), url)));
    }

    @Test
    void refusesWhatIsNoTls() throws Exception {
        byte[] answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        String plain = "https://tls.example:" + loopback.server("127.0.0.1", (in, out) -> out.write(answer));
        FetchException e = assertThrows(FetchException.class, () -> get(trusting(), plain));
        assertEquals(Kind.FAILED, e.kind());
    }

    @Test
    void doesNotFallBackToPlainHttp() throws Exception {
        location = loopback.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        FetchException e = assertThrows(FetchException.class, () -> get(trusting(), url));
        assertEquals("[tls.example] redirects from https to http", e.getMessage());
        assertEquals(Kind.REFUSED, e.kind());
        assertEquals(0, loopback.heads.size());
    }

    @Test
    void followsFromHttpToHttps() throws Exception {
        String plain = loopback.raw("HTTP/1.1 301 Moved\r\nLocation: " + url + "\r\nContent-Length: 0\r\n\r\n");
        assertEquals("ok", get(trusting(), plain));
    }

    private static void assertUntrusted(FetchException e) {
        assertEquals(Kind.FAILED, e.kind());
        assertTrue(e.getMessage().endsWith("has no TLS that this node trusts"), e.getMessage());
    }

    private static String get(Fetcher fetcher, String url) throws FetchException {
        return new String(fetcher.get(url, Loopback.policy()), StandardCharsets.US_ASCII);
    }

    private Fetcher trusting() {
        return fetcher(new DefaultClientTlsStrategy(context, HostnameVerificationPolicy.BUILTIN, null));
    }

    private Fetcher fetcher(DefaultClientTlsStrategy tls) {
        return loopback.keep(new Fetcher(loopback.timer, host -> InetAddress.getAllByName("127.0.0.1"), tls));
    }

    private static SSLContext context(KeyStore store) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, "changeit".toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore selfSigned(String host, Path file) throws Exception {
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-storetype",
                        "PKCS12",
                        "-alias",
                        "server",
                        "-storepass",
                        "changeit",
                        "-keystore",
                        file.toString(),
                        "-dname",
                        "CN=" + host,
                        "-ext",
                        "SAN=dns:" + host)
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, keytool.waitFor(), output);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, "changeit".toCharArray());
        }
        return store;
    }
}
