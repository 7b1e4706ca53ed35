// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.engine.RunControl;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.tasks.TaskCancelledException;

/** How long runs are, what ends them, and on how many cores they go. */
public class SchedulerRunsTests extends SchedulerTestCase {

    private static final TimeValue SECOND = TimeValue.timeValueSeconds(1);

    private static Source[] pictures(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> base64(picture(i))).toArray(Source[]::new);
    }

    /** Each run takes so much time for each of its inputs. */
    private void eachTakes(TimeValue time) {
        model.onRun(() -> now.addAndGet(time.nanos() * model.runs.getLast()));
    }

    public void testASharedRunIsAsLongAsItsInputsAreExpectedToTake() {
        start(threads(1));
        eachTakes(TimeValue.timeValueMillis(60));
        List<Result> results = results(submit(request(Lane.INGEST, null, pictures(0, 12))));
        assertEquals(12, results.size());
        assertEquals("4 x 60 ms are within 250", List.of(1, 4, 4, 3), model.runs);
    }

    public void testAnInputThatTakesLongGoesAloneAndHasItsOwnTime() {
        start(threads(1).put("plugins.clip.ingest.timeout", "5s"));
        eachTakes(TimeValue.timeValueSeconds(4));
        Source[] pictures = pictures(0, 8);
        List<Result> results = results(submit(request(Lane.INGEST, null, pictures)));
        assertEquals(List.of(1, 1, 1, 1, 1, 1, 1, 1), model.runs);
        for (int i = 0; i < 8; i++) {
            assertSolo(pictures[i], results.get(i));
        }
    }

    public void testWhatSharesARunThatTakesTooLongRunsAloneWithItsOwnTime() throws Exception {
        start(threads(1).put("plugins.clip.ingest.timeout", "5s"));
        results(submit(request(Lane.INGEST, null, base64(picture(0)))));
        model.shut();
        Source[] pictures = pictures(1, 4);
        PlainActionFuture<Response> answer = submit(request(Lane.INGEST, null, pictures));
        model.awaitRuns(2);
        assertEquals(List.of(1, 3), model.runs);
        pass(TimeValue.timeValueSeconds(6));
        assertFalse("late is the run, not one of them", answer.isDone());
        model.endAtLimit();
        model.open();
        List<Result> results = results(answer);
        assertEquals(List.of(1, 3, 1, 1, 1), model.runs);
        for (int i = 0; i < 3; i++) {
            assertSolo(pictures[i], results.get(i));
        }
    }

    public void testOneThatTakesTooLongByItselfIsATimeout() throws Exception {
        start(threads(1));
        model.shut();
        PlainActionFuture<Response> answer =
                submit(request(Lane.INGEST, SECOND, new Source.Text(" "), base64(picture(0))));
        model.awaitRuns(1);
        assertEquals(1, model.controls.getFirst().limitOr(null).toSeconds());
        model.endAtLimit();
        assertEquals("timeout", failure(results(answer).get(1)).type());
        assertEquals("it is not repeated", List.of(1), model.runs);
    }

    public void testARunThatNobodyWaitsForIsStoppedAndNotRepeated() throws Exception {
        start(threads(1));
        results(submit(request(Lane.INGEST, null, base64(picture(0)))));
        model.shut();
        PlainActionFuture<Response> gone = new PlainActionFuture<>();
        EmbedTask task = submit(request(Lane.INGEST, null, pictures(1, 4)), gone);
        model.awaitRuns(2);
        task.cancel("by test");
        expectThrows(TaskCancelledException.class, () -> gone.actionGet(AMPLE));
        assertBusy(() -> assertEquals("free although the door is shut", 0, gauge("running_workers")));
        assertTrue(model.controls.getLast().isStopped());
        assertEquals(List.of(1, 3), model.runs);
    }

    public void testARunGoesOnWhileOneOfItsCallersWaits() throws Exception {
        start(threads(1));
        results(submit(request(Lane.INGEST, null, base64(picture(0)))));
        model.shut();
        PlainActionFuture<Response> first = submit(texts(Lane.INGEST, "first"));
        model.awaitRuns(2);
        PlainActionFuture<Response> gone = new PlainActionFuture<>();
        EmbedTask goes = submit(request(Lane.INGEST, null, pictures(1, 3)), gone);
        PlainActionFuture<Response> stays = submit(request(Lane.INGEST, null, pictures(3, 4)));
        model.onRun(() -> {
            if (model.runs.getLast() == 3) {
                goes.cancel("by test");
            }
        });
        model.open();
        results(first);
        assertSolo(base64(picture(3)), results(stays).getFirst());
        expectThrows(TaskCancelledException.class, () -> gone.actionGet(AMPLE));
        assertFalse(model.controls.getLast().isStopped());
    }

    private static Request query(String text) {
        return new Request("tiny", List.of(new Source.Text(text)), Lane.SEARCH, Side.QUERY, null, null);
    }

    public void testASearchThatFollowsARunKeepsItGoing() throws Exception {
        start(threads(2));
        model.shut();
        PlainActionFuture<Response> gone = new PlainActionFuture<>();
        EmbedTask goes = submit(query("a dog"), gone);
        model.awaitRuns(1);
        PlainActionFuture<Response> follows = submit(query("a dog"));
        assertBusy(() -> assertEquals("the follower waits in the cache", 1, gauge("running_search_workers")));
        goes.cancel("by test");
        expectThrows(TaskCancelledException.class, () -> gone.actionGet(AMPLE));
        assertFalse(model.controls.getFirst().isStopped());
        model.open();
        Result dog = results(follows).getFirst();
        assertEquals(1, model.inputsRun());
        assertSolo(new Source.Text("a dog"), dog);
    }

    public void testASearchThatFollowsARunKeepsItsOwnTime() throws Exception {
        start(threads(2));
        model.shut();
        PlainActionFuture<Response> leads = submit(query("a dog"));
        model.awaitRuns(1);
        PlainActionFuture<Response> follows = new PlainActionFuture<>();
        Request hurried = new Request("tiny", List.of(new Source.Text("a dog")), Lane.SEARCH, Side.QUERY, SECOND, null);
        submit(hurried, follows);
        assertBusy(() -> assertEquals("the follower waits in the cache", 1, gauge("running_search_workers")));
        pass(TimeValue.timeValueMillis(1001));
        expectThrows(Exception.class, () -> follows.actionGet(AMPLE));
        assertFalse(leads.isDone());
        model.open();
        assertSolo(new Source.Text("a dog"), results(leads).getFirst());
    }

    public void testASearchThatFollowsARunAtItsLimitHasItsOwn() throws Exception {
        start(threads(2));
        model.shut();
        PlainActionFuture<Response> late = submit(query("a dog"));
        model.awaitRuns(1);
        PlainActionFuture<Response> follows = submit(query("a dog"));
        assertBusy(() -> assertEquals("the follower waits in the cache", 1, gauge("running_search_workers")));
        model.endAtLimit();
        expectThrows(Exception.class, () -> late.actionGet(AMPLE));
        model.open();
        Result dog = results(follows).getFirst();
        assertEquals(List.of(1, 1), model.runs);
        assertSolo(new Source.Text("a dog"), dog);
    }

    public void testOneCallerOfAQuietNodeHasAllCoresIfItIsWorthThem() throws Exception {
        start(threads(2));
        eachTakes(TimeValue.timeValueMillis(10));
        for (String text : List.of("a", "b", "c")) {
            results(submit(texts(Lane.SEARCH, text)));
            assertBusy(() -> assertEquals(0, gauge("running_search_workers")));
        }
        assertEquals("what it costs is known then", List.of(false, true, true), allCores());
        model.controls.clear();
        eachTakes(TimeValue.timeValueMillis(1));
        for (int i = 0; i < 12; i++) {
            results(submit(request(Lane.INGEST, null, base64(picture(i)))));
        }
        assertFalse("a run of a millisecond", allCores().contains(true));
    }

    public void testSeveralCallersHaveOneEach() throws Exception {
        start(threads(2));
        eachTakes(TimeValue.timeValueMillis(10));
        results(submit(texts(Lane.SEARCH, "first")));
        model.controls.clear();
        model.shut();
        List<PlainActionFuture<Response>> answers = new ArrayList<>();
        answers.add(submit(texts(Lane.INGEST, "ingest")));
        model.awaitRuns(2);
        answers.add(submit(texts(Lane.SEARCH, "search")));
        model.awaitRuns(1);
        assertEquals(List.of(true, false), allCores());
        model.open();
        answers.forEach(answer -> assertEquals(1, results(answer).size()));
    }

    private List<Boolean> allCores() {
        return model.controls.stream().map(RunControl::allCores).toList();
    }
}
