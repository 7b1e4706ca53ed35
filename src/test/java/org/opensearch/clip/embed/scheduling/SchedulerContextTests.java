// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;

/** Whoever is served by a run of several users goes on as himself: the context rule. */
public class SchedulerContextTests extends SchedulerTestCase {

    private static final List<String> USERS = List.of("alice", "bob", "carol");

    /** Where and as whom a listener was completed, and with what. */
    private record End(String thread, Map<String, String> headers, Object user, String outcome) {}

    private record Asked(PlainActionFuture<End> end, EmbedTask task) {}

    private Asked ask(String user, Request request) {
        PlainActionFuture<End> end = new PlainActionFuture<>();
        ThreadContext context = threadPool.getThreadContext();
        try (ThreadContext.StoredContext ignored = context.stashContext()) {
            context.putHeader("user", user);
            context.putTransient("user", user);
            EmbedTask task = submit(
                    request,
                    ActionListener.wrap(
                            r -> end.onResponse(end("answer")),
                            e -> end.onResponse(end(e.getClass().getSimpleName()))));
            return new Asked(end, task);
        }
    }

    private End end(String outcome) {
        ThreadContext context = threadPool.getThreadContext();
        return new End(Thread.currentThread().getName(), context.getHeaders(), context.getTransient("user"), outcome);
    }

    private static void assertEndedAs(String user, String outcome, Asked asked) {
        End end = asked.end().actionGet(AMPLE);
        assertEquals(outcome, end.outcome());
        assertEquals(user, end.user());
        assertEquals(Map.of("user", user), end.headers());
        assertTrue(end.thread(), end.thread().contains("[generic]"));
    }

    /** Each user's request waits while another one's runs; then all share a run. */
    private List<Asked> askTogether(String text) throws Exception {
        start(threads(1));
        model.shut();
        ask("mallory", texts(Lane.INGEST, "first"));
        model.awaitRuns(1);
        List<Asked> asked = new ArrayList<>();
        for (String user : USERS) {
            asked.add(ask(user, texts(Lane.INGEST, text)));
        }
        return asked;
    }

    public void testEachUserOfARunIsAnsweredAsHimself() throws Exception {
        List<Asked> asked = askTogether("text");
        model.open();
        for (int i = 0; i < USERS.size(); i++) {
            assertEndedAs(USERS.get(i), "answer", asked.get(i));
        }
        assertEquals("one run for all", List.of(1, USERS.size()), model.runs);
    }

    public void testEachUserOfARunThatFailsIsAnsweredAsHimself() throws Exception {
        List<Asked> asked = askTogether("poison");
        model.poison("poison");
        model.open();
        for (int i = 0; i < USERS.size(); i++) {
            assertEndedAs(USERS.get(i), "answer", asked.get(i));
        }
        assertEquals("a run that failed was for all", USERS.size(), (int) model.runs.get(1));
    }

    public void testEachUserWhoIsCancelledIsToldAsHimself() throws Exception {
        List<Asked> asked = askTogether("text");
        ThreadContext context = threadPool.getThreadContext();
        try (ThreadContext.StoredContext ignored = context.stashContext()) {
            context.putHeader("user", "admin");
            context.putTransient("user", "admin");
            asked.forEach(one -> one.task().cancel("by the admin"));
        }
        for (int i = 0; i < USERS.size(); i++) {
            assertEndedAs(USERS.get(i), "TaskCancelledException", asked.get(i));
        }
    }

    public void testEachUserWhoWaitsTooLongIsToldAsHimself() throws Exception {
        start(threads(1));
        model.shut();
        List<Asked> asked = new ArrayList<>();
        for (String user : USERS) {
            asked.add(ask(user, request(Lane.SEARCH, TimeValue.timeValueMillis(1), new Source.Text(user))));
        }
        model.awaitRuns(1);
        pass(TimeValue.timeValueSeconds(1));
        for (int i = 0; i < USERS.size(); i++) {
            assertEndedAs(USERS.get(i), "OpenSearchStatusException", asked.get(i));
        }
    }

    public void testWhoIsRefusedIsToldAsHimself() throws Exception {
        start(threads(1).put("plugins.clip.search.queue", 1));
        model.shut();
        ask("mallory", texts(Lane.SEARCH, "first"));
        model.awaitRuns(1);
        assertEndedAs("alice", "RejectedExecutionException", ask("alice", texts(Lane.SEARCH, "text")));
    }

    public void testWorkersHaveNoUser() throws Exception {
        start(threads(1));
        PlainActionFuture<Object> seen = new PlainActionFuture<>();
        model.onRun(() -> seen.onResponse(List.of(
                Thread.currentThread().getName(), threadPool.getThreadContext().getHeaders())));
        assertEndedAs("alice", "answer", ask("alice", texts(Lane.SEARCH, "text")));
        List<?> worker = (List<?>) seen.actionGet(AMPLE);
        assertTrue(worker.toString(), worker.get(0).toString().contains("[" + WorkerPools.SEARCH + "]"));
        assertEquals(Map.of(), worker.get(1));
    }
}
