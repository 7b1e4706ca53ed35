// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.net.FetchException.Kind;

class FetcherTests {

    private final Loopback loopback = new Loopback();

    /** What the fetcher wants run at its deadline, for a server to run when its moment has come. */
    private final CompletableFuture<Runnable> deadline = new CompletableFuture<>();

    @AfterEach
    void stop() throws Exception {
        loopback.close();
    }

    @Test
    void fetchesTheBody() throws Exception {
        byte[] body = new byte[700_000];
        new Random(1).nextBytes(body);
        String url = loopback.http(exchange -> Loopback.answer(exchange, 200, body));
        assertArrayEquals(
                body,
                loopback.fetcher()
                        .get(url + "/a.jpg?x=1#y", Loopback.policy(Loopback.AMPLE, 0, 700_000, "127.0.0.0/8")));
    }

    @Test
    void asksPlainly() throws Exception {
        String url = loopback.raw("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok");
        Fetcher fetcher = loopback.fetcher();
        for (int i = 0; i < 2; i++) {
            assertEquals("ok", text(fetcher.get(url + "//a/../b.jpg?x=%20#frag", Loopback.policy())));
            assertEquals(
                    List.of(
                            "accept-encoding: identity",
                            "accept: */*",
                            "connection: close",
                            "get //a/../b.jpg?x=%20 http/1.1",
                            "host: " + url.substring(7),
                            "user-agent: opensearch-clip"),
                    loopback.heads
                            .remove()
                            .toLowerCase(Locale.ROOT)
                            .lines()
                            .filter(l -> !l.isEmpty())
                            .sorted()
                            .toList());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokMORE THAN ANNOUNCED",
                "HTTP/1.1 200 OK\r\n\r\nok",
                "HTTP/1.0 200 OK\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nRefresh: 0;url=http://127.0.0.2/\r\nContent-Length: 2\r\n\r\nok"
            })
    void readsEveryFormOfBody(String answer) throws Exception {
        assertEquals("ok", text(loopback.fetcher().get(loopback.raw(answer), Loopback.policy())));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\r\n",
                "hello",
                "SSH-2.0-OpenSSH_9.6\r\n",
                "HTTP/1.1 abc\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Encoding: identity, gzip\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 300 Multiple Choices\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 304 Not Modified\r\n\r\n",
                "HTTP/1.1 305 Use Proxy\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno",
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
            })
    void failsOnceOnAnyOtherAnswer(String answer) throws Exception {
        String url = loopback.raw(answer);
        assertFails(Kind.FAILED, url, Loopback.policy());
        assertEquals(1, loopback.heads.size(), "no retry");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456",
                "HTTP/1.1 200 OK\r\n\r\n123456",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n123"
            })
    void countsBytes(String answer) throws Exception {
        String message = assertFails(Kind.TOO_LARGE, loopback.raw(answer), policy(Loopback.AMPLE, 5))
                .getMessage();
        assertTrue(message.contains("5 bytes") && message.contains("plugins.clip.image.max_bytes"), message);
        if (answer.contains("456")) {
            assertEquals("123456", text(loopback.fetcher().get(loopback.raw(answer), policy(Loopback.AMPLE, 6))));
        }
    }

    @Test
    void believesAnAnnouncedSizeThatIsTooLargeWithoutReading() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        loopback.keep(end::countDown);
        String url = loopback.raw((in, out) -> {
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            end.await();
        });
        assertFails(Kind.TOO_LARGE, url, Loopback.policy());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|4\r\nABCD\r\n",
                "HTTP/1.1 200 OK\r\n\r\n|A",
                "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n|A"
            })
    void endsABodyThatNeverEnds(String answer) throws Exception {
        String url = endless(answer);
        if (answer.contains("Content-Length: 1000")) {
            assertEquals(1000, loopback.fetcher().get(url, Loopback.policy()).length);
        } else {
            assertFails(Kind.TOO_LARGE, url, Loopback.policy());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "|H",
                "HTTP/1.1 200 OK\r\nX: |A",
                "HTTP/1.1 200 OK\r\n|A: b\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|A",
                "HTTP/1.1 302 Found\r\nLocation: /|A"
            })
    void endsAHeadThatNeverEnds(String answer) throws Exception {
        assertFails(Kind.FAILED, endless(answer), policy(Loopback.AMPLE, Integer.MAX_VALUE - 8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\n\r\n|A",
                "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n|A",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|1\r\nA\r\n",
                "|HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: |A"
            })
    void cutsADripAtTheDeadline(String answer) throws Exception {
        String[] parts = answer.split("\\|");
        String url = loopback.raw((in, out) -> {
            out.write(parts[0].getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; ; i++) {
                out.write(parts[1].getBytes(StandardCharsets.US_ASCII));
                out.flush();
                if (i == 3) {
                    deadline.join().run();
                }
                Thread.sleep(5);
            }
        });
        var e = assertFails(onDeadline(), Kind.TIMEOUT, url, policy(Loopback.AMPLE, 1_000_000));
        assertTrue(e.getMessage().contains("60000 ms"), e.getMessage());
        assertTrue(e.getMessage().contains("plugins.clip.image.url.timeout"), e.getMessage());
    }

    @Test
    void cutsSilenceAtTheDeadline() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        loopback.keep(end::countDown);
        String url = loopback.raw((in, out) -> {
            deadline.join().run();
            end.await();
        });
        assertFails(onDeadline(), Kind.TIMEOUT, url, Loopback.policy());
    }

    @Test
    void cutsATlsHandshakeAtTheDeadline() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        loopback.keep(end::countDown);
        int port = loopback.server("127.0.0.1", (in, out) -> {
            in.read();
            deadline.join().run();
            end.await();
        });
        assertFails(onDeadline(), Kind.TIMEOUT, "https://127.0.0.1:" + port, Loopback.policy());
    }

    @Test
    void cutsAChainOfRedirectsAtOneDeadline() throws Exception {
        String url = loopback.raw((in, out) -> {
            if (loopback.heads.size() == 3) {
                deadline.join().run();
            }
            out.write("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        });
        assertFails(onDeadline(), Kind.TIMEOUT, url, Loopback.policy(Loopback.AMPLE, 1000, 1000, "127.0.0.0/8"));
        assertEquals(3, loopback.heads.size());
    }

    @Test
    void cutsAConnectThatHangs() throws Exception {
        ServerSocket full = loopback.keep(new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")));
        boolean hangs = false;
        for (int i = 0; i < 8 && !hangs; i++) {
            Socket filler = loopback.keep(new Socket());
            try {
                filler.connect(new InetSocketAddress("127.0.0.1", full.getLocalPort()), 200);
            } catch (SocketTimeoutException e) {
                hangs = true;
            }
        }
        Assumptions.assumeTrue(hangs, "this kernel accepts beyond the backlog");
        assertFails(Kind.FAILED, "http://127.0.0.1:" + full.getLocalPort(), policy(Duration.ofMillis(300), 1000));
    }

    @Test
    void doesNotDialAfterTheDeadline() throws Exception {
        String url = loopback.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Fetcher fetcher = new Fetcher(
                this::hold,
                host -> {
                    deadline.join().run();
                    return InetAddress.getAllByName(host);
                },
                null,
                System::nanoTime);
        assertFails(fetcher, Kind.FAILED, url, Loopback.policy());
        assertEquals(0, loopback.heads.size());
    }

    @Test
    void closeEndsWhatRuns() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        loopback.keep(end::countDown);
        String url = loopback.raw((in, out) -> {
            asked.countDown();
            end.await();
        });
        Fetcher fetcher = loopback.fetcher();
        CompletableFuture<byte[]> fetch = CompletableFuture.supplyAsync(() -> {
            try {
                return fetcher.get(url, Loopback.policy());
            } catch (FetchException e) {
                throw new IllegalStateException(e.getMessage());
            }
        });
        asked.await();
        fetcher.close();
        var e = assertThrows(ExecutionException.class, fetch::get);
        assertTrue(e.getMessage().contains("the node is closing"), e.getMessage());
        assertFails(fetcher, Kind.FAILED, url, Loopback.policy());
    }

    @Test
    void cancelsItsTimer() throws Exception {
        String url = loopback.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        List<String> calls = new ArrayList<>();
        Fetcher fetcher = new Fetcher((task, delay) -> {
            calls.add("scheduled in " + delay);
            return () -> calls.add("cancelled");
        });
        fetcher.get(url, policy(Duration.ofSeconds(50), 1000));
        assertThrows(
                FetchException.class, () -> fetcher.get("http://127.0.0.1:0/", policy(Duration.ofSeconds(50), 1000)));
        assertEquals(List.of("scheduled in PT50S", "cancelled", "scheduled in PT50S", "cancelled"), calls);
    }

    @Test
    void serversOfManyThreadsAreNotMixedUp() throws Exception {
        String url = loopback.http(exchange -> Loopback.answer(
                exchange, 200, exchange.getRequestURI().getPath().getBytes(StandardCharsets.US_ASCII)));
        Fetcher fetcher = loopback.fetcher();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String path = "/" + i;
            all.add(CompletableFuture.runAsync(() -> {
                try {
                    assertEquals(path, text(fetcher.get(url + path, Loopback.policy())));
                } catch (FetchException e) {
                    throw new AssertionError(e);
                }
            }));
        }
        for (var one : all) {
            one.get();
        }
    }

    @Test
    void doesNotInflateABomb() throws Exception {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(bomb)) {
            gzip.write(new byte[1 << 20]);
        }
        byte[] body = bomb.toByteArray();
        String named = loopback.http(exchange -> {
            exchange.getResponseHeaders().add("Content-Encoding", "gzip");
            Loopback.answer(exchange, 200, body);
        });
        assertFails(Kind.FAILED, named, policy(Loopback.AMPLE, body.length));
        String unnamed = loopback.http(exchange -> Loopback.answer(exchange, 200, body));
        assertArrayEquals(body, loopback.fetcher().get(unnamed, policy(Loopback.AMPLE, body.length)));
    }

    private Fetcher onDeadline() {
        return loopback.keep(new Fetcher(this::hold));
    }

    private Runnable hold(Runnable task, Duration delay) {
        deadline.complete(task);
        return () -> {};
    }

    /** What is behind the bar is sent for ever. */
    private String endless(String answer) throws Exception {
        String[] parts = answer.split("\\|");
        byte[] again = parts[1].getBytes(StandardCharsets.US_ASCII);
        return loopback.raw((in, out) -> {
            out.write(parts[0].getBytes(StandardCharsets.US_ASCII));
            while (true) {
                out.write(again);
            }
        });
    }

    private static FetchPolicy policy(Duration timeout, long maxBytes) {
        return Loopback.policy(timeout, 3, maxBytes, "127.0.0.0/8");
    }

    private FetchException assertFails(Kind kind, String url, FetchPolicy policy) {
        return assertFails(loopback.fetcher(), kind, url, policy);
    }

    private static FetchException assertFails(Fetcher fetcher, Kind kind, String url, FetchPolicy policy) {
        var e = assertThrows(FetchException.class, () -> fetcher.get(url, policy));
        assertEquals(kind, e.kind(), e.getMessage());
        assertTrue(e.getMessage().contains("[127.0.0.1]"), e.getMessage());
        assertFalse(e.getMessage().contains("null"), e.getMessage());
        return e;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
