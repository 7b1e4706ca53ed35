// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.opensearch.clip.core.engine.ModelException;

/** Downloads from a hub on loopback that does everything wrong that one can do. */
public class NodeCacheTests extends DownloadTestCase {

    private final AtomicInteger asked = new AtomicInteger();

    private void first(int times, FakeHub.Trouble trouble) {
        hub.trouble(FILE, (exchange, bytes) -> asked.getAndIncrement() < times && trouble.answers(exchange, bytes));
    }

    private void always(FakeHub.Trouble trouble) {
        first(Integer.MAX_VALUE, trouble);
    }

    private Path part() throws Exception {
        return Files.createDirectories(data.resolve("files")).resolve(FakeHub.sha256(content) + ".part");
    }

    // ---- as it should be

    public void testDownloadsOnceAndKeepsTheFileUnderItsHash() throws Exception {
        assertWhole(get());
        assertWhole(get());
        cache = restarted();
        assertWhole(get());
        assertEquals(1, asked("storage").size());
    }

    public void testTokenGoesToTheHubAndNotWhereItRedirectsTo() {
        get();
        assertEquals(1, asked("hub").size());
        assertThat(asked("hub").getFirst(), containsString("Bearer " + TOKEN));
        assertEquals(1, asked("storage").size());
        assertThat(asked("storage").getFirst(), containsString(" null null"));
    }

    private List<String> asked(String server) {
        return hub.requests(FILE).stream()
                .filter(request -> request.startsWith(server))
                .toList();
    }

    public void testAFileIsDownloadedOnceWhoeverWantsIt() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        first(1, (exchange, bytes) -> {
            await(waiting);
            return false;
        });
        List<CompletableFuture<Path>> all = IntStream.range(0, 4)
                .mapToObj(i ->
                        CompletableFuture.supplyAsync(this::get, threadPool().generic()))
                .toList();
        waiting.countDown();
        for (CompletableFuture<Path> one : all) {
            assertWhole(one.get());
        }
        assertEquals(1, asked("storage").size());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(60, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public void testTellsHowFarItIs() {
        Progress progress = progress();
        progress.enter(Progress.Stage.DOWNLOADING, 0, content.length);
        cache.get(listed(), origin(), progress);
        assertEquals(new Progress.At(Progress.Stage.DOWNLOADING, content.length, content.length, 0), progress.at());
        assertEquals(content.length, cache.present(listed()));
    }

    // ---- connections that break

    public void testGoesOnWhereTheConnectionWasCutAtEveryTenth() throws Exception {
        int tenth = content.length / 10;
        first(9, (exchange, bytes) -> {
            int from = FakeHub.from(exchange);
            FakeHub.send(exchange, bytes, from, from + tenth);
            return true;
        });
        Progress progress = progress();
        progress.enter(Progress.Stage.DOWNLOADING, 0, content.length);
        assertWhole(cache.get(listed(), origin(), progress));
        assertEquals(content.length, progress.at().bytes());
        List<String> requests = asked("storage");
        assertEquals(10, requests.size());
        for (int i = 1;
                i < 10;
                i++) { // a cut may lose what was under way, but nothing is asked for twice that was kept
            assertThat(requests.get(i), containsString(" bytes="));
        }
    }

    public void testBeginsAnewWhenTheServerKnowsNoRanges() throws Exception {
        first(2, (exchange, bytes) -> {
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes, 0, asked.get() == 1 ? bytes.length / 2 : bytes.length);
            exchange.getResponseBody().flush();
            return true;
        });
        assertWhole(get());
        assertEquals(2, asked("storage").size());
    }

    public void testBeginsAnewWhenAnotherRangeComes() throws Exception {
        first(2, (exchange, bytes) -> {
            if (asked.get() == 1) {
                FakeHub.send(exchange, bytes, 0, bytes.length / 2);
                return true;
            }
            exchange.getResponseHeaders().add("Content-Range", "bytes 7-" + (bytes.length - 1) + "/" + bytes.length);
            exchange.sendResponseHeaders(206, bytes.length - 7);
            exchange.getResponseBody().write(bytes, 7, bytes.length - 7);
            return true;
        });
        assertWhole(get());
        assertThat(asked("storage").getLast(), containsString(" null null"));
    }

    public void testGoesOnWithWhatAKilledProcessLeft() throws Exception {
        Files.write(part(), Arrays.copyOf(content, 60_000));
        assertEquals(60_000, cache.present(listed()));
        assertWhole(get());
        assertThat(asked("storage").getFirst(), containsString("bytes=60000-"));
    }

    public void testBeginsAnewWhenWhatAKilledProcessLeftIsWrong() throws Exception {
        byte[] wrong = Arrays.copyOf(content, 60_000);
        wrong[30_000]++;
        Files.write(part(), wrong);
        assertWhole(get());
        assertEquals(2, asked("storage").size());
    }

    public void testBeginsAnewWhenWhatAKilledProcessLeftIsTooLong() throws Exception {
        Files.write(part(), new byte[content.length + 1]);
        assertWhole(get());
        assertEquals(1, asked("storage").size());
    }

    public void testDamagedFileIsDownloadedAnewAfterAStart() throws Exception {
        Path file = get();
        byte[] damaged = content.clone();
        damaged[99]++;
        Files.write(file, damaged);
        cache = restarted();
        assertWhole(get());
        Files.write(file, Arrays.copyOf(content, 10));
        assertWhole(get());
        assertEquals(3, asked("storage").size());
    }

    public void testSlowDripIsGivenUp() throws Exception {
        stall = Duration.ofMillis(200);
        always((exchange, bytes) -> {
            hub.drip(exchange, bytes);
            return true;
        });
        assertThat(fails(), containsString("see plugins.clip.hub.stall_timeout"));
        assertEquals(5, asked("storage").size());
    }

    public void testCancellingEndsItAtOnce() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        always((exchange, bytes) -> {
            begun.countDown();
            hub.drip(exchange, bytes);
            return true;
        });
        Progress progress = progress();
        CompletableFuture<Path> file = CompletableFuture.supplyAsync(
                () -> cache.get(listed(), origin(), progress), threadPool().generic());
        await(begun);
        progress.cancel();
        var e = expectThrows(ExecutionException.class, () -> file.get(60, TimeUnit.SECONDS));
        assertEquals(ModelException.class, e.getCause().getClass());
        assertThat(e.getMessage(), containsString("cancelled"));
        assertEquals(1, asked("storage").size());
    }

    // ---- answers that are wrong

    public void testWrongBytesAreRefusedAndNothingIsLeft() throws Exception {
        always((exchange, bytes) -> {
            byte[] wrong = bytes.clone();
            wrong[500]++;
            FakeHub.send(exchange, wrong, 0, wrong.length);
            return true;
        });
        assertThat(fails(), containsString("as it was sent, declared is " + FakeHub.sha256(content)));
        assertEquals(List.of(), kept());
    }

    public void testWrongLengthIsRefused() throws Exception {
        always((exchange, bytes) -> {
            FakeHub.send(exchange, Arrays.copyOf(bytes, bytes.length - 1), 0, bytes.length - 1);
            return true;
        });
        assertThat(fails(), containsString("has 99999 bytes on the server, declared are 100000"));

        always((exchange, bytes) -> { // without a length: chunks
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(Arrays.copyOf(bytes, bytes.length + 1));
            exchange.getResponseBody().close();
            return true;
        });
        assertThat(fails(), containsString("has more bytes on the server, declared are 100000"));
        assertEquals(0, Files.size(part()));
    }

    public void testShortBodyWithoutALengthIsAskedForAgain() throws Exception {
        first(1, (exchange, bytes) -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(bytes, 0, 1000);
            exchange.getResponseBody().close();
            return true;
        });
        assertWhole(get());
        assertThat(asked("storage").getLast(), containsString("bytes=1000-"));
    }

    // ---- refusals

    private String refusedWith(int status) {
        asked.set(0);
        hub.requests.clear();
        always((exchange, bytes) -> {
            FakeHub.status(exchange, status);
            return true;
        });
        return fails();
    }

    public void testWhatWillNotPassIsAskedOnce() {
        assertEquals("[" + FILE + "] is not there (status 404)", refusedWith(404));
        assertEquals(1, asked("storage").size());
        assertEquals("[" + FILE + "] is answered with status 400", refusedWith(400));
        assertEquals(1, asked("storage").size());
    }

    public void testGatedFileSpeaksOfTheToken() {
        for (int status : List.of(401, 403)) {
            assertThat(
                    refusedWith(status),
                    containsString("refused with status " + status
                            + ": it is not there, private, or its terms have to be accepted first; the token in the keystore"
                            + " [plugins.clip.hub.token] does not open it"));
            assertThat(fails(), not(containsString(TOKEN)));
        }
        token = null;
        assertThat(refusedWith(401), containsString("[plugins.clip.hub.token] is not set"));
    }

    public void testProxyThatWantsANameSpeaksOfTheKeystore() {
        assertThat(
                refusedWith(407),
                containsString("is refused by the proxy (status 407): see [plugins.clip.hub.proxy.username] and"
                        + " [plugins.clip.hub.proxy.password] of the keystore"));
    }

    public void testServerErrorsAreAskedAgain() throws Exception {
        for (int status : List.of(500, 502, 503, 408)) {
            assertEquals("[" + FILE + "] is answered with status " + status, refusedWith(status));
            assertEquals(5, asked("storage").size());
        }
        asked.set(0);
        first(4, (exchange, bytes) -> {
            FakeHub.status(exchange, 500);
            return true;
        });
        assertWhole(get());
    }

    public void testWaitsAsLongAsTheServerSays() throws Exception {
        String[] retryAfter = {"1"};
        first(1, (exchange, bytes) -> {
            exchange.getResponseHeaders().add("Retry-After", retryAfter[0]);
            FakeHub.status(exchange, 429);
            return true;
        });
        long before = System.nanoTime();
        assertWhole(get());
        assertTrue(System.nanoTime() - before >= TimeUnit.SECONDS.toNanos(1));

        Files.delete(data.resolve("files").resolve(FakeHub.sha256(content)));
        asked.set(0);
        hub.requests.clear();
        retryAfter[0] = "86400"; // not on this thread: the next attempt of the load asks again
        assertEquals("[" + FILE + "] is answered with status 429", fails());
        assertEquals(1, asked("storage").size());
    }

    public void testRedirectIntoAPrivateNetworkIsNotFollowed() throws Exception {
        hub.close();
        hub = new FakeHub("127.0.0.2").with(FILE, content);
        network = "192.0.2.0/24";
        assertThat(fails(), containsString("see plugins.clip.hub.allowed_networks"));
        assertEquals(0, asked("storage").size());
        network = "127.0.0.2/32";
        assertWhole(get());
    }
}
