// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.opensearch.ingest.IngestDocumentWrapper;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class BulkGroupTests extends OpenSearchTestCase {

    private static List<IngestDocumentWrapper> documents(int count) {
        return IntStream.range(0, count)
                .mapToObj(slot -> new IngestDocumentWrapper(slot, 0, null, null))
                .toList();
    }

    public void testStartsTwoSlicesAndTheNextWhenOneReturns() {
        List<List<IngestDocumentWrapper>> started = new ArrayList<>();
        List<Consumer<List<IngestDocumentWrapper>>> waiting = new ArrayList<>();
        List<List<IngestDocumentWrapper>> handled = new ArrayList<>();
        List<IngestDocumentWrapper> documents = documents(10);
        new BulkGroup(
                        documents,
                        3,
                        (slice, done) -> {
                            started.add(slice);
                            waiting.add(done);
                        },
                        handled::add)
                .start();
        assertEquals(2, started.size());
        waiting.get(1).accept(started.get(1));
        assertEquals(3, started.size());
        waiting.get(2).accept(started.get(2));
        assertEquals(4, started.size());
        assertEquals(1, started.get(3).size());
        waiting.get(3).accept(started.get(3));
        assertEquals(List.of(), handled);
        waiting.get(0).accept(started.get(0));
        assertEquals(List.of(documents), handled);
    }

    public void testLongGroupWhoseSlicesCompleteAtOnceDoesNotRecurse() {
        List<IngestDocumentWrapper> documents = documents(100_000);
        AtomicInteger calls = new AtomicInteger();
        new BulkGroup(documents, 1, (slice, done) -> done.accept(slice), all -> {
                    calls.incrementAndGet();
                    assertEquals(documents, all);
                })
                .start();
        assertEquals(1, calls.get());
    }

    public void testSlicesThatReturnOnManyThreadsStayBoundedAndOrdered() throws Exception {
        ThreadPool threads = new TestThreadPool(getTestName());
        try {
            List<IngestDocumentWrapper> documents = documents(5000);
            AtomicInteger running = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            List<List<IngestDocumentWrapper>> handled = Collections.synchronizedList(new ArrayList<>());
            var done = new CountDownLatch(1);
            new BulkGroup(
                            documents,
                            7,
                            (slice, result) -> {
                                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                                threads.generic().execute(() -> {
                                    running.decrementAndGet();
                                    result.accept(slice);
                                });
                            },
                            all -> {
                                handled.add(all);
                                done.countDown();
                            })
                    .start();
            assertTrue(done.await(30, TimeUnit.SECONDS));
            assertEquals(List.of(documents), handled);
            assertTrue("in flight: " + most, most.get() <= BulkGroup.IN_FLIGHT);
        } finally {
            ThreadPool.terminate(threads, 30, TimeUnit.SECONDS);
        }
    }
}
