// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.opensearch.clip.core.net.AddressPolicy;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.core.net.FetchPolicy;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.common.settings.Settings;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class TimersTests extends OpenSearchTestCase {

    private final CountDownLatch end = new CountDownLatch(1);
    private ThreadPool threadPool;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threadPool = new TestThreadPool(
                getTestName(),
                Settings.builder()
                        .put("thread_pool.generic.core", 1)
                        .put("thread_pool.generic.max", 2)
                        .build());
        CountDownLatch full = new CountDownLatch(2);
        IntStream.range(0, 3)
                .forEach(i -> threadPool.generic().execute(() -> {
                    full.countDown();
                    await(end);
                }));
        await(full);
    }

    @Override
    public void tearDown() throws Exception {
        end.countDown();
        terminate(threadPool);
        super.tearDown();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(1, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public void testATaskRunsAlthoughGenericIsFull() {
        CountDownLatch ran = new CountDownLatch(1);
        Timers.later(threadPool, ran::countDown, Duration.ofMillis(1));
        await(ran);
    }

    public void testAFetchEndsAtItsDeadlineAlthoughGenericIsFull() throws FetchException {
        // a byte each 50 ms: without a deadline it would be whole after 100 s
        byte[] content = new byte[2000];
        try (FakeHub hub = new FakeHub().with("whole", content).with("slow", content);
                Fetcher fetcher = new Fetcher((task, delay) -> Timers.later(threadPool, task, delay))) {
            hub.trouble("slow", (exchange, bytes) -> {
                hub.drip(exchange, bytes);
                return true;
            });
            String url = hub.url() + "/" + FakeHub.REPOSITORY + "/resolve/" + FakeHub.COMMIT + "/";
            assertArrayEquals(content, fetcher.get(url + "whole", within(Duration.ofMinutes(1))));
            var e = expectThrows(FetchException.class, () -> fetcher.get(url + "slow", within(Duration.ofMillis(500))));
            assertEquals(e.getMessage(), FetchException.Kind.TIMEOUT, e.kind());
        }
    }

    private static FetchPolicy within(Duration timeout) {
        return new FetchPolicy(
                List.of("*"), List.of(), AddressPolicy.opening(List.of("127.0.0.0/8")), timeout, 0, 10_000);
    }
}
