// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.net.Credentials.Credential;
import org.opensearch.clip.core.net.FetchException.Kind;

/** What arrives at servers: one by https for all hosts of {@code *.example}, one by http. */
class FetcherCredentialsTests {

    private static SSLContext tls;

    private final Loopback loopback = new Loopback();

    /** {@code <Host> <path> <Authorization>} of each request. */
    private final Queue<String> asked = new ConcurrentLinkedQueue<>();

    private int https;
    private String http;

    @BeforeAll
    static void makeCertificate(@TempDir Path folder) throws Exception {
        tls = SelfSigned.context(folder, "private.example", "other.example", "xn--bcher-kva.example");
    }

    @BeforeEach
    void start() throws Exception {
        https = loopback.https(tls, this::answer);
        http = loopback.http(this::answer);
    }

    @AfterEach
    void stop() throws Exception {
        loopback.close();
    }

    /** {@code /to?<URL>} redirects, {@code /<status>} answers. */
    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        asked.add(exchange.getRequestHeaders().getFirst("Host").replaceAll(":.*", "") + " " + path + " "
                + exchange.getRequestHeaders().get("Authorization"));
        if (path.equals("/to")) {
            exchange.getResponseHeaders()
                    .add("Location", exchange.getRequestURI().getQuery());
        }
        int status = path.equals("/to") ? 302 : Integer.parseInt(path.substring(1));
        Loopback.answer(exchange, status, "ok".getBytes(StandardCharsets.US_ASCII));
    }

    private FetchPolicy policy(String... hosts) {
        Credential credential = new Credential("a", List.of(hosts), "Authorization", "Bearer s3cret");
        return Loopback.policy().with(Credentials.of(List.of(credential)));
    }

    private FetchPolicy policy() {
        return policy("private.example:" + https);
    }

    private void get(String url, FetchPolicy policy) throws Exception {
        assertEquals("ok", new String(loopback.trusting(tls).get(url, policy), StandardCharsets.US_ASCII));
    }

    private FetchException fails(String url, FetchPolicy policy) {
        return assertThrows(FetchException.class, () -> loopback.trusting(tls).get(url, policy));
    }

    private String at(String host) {
        return "https://" + host + ":" + https;
    }

    @Test
    void opensTheHostThatItIsForAndNoOther() throws Exception {
        get(at("private.example") + "/200", policy());
        get(at("other.example") + "/200", policy());
        assertEquals(List.of("private.example /200 [Bearer s3cret]", "other.example /200 null"), List.copyOf(asked));
    }

    @Test
    void staysBehindOnARedirectAndComesBackWithIt() throws Exception {
        get(at("private.example") + "/to?" + at("other.example") + "/to?" + at("private.example") + "/200", policy());
        assertEquals(
                List.of(
                        "private.example /to [Bearer s3cret]",
                        "other.example /to null",
                        "private.example /200 [Bearer s3cret]"),
                List.copyOf(asked));
    }

    @Test
    void goesAlongARedirectOnTheSameHostButNotToAnotherPort() throws Exception {
        int second = loopback.https(tls, this::answer);
        get(at("private.example") + "/to?/to?https://private.example:" + second + "/200", policy());
        assertEquals(
                List.of(
                        "private.example /to [Bearer s3cret]",
                        "private.example /to [Bearer s3cret]",
                        "private.example /200 null"),
                List.copyOf(asked));
    }

    @Test
    void doesNotGoFromHttpsToHttp() {
        FetchPolicy policy =
                policy("private.example:" + https, "127.0.0.1:" + http.substring(http.lastIndexOf(':') + 1));
        FetchException e = fails(at("private.example") + "/to?" + http + "/200", policy);
        assertEquals("[private.example] redirects from https to http", e.getMessage());
        assertEquals(1, asked.size());
    }

    @Test
    void goesByHttpInsideANetworkThatWasOpened() throws Exception {
        get(http + "/200", policy(http.substring("http://".length())));
        assertEquals(List.of("127.0.0.1 /200 [Bearer s3cret]"), List.copyOf(asked));
    }

    @Test
    void hostIsOneWhateverItsCase() throws Exception {
        get(at("PRIVATE.Example") + "/200", policy());
        get(at("xn--bcher-kva.example") + "/200", policy("XN--bcher-kva.example:" + https));
        assertTrue(asked.stream().allMatch(request -> request.endsWith("[Bearer s3cret]")), asked.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://private.example.:%d/200",
                "https://private.example@other.example:%d/200",
                "https://other.example:%d\\@private.example/200",
                "https://private.example%%2eother.example:%d/200",
                "https://bücher.example:%d/200",
                "https://private.example :%d/200"
            })
    void nameThatParsersReadDifferentlyIsNotAsked(String url) {
        FetchException e = fails(String.format(java.util.Locale.ROOT, url, https), policy());
        assertEquals(Kind.REFUSED, e.kind());
        assertTrue(asked.isEmpty(), asked.toString());
    }

    @Test
    void shorterDeadlineKeepsIt() throws Exception {
        get(at("private.example") + "/200", policy().within(Duration.ofSeconds(30)));
        assertEquals(List.of("private.example /200 [Bearer s3cret]"), List.copyOf(asked));
    }

    @ParameterizedTest
    @CsvSource({
        "private.example, 401, ': what plugins.clip.image.credentials has for it does not open it'",
        "private.example, 403, ': what plugins.clip.image.credentials has for it does not open it'",
        "other.example, 401, ': plugins.clip.image.credentials has nothing that is sent there'",
        "other.example, 403, ': plugins.clip.image.credentials has nothing that is sent there'",
        "private.example, 404, ''",
    })
    void whatIsNotOpenedSpeaksOfCredentials(String host, int status, String hint) {
        FetchException e = fails(at(host) + "/" + status, policy());
        assertEquals("[" + host + "] answers with status " + status + ", not 200" + hint, e.getMessage());
        assertFalse(e.getMessage().contains("s3cret"));
    }

    @Test
    void userCannotSetTheHostOfTheRequest() throws Exception {
        String raw = loopback.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        get(raw + "/?Host:%20evil", policy(raw.substring("http://".length())));
        String head = loopback.heads.remove();
        assertTrue(head.contains("\r\nHost: " + raw.substring("http://".length()) + "\r\n"), head);
        assertEquals(1, head.split("(?i)\r\nhost:", -1).length - 1, head);
    }
}
