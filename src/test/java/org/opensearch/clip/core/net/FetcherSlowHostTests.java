// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.net.FetchException.Kind;

/** Hosts that were not done in time, by a clock and with deadlines that the tests set. */
class FetcherSlowHostTests {

    private static final Duration TIMEOUT = Duration.ofSeconds(50);
    private static final byte[] OK =
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII);

    private final Loopback loopback = new Loopback();
    private final AtomicLong nanos = new AtomicLong();
    private final AtomicReference<Runnable> deadline = new AtomicReference<>();

    /** Paths that have been asked for, each completed by its request. */
    private final Map<String, CompletableFuture<Void>> asked = new ConcurrentHashMap<>();

    private final Fetcher fetcher = loopback.keep(new Fetcher(
            (task, delay) -> {
                deadline.set(task);
                return () -> {};
            },
            InetAddress::getAllByName,
            null,
            nanos::get));

    @AfterEach
    void close() throws Exception {
        loopback.close();
    }

    /** Answers what ends in {@code ok}, redirects what ends in a URL behind {@code to=}, and leaves others waiting. */
    private String server() throws Exception {
        return loopback.raw((in, out) -> {
            String path = loopback.heads.peek() == null ? "" : last().split(" ")[1];
            asked(path).complete(null);
            if (path.endsWith("ok")) {
                out.write(OK);
            } else if (path.contains("to=")) {
                out.write(("HTTP/1.1 302 Found\r\nLocation: " + path.substring(path.indexOf("to=") + 3)
                                + "\r\nContent-Length: 0\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
            } else {
                new CompletableFuture<Void>().get();
            }
        });
    }

    private String last() {
        return loopback.heads.stream().reduce((a, b) -> b).orElseThrow();
    }

    private CompletableFuture<Void> asked(String path) {
        return asked.computeIfAbsent(path, p -> new CompletableFuture<>());
    }

    private byte[] get(String url) throws FetchException {
        return fetcher.get(url, policy());
    }

    private static FetchPolicy policy() {
        return Loopback.policy(TIMEOUT, 3, 1000, "127.0.0.0/8");
    }

    /** A fetch that waits until it is ended {@code after} so long. */
    private FetchException timesOut(String url, String waitsFor, Duration after) throws Exception {
        CompletableFuture<FetchException> failure =
                CompletableFuture.supplyAsync(() -> assertThrows(FetchException.class, () -> get(url)));
        asked(waitsFor).get();
        nanos.addAndGet(after.toNanos());
        deadline.get().run();
        return failure.get();
    }

    private FetchException fails(String url) {
        return assertThrows(FetchException.class, () -> get(url));
    }

    @Test
    void isNotAskedForAWhileAndThenByOne() throws Exception {
        String url = server();
        assertEquals(Kind.TIMEOUT, timesOut(url + "/1", "/1", TIMEOUT).kind());
        FetchException e = fails(url + "/ok");
        assertEquals(Kind.TIMEOUT, e.kind());
        assertEquals(
                "[127.0.0.1] is not asked: it or where it redirects to was not done in time less than 30 s ago, see"
                        + " plugins.clip.image.url.timeout; retry later",
                e.getMessage());
        assertFalse(asked.containsKey("/ok"));

        nanos.addAndGet(SlowHosts.MEMORY.toNanos());
        CompletableFuture<FetchException> probe =
                CompletableFuture.supplyAsync(() -> assertThrows(FetchException.class, () -> get(url + "/2")));
        asked("/2").get();
        assertEquals(Kind.TIMEOUT, fails(url + "/ok").kind(), "one probes, the others do not wait for it");
        nanos.addAndGet(TIMEOUT.toNanos());
        deadline.get().run();
        assertTrue(
                probe.get().getMessage().contains("is not fetched within 50000 ms"),
                probe.get().getMessage());
        assertEquals(Kind.TIMEOUT, fails(url + "/ok").kind());

        nanos.addAndGet(SlowHosts.MEMORY.toNanos());
        get(url + "/ok");
        get(url + "/ok");
    }

    @Test
    void aHostThatAnswersOthersIsNotSlow() throws Exception {
        String url = server();
        get(url + "/ok");
        nanos.addAndGet(1);
        timesOut(url + "/1", "/1", SlowHosts.MEMORY.minusSeconds(1));
        get(url + "/ok");
        timesOut(url + "/2", "/2", TIMEOUT);
        assertEquals(Kind.TIMEOUT, fails(url + "/ok").kind(), "its last answer is older than that");
    }

    @Test
    void whoIsImpatientDoesNotSpeakForOthers() throws Exception {
        String url = server();
        timesOut(url + "/1", "/1", TIMEOUT.dividedBy(2).minusNanos(1));
        get(url + "/ok");
    }

    @Test
    void theHostThatWasAskedLastIsRemembered() throws Exception {
        String slow = server();
        String fast = server();
        timesOut(fast + "/to=" + slow + "/1", "/1", TIMEOUT);
        get(fast + "/ok");
        assertEquals(Kind.TIMEOUT, fails(slow + "/ok").kind());
        FetchException e = fails(fast + "/to=" + slow + "/2");
        assertEquals(Kind.TIMEOUT, e.kind());
        assertFalse(asked.containsKey("/2"));
    }

    @Test
    void whatNeverConnectedIsToldAsBefore() throws Exception {
        Fetcher unknown = loopback.keep(new Fetcher(
                (task, delay) -> {
                    deadline.set(task);
                    return () -> {};
                },
                host -> {
                    nanos.addAndGet(TIMEOUT.toNanos());
                    deadline.get().run();
                    throw new UnknownHostException(host);
                },
                null,
                nanos::get));
        String url = "http://slow-names.example/";
        FetchException first = assertThrows(FetchException.class, () -> unknown.get(url, policy()));
        long then = nanos.get();
        FetchException second = assertThrows(FetchException.class, () -> unknown.get(url, policy()));
        assertEquals(then, nanos.get(), "its name was not looked up");
        assertEquals(first.getMessage(), second.getMessage());
        assertEquals(first.kind(), second.kind());
    }

    @Test
    void aProbeThatIsStoppedLeavesItToTheNext() throws Exception {
        String url = server();
        timesOut(url + "/1", "/1", TIMEOUT);
        nanos.addAndGet(SlowHosts.MEMORY.toNanos());
        // whoever probes has less time than it takes to tell
        timesOut(url + "/2", "/2", Duration.ofSeconds(1));
        get(url + "/ok");
    }

    @Test
    void anAnswerOfAnyStatusIsAnAnswer() throws Exception {
        String url = loopback.raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        for (int i = 0; i < 3; i++) {
            assertTrue(fails(url).getMessage().contains("answers with status 404"));
        }
    }

    @Test
    void remembersManyHostsAndNotEveryHost() throws Exception {
        SlowHosts hosts = new SlowHosts(nanos::get);
        for (int i = 0; i <= 1000; i++) {
            try (SlowHosts.Hop hop = hosts.enter("h" + i, Duration.ZERO)) {
                hop.timedOut(true);
            }
        }
        hosts.enter("h0", Duration.ZERO).close();
        assertThrows(SlowHosts.Remembered.class, () -> hosts.enter("h1", Duration.ZERO));
        assertThrows(SlowHosts.Remembered.class, () -> hosts.enter("h1000", Duration.ZERO));
    }
}
