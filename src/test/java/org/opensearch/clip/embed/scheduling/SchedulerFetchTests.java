// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import static org.hamcrest.Matchers.containsString;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;

/** Pictures by URL from a server on loopback: {@code /7} is picture 7. */
@SuppressForbidden(reason = "a server for tests")
public class SchedulerFetchTests extends SchedulerTestCase {

    private final AtomicInteger serving = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger served = new AtomicInteger();
    private final AtomicInteger next = new AtomicInteger();
    private volatile CountDownLatch answers = new CountDownLatch(0);
    private ExecutorService executor;
    private HttpServer server;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        executor = Executors.newCachedThreadPool();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext("/", exchange -> {
            most.accumulateAndGet(serving.incrementAndGet(), Math::max);
            String path = exchange.getRequestURI().getPath().substring(1);
            try (exchange) {
                answers.await(1, TimeUnit.MINUTES);
                if (path.equals("next")) {
                    path = Integer.toString(next.getAndIncrement());
                }
                byte[] body = path.matches("[0-9]+") ? picture(Integer.parseInt(path)) : new byte[0];
                // before the answer: the client may ask again as soon as it has it
                serving.decrementAndGet();
                exchange.sendResponseHeaders(body.length == 0 ? 404 : 200, body.length == 0 ? -1 : body.length);
                exchange.getResponseBody().write(body);
                served.incrementAndGet();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        server.start();
    }

    @Override
    public void tearDown() throws Exception {
        answers.countDown();
        super.tearDown();
        server.stop(0);
        terminate(executor);
    }

    private Source url(Object path) {
        return new Source.Image("http://127.0.0.1:" + server.getAddress().getPort() + "/" + path);
    }

    private static Settings.Builder fetching() {
        return threads(2)
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.image.url.timeout", "1m");
    }

    public void testAPictureByUrlIsThePictureItself() {
        start(fetching());
        Request request = request(
                Lane.INGEST, null, url(1), base64(picture(1)), url("missing"), new Source.Text("text"), url(2), url(1));
        List<Result> results = results(submit(request));
        assertSolo(base64(picture(1)), results.get(0));
        assertSolo(base64(picture(1)), results.get(1));
        assertEquals("image_fetch_failed", failure(results.get(2)).type());
        assertEquals(RestStatus.FAILED_DEPENDENCY, failure(results.get(2)).status());
        assertSolo(new Source.Text("text"), results.get(3));
        assertSolo(base64(picture(2)), results.get(4));
        assertSolo(base64(picture(1)), results.get(5));
        assertEquals("picture 1 was fetched once", 2, served.get() - 1);
    }

    public void testAddressesAreRefusedUnlessAllowed() {
        start(threads(1));
        Result refused = results(submit(request(Lane.SEARCH, null, url(1), new Source.Text("text"))))
                .getFirst();
        assertTrue(failure(refused).type(), failure(refused).type().startsWith("image_"));
        assertEquals(0, served.get());
    }

    public void testFetchesWaitForRoomAndAreNeverRejected() {
        // room for the strings and one picture of the largest size
        start(fetching().put("plugins.clip.ingest.queue", "100kb").put("plugins.clip.image.max_bytes", "40kb"));
        Source[] sources = IntStream.range(0, 60).mapToObj(this::url).toArray(Source[]::new);
        List<Result> results = results(submit(request(Lane.INGEST, null, sources)));
        for (int i = 0; i < results.size(); i++) {
            assertSolo(base64(picture(i)), results.get(i));
        }
        assertTrue("at a time: " + most.get(), most.get() <= 2);
    }

    public void testFetchesOfARequestThatIsLargerThanTheLaneGoOneByOne() {
        start(fetching().put("plugins.clip.ingest.queue", "1kb"));
        Source[] sources = IntStream.range(0, 20).mapToObj(this::url).toArray(Source[]::new);
        List<Result> results = results(submit(request(Lane.INGEST, null, sources)));
        for (int i = 0; i < results.size(); i++) {
            assertSolo(base64(picture(i)), results.get(i));
        }
        assertEquals(1, most.get());
    }

    public void testASlowHostIsATimeoutOfItsInputsAlone() {
        start(fetching().put("plugins.clip.image.url.timeout", "300ms"));
        answers = new CountDownLatch(1);
        List<Result> results = results(submit(request(Lane.SEARCH, null, url(1), new Source.Text("text"))));
        assertEquals("image_fetch_timeout", failure(results.get(0)).type());
        assertEquals(RestStatus.GATEWAY_TIMEOUT, failure(results.get(0)).status());
        assertSolo(new Source.Text("text"), results.get(1));
    }

    public void testSlowHostsHoldUpNobodyElse() {
        start(fetching().put("plugins.clip.image.url.max_concurrent", 2));
        answers = new CountDownLatch(1);
        List<PlainActionFuture<Response>> slow = new ArrayList<>();
        IntStream.range(0, 5)
                .forEach(i -> slow.add(submit(request(Lane.INGEST, TimeValue.timeValueMinutes(1), url(i)))));
        assertSolo(
                new Source.Text("text"),
                results(submit(texts(Lane.INGEST, "text"))).getFirst());
        assertSolo(
                base64(picture(1)),
                results(submit(request(Lane.INGEST, null, base64(picture(1))))).getFirst());
        answers.countDown();
        for (int i = 0; i < slow.size(); i++) {
            assertSolo(base64(picture(i)), results(slow.get(i)).getFirst());
        }
    }

    /** As many slow ones as 16 rounds of what one host is allowed: nobody waits for them, and they do not wait for each other. */
    public void testAHostThatIsSlowKeepsNobodyWaitingAndIsNotWaitedForAgain() throws Exception {
        AtomicInteger dripped = new AtomicInteger();
        CountDownLatch never = new CountDownLatch(1);
        HttpServer dripping = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        dripping.setExecutor(executor);
        dripping.createContext("/", exchange -> {
            dripped.incrementAndGet();
            try (exchange) {
                exchange.sendResponseHeaders(200, 100_000);
                while (true) {
                    exchange.getResponseBody().write(0);
                    exchange.getResponseBody().flush();
                    never.await(20, TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        dripping.start();
        try {
            start(fetching().put("plugins.clip.image.url.timeout", "2s").put("plugins.clip.ingest.queue", "100mb"));
            String slow = "http://127.0.0.1:" + dripping.getAddress().getPort() + "/";
            Source[] sources = Stream.concat(
                            IntStream.range(0, 64).mapToObj(i -> new Source.Image(slow + i)),
                            IntStream.range(0, 8).mapToObj(this::url))
                    .toArray(Source[]::new);
            List<Result> results = results(submit(request(Lane.INGEST, null, sources)));
            for (int i = 0; i < 64; i++) {
                assertEquals("image_fetch_timeout", failure(results.get(i)).type());
            }
            for (int i = 0; i < 8; i++) {
                assertSolo(base64(picture(i)), results.get(64 + i));
            }
            assertEquals("asked, the others were told at once", 4, dripped.get());
            assertThat(failure(results.get(63)).reason(), containsString("is not asked: "));
        } finally {
            dripping.stop(0);
        }
    }

    public void testASearchFetchesAgainAndKnowsThePictureByItsBytes() {
        start(fetching());
        List<Result> shown = new ArrayList<>();
        for (Object path : List.of("next", "next", 0)) {
            shown.addAll(results(submit(new Request("tiny", List.of(url(path)), Lane.SEARCH, Side.QUERY, null, null))));
        }
        assertEquals("fetched each time", 2, next.get());
        assertEquals("picture 0 was known, under another name", 2, model.inputsRun());
        assertSolo(base64(picture(0)), shown.get(0));
        assertSolo(base64(picture(1)), shown.get(1));
        assertSolo(base64(picture(0)), shown.get(2));
    }
}
