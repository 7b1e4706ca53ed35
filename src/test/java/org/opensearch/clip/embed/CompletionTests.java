// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class CompletionTests extends OpenSearchTestCase {

    private ThreadPool threadPool;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threadPool = new TestThreadPool(getTestName());
    }

    @Override
    public void tearDown() throws Exception {
        terminate(threadPool);
        super.tearDown();
    }

    /** Where a listener was completed: its thread and whose context it had. */
    private record Place(String thread, String user, String transientUser) {}

    private Place here() {
        ThreadContext context = threadPool.getThreadContext();
        return new Place(Thread.currentThread().getName(), context.getHeader("user"), context.getTransient("as"));
    }

    private PlainActionFuture<Place> future(boolean failure, String user, List<Completion<String>> completions) {
        PlainActionFuture<Place> place = new PlainActionFuture<>();
        ThreadContext context = threadPool.getThreadContext();
        try (ThreadContext.StoredContext ignored = context.stashContext()) {
            context.putHeader("user", user);
            context.putTransient("as", user);
            completions.add(new Completion<>(
                    threadPool,
                    ActionListener.wrap(
                            r -> place.onResponse(failure ? null : here()),
                            e -> place.onResponse(failure ? here() : null))));
        }
        return place;
    }

    public void testEndsOnGenericInTheContextOfTheCallerWhoeverEndsIt() throws Exception {
        List<Completion<String>> completions = new ArrayList<>();
        PlainActionFuture<Place> alice = future(false, "alice", completions);
        PlainActionFuture<Place> bob = future(true, "bob", completions);
        Thread mallory = new Thread(() -> {
            threadPool.getThreadContext().putHeader("user", "mallory");
            threadPool.getThreadContext().putTransient("as", "mallory");
            completions.get(0).onResponse("done");
            completions.get(1).onFailure(new IllegalStateException("failed"));
        });
        mallory.start();
        mallory.join();
        for (var expected : List.of(Map.entry("alice", alice), Map.entry("bob", bob))) {
            Place place = expected.getValue().get(10, TimeUnit.SECONDS);
            assertEquals(expected.getKey(), place.user());
            assertEquals(expected.getKey(), place.transientUser());
            assertTrue(place.thread(), place.thread().contains("[generic]"));
        }
    }

    public void testTellsTheFirstOutcomeOnly() throws Exception {
        AtomicInteger told = new AtomicInteger();
        CountDownLatch first = new CountDownLatch(1);
        Completion<String> completion = new Completion<>(
                threadPool,
                ActionListener.wrap(
                        r -> {
                            told.incrementAndGet();
                            first.countDown();
                        },
                        e -> told.addAndGet(100)));
        assertFalse(completion.isDone());
        completion.onResponse("a");
        assertTrue(completion.isDone());
        completion.onFailure(new IllegalStateException("b"));
        completion.onResponse("c");
        assertTrue(first.await(10, TimeUnit.SECONDS));
        terminate(threadPool);
        assertEquals(1, told.get());
    }

    public void testTellsTheCallerEvenWhileTheNodeShutsDown() {
        AtomicInteger told = new AtomicInteger();
        Completion<String> completion = new Completion<>(
                threadPool, ActionListener.wrap(r -> told.incrementAndGet(), e -> told.addAndGet(100)));
        terminate(threadPool);
        completion.onResponse("a");
        assertEquals(1, told.get());
    }
}
