// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.net.FetchException.Kind;

class FetcherAddressTests {

    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static final List<String> SPELLINGS_OF_LOOPBACK = List.of(
            "127.0.0.1",
            "127.0.0.2",
            "127.255.255.254",
            "127.1",
            "127.0.1",
            "0",
            "0.0.0.0",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.01",
            "127.0.0.1.",
            "localhost",
            "LocalHost",
            "localhost.",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b:1::127.0.0.1]",
            "[2002:7f00:1::]",
            "[fe80::1%25lo]",
            "user@127.0.0.1",
            "example.org@127.0.0.1",
            "127.0.0.1%23",
            "%31%32%37.0.0.1",
            "\u2460\u2461\u2466.0.0.1",
            "127\u30020\u30020\u30021");

    private final Loopback loopback = new Loopback();

    @AfterEach
    void stop() throws Exception {
        loopback.close();
    }

    @Test
    void noSpellingReachesLoopback() throws Exception {
        for (String listenOn : List.of("127.0.0.1", "::1")) {
            ServerSocket canary = loopback.keep(new ServerSocket(0, 500, InetAddress.getByName(listenOn)));
            FetchPolicy policy = Loopback.policy(Duration.ofSeconds(1), 3, 1000);
            Fetcher fetcher = loopback.fetcher(FetcherAddressTests::onThisMachine);
            for (String host : SPELLINGS_OF_LOOPBACK) {
                for (String scheme : List.of("http", "https", "HTTP")) {
                    String url = scheme + "://" + host + ":" + canary.getLocalPort() + "/x";
                    assertThrows(FetchException.class, () -> fetcher.get(url, policy), url);
                }
            }
            assertNobodyCame(canary);
        }
    }

    @Test
    void noNameThatResolvesInsideIsDialled() throws Exception {
        InetAddress inside = InetAddress.getByName("127.0.0.2");
        InetAddress outside = InetAddress.getByName("127.0.0.1");
        ServerSocket canary = loopback.keep(new ServerSocket(0, 500, inside));
        ServerSocket beside = loopback.keep(new ServerSocket(canary.getLocalPort(), 500, outside));
        FetchPolicy policy = Loopback.policy(Duration.ofSeconds(1), 3, 1000, "127.0.0.1/32");
        for (InetAddress[] answers : List.of(
                new InetAddress[] {inside},
                new InetAddress[] {inside, outside},
                new InetAddress[] {outside, inside},
                new InetAddress[] {InetAddress.getByName("::1"), outside},
                new InetAddress[] {})) {
            Fetcher fetcher = loopback.fetcher(host -> answers);
            assertUnreachable(fetcher, "http://example.org:" + canary.getLocalPort() + "/", policy);
        }
        assertNobodyCame(canary);
        assertNobodyCame(beside);
    }

    @Test
    void dialsTheAddressThatWasCheckedAlthoughTheNameMovesOn() throws Exception {
        String url = loopback.raw(OK);
        AtomicInteger lookUps = new AtomicInteger();
        Fetcher fetcher = loopback.fetcher(host ->
                new InetAddress[] {InetAddress.getByName(lookUps.getAndIncrement() == 0 ? "127.0.0.1" : "127.0.0.2")});
        fetcher.get(url.replace("127.0.0.1", "rebinding.example"), only("127.0.0.1/32"));
        assertEquals(1, lookUps.get());
        assertTrue(loopback.heads.remove().contains("Host: rebinding.example:"));
        assertUnreachable(fetcher, url.replace("127.0.0.1", "rebinding.example"), only("127.0.0.1/32"));
        assertEquals(2, lookUps.get());
    }

    @Test
    void checksEveryHopOfARebindingName() throws Exception {
        ServerSocket canary = loopback.keep(new ServerSocket(0, 500, InetAddress.getByName("127.0.0.2")));
        String url = loopback.raw("HTTP/1.1 302 Found\r\nLocation: http://rebinding.example:" + canary.getLocalPort()
                + "/\r\nContent-Length: 0\r\n\r\n");
        AtomicInteger lookUps = new AtomicInteger();
        Fetcher fetcher = loopback.fetcher(host ->
                new InetAddress[] {InetAddress.getByName(lookUps.getAndIncrement() == 0 ? "127.0.0.1" : "127.0.0.2")});
        assertUnreachable(fetcher, url.replace("127.0.0.1", "rebinding.example"), only("127.0.0.1/32"));
        assertEquals(2, lookUps.get());
        assertNobodyCame(canary);
    }

    @Test
    void servesExactlyWhereAllAnswersAreAllowed() throws Exception {
        String url = loopback.raw(OK).replace("127.0.0.1", "many.example");
        List<String> pool =
                List.of("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.255.255.255", "::1", "::127.0.0.1");
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            List<InetAddress> answers = new ArrayList<>();
            for (int n = random.nextInt(3); n >= 0; n--) {
                answers.add(InetAddress.getByName(pool.get(random.nextInt(pool.size()))));
            }
            boolean good = answers.stream().allMatch(a -> a.getHostAddress().equals("127.0.0.1"));
            Fetcher fetcher = loopback.fetcher(host -> answers.toArray(InetAddress[]::new));
            if (good) {
                assertEquals(2, fetcher.get(url, only("127.0.0.1/32")).length, "seed " + seed);
            } else {
                assertUnreachable(fetcher, url, only("127.0.0.1/32"));
            }
            assertEquals(good ? 1 : 0, loopback.heads.size(), "seed " + seed);
            loopback.heads.clear();
        }
    }

    @Test
    void triesTheNextAddressOfAHost() throws Exception {
        String url = loopback.raw(OK).replace("127.0.0.1", "two.example");
        Fetcher fetcher = loopback.fetcher(
                host -> new InetAddress[] {InetAddress.getByName("127.0.0.3"), InetAddress.getByName("127.0.0.1")});
        assertEquals(2, fetcher.get(url, Loopback.policy()).length);
    }

    @Test
    void reachesAnIpv6LiteralThatIsOpened() throws Exception {
        int port = loopback.server("::1", (in, out) -> out.write(OK.getBytes(StandardCharsets.US_ASCII)));
        assertEquals(2, loopback.fetcher().get("http://[::1]:" + port + "/", only("::1/128")).length);
    }

    @Test
    void asksTheResolverForTheHostThatThePolicySaw() throws Exception {
        Set<String> asked = new HashSet<>();
        Fetcher fetcher = loopback.fetcher(host -> {
            asked.add(host);
            throw new UnknownHostException(host);
        });
        for (String url : List.of(
                "http://A.example/",
                "https://b.example:81/@c.example",
                "http://d.example?@e.example",
                "http://f.example/%5C@g.example",
                "http://h.example//i.example/",
                "http://8.8.8.8/")) {
            assertUnreachable(fetcher, url, Loopback.policy());
        }
        assertEquals(Set.of("a.example", "b.example", "d.example", "f.example", "h.example", "8.8.8.8"), asked);
    }

    @Test
    void tellsNothingOfWhatLiesInside() throws Exception {
        int closed;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            closed = probe.getLocalPort();
        }
        ServerSocket listening = loopback.keep(new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2")));
        Fetcher fetcher = loopback.fetcher(host -> switch (host) {
            case "closed.example" -> InetAddress.getAllByName("127.0.0.1");
            case "inside.example" -> InetAddress.getAllByName("127.0.0.2");
            default -> throw new UnknownHostException(host);
        });
        FetchPolicy policy = only("127.0.0.1/32");
        String unknown = assertUnreachable(fetcher, "http://unknown.example/", policy);
        String refused = assertUnreachable(fetcher, "http://inside.example:" + listening.getLocalPort(), policy);
        String nobody = assertUnreachable(fetcher, "http://closed.example:" + closed, policy);
        assertEquals(unknown.replace("[unknown.", "["), refused.replace("[inside.", "["));
        assertEquals(unknown.replace("[unknown.", "["), nobody.replace("[closed.", "["));
        assertFalse(refused.contains("127."), refused);
    }

    /** So that a guard that fails does not call strangers: 0177.0.0.1 is 177.0.0.1 to the JDK. */
    private static InetAddress[] onThisMachine(String host) throws UnknownHostException {
        InetAddress[] addresses = InetAddress.getAllByName(host);
        for (InetAddress address : addresses) {
            byte first = address.getAddress()[0];
            assertTrue(address instanceof Inet6Address || first == 127 || first == 0, host);
        }
        return addresses;
    }

    private static FetchPolicy only(String network) {
        return Loopback.policy(Loopback.AMPLE, 3, 1000, network);
    }

    private static String assertUnreachable(Fetcher fetcher, String url, FetchPolicy policy) {
        var e = assertThrows(FetchException.class, () -> fetcher.get(url, policy), url);
        assertEquals(Kind.FAILED, e.kind(), e.getMessage());
        assertTrue(e.getMessage().startsWith("no connection to ["), e.getMessage());
        return e.getMessage();
    }

    /** The first connection that the canary accepts is this one. */
    private static void assertNobodyCame(ServerSocket canary) throws Exception {
        try (var probe = new Socket()) {
            probe.connect(new InetSocketAddress(canary.getInetAddress(), canary.getLocalPort()));
            try (var accepted = canary.accept()) {
                assertEquals(probe.getLocalPort(), accepted.getPort());
            }
        }
    }
}
