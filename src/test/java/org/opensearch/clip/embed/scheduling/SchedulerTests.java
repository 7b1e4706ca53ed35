// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;

public class SchedulerTests extends SchedulerTestCase {

    private String words(int n) {
        return String.join(
                " ",
                IntStream.range(0, n)
                        .mapToObj(i -> randomAlphaOfLengthBetween(1, 4))
                        .toList());
    }

    public void testEveryInputGetsItsOwnVectorWhateverSharesItsRun() {
        start(threads(3));
        List<Source> known = new ArrayList<>();
        List<Request> requests = new ArrayList<>();
        List<PlainActionFuture<Response>> answers = new ArrayList<>();
        for (int inputs = 0; inputs < 10_000; ) {
            Source[] sources = new Source[randomBoolean() ? 1 : randomIntBetween(1, 300)];
            for (int i = 0; i < sources.length; i++) {
                sources[i] = rarely()
                        ? base64(picture(randomIntBetween(0, 50)))
                        : known.isEmpty() || randomBoolean()
                                ? new Source.Text(words(randomIntBetween(1, 12)))
                                : randomFrom(known);
                known.add(sources[i]);
            }
            Request request = request(randomFrom(Lane.values()), null, sources);
            requests.add(request);
            answers.add(submit(request));
            inputs += sources.length;
            if (answers.size() % 100 == 0) {
                answers.forEach(answer -> answer.actionGet(AMPLE));
            }
        }
        for (int r = 0; r < requests.size(); r++) {
            List<Result> results = results(answers.get(r));
            assertEquals(requests.get(r).inputs().size(), results.size());
            for (int i = 0; i < results.size(); i++) {
                assertSolo(requests.get(r).inputs().get(i), results.get(i));
            }
        }
        assertTrue("runs were shared", model.runs.stream().anyMatch(n -> n > 8));
    }

    public void testAnInputThatMakesARunFailFailsAlone() {
        start(threads(2));
        model.poison("poison");
        List<Integer> bad = randomSubsetOf(
                randomIntBetween(1, 5), IntStream.range(0, 40).boxed().toList());
        Request request = request(
                Lane.INGEST,
                null,
                IntStream.range(0, 40)
                        .mapToObj(i -> new Source.Text(bad.contains(i) ? "poison" : "text " + i))
                        .toArray(Source[]::new));
        List<Result> results = results(submit(request));
        for (int i = 0; i < results.size(); i++) {
            if (bad.contains(i)) {
                assertEquals("model_failed", failure(results.get(i)).type());
            } else {
                assertSolo(request.inputs().get(i), results.get(i));
            }
        }
    }

    /** Each way in which an input is bad: before it is prepared, while it is, and in its run. */
    private static final Map<Source, String> BAD = Map.of(
            new Source.Text(" "), "invalid_text",
            new Source.Text("poison"), "model_failed",
            new Source.Image("not a picture"), "invalid_image",
            new Source.Image("bm90IGEgcGljdHVyZQ=="), "invalid_image");

    public void testExactlyTheBadOnesFailWhateverTheBatchAndWhereverTheyAre() {
        start(threads(2));
        model.poison("poison");
        for (int size = 1; size <= 64; size++) {
            List<Integer> at = IntStream.range(0, size).boxed().toList();
            // one bad input at each position of small batches, and some of them anywhere in all
            for (int bad : size <= 8 ? at : randomSubsetOf(2, at)) {
                assertOnlyTheBadFail(size, Set.of(bad));
            }
            assertOnlyTheBadFail(size, Set.copyOf(randomSubsetOf(randomIntBetween(1, size), at)));
        }
    }

    private void assertOnlyTheBadFail(int size, Set<Integer> bad) {
        Source[] sources = new Source[size];
        for (int i = 0; i < size; i++) {
            sources[i] = bad.contains(i)
                    ? randomFrom(BAD.keySet())
                    : randomBoolean() ? new Source.Text("text " + i) : base64(picture(i));
        }
        List<Result> results = results(submit(request(randomFrom(Lane.values()), null, sources)));
        for (int i = 0; i < size; i++) {
            if (bad.contains(i)) {
                assertEquals(BAD.get(sources[i]), failure(results.get(i)).type());
            } else {
                assertSolo(sources[i], results.get(i));
            }
        }
    }

    public void testAnInputThatCannotBeReadFailsAlone() {
        start(threads(1).put("plugins.clip.image.max_pixels", 63).put("plugins.clip.text.max_bytes", "8b"));
        Request request = request(
                Lane.INGEST,
                null,
                new Source.Text("  \n"),
                new Source.Image("not a picture"),
                new Source.Image("bm90IGEgcGljdHVyZQ=="),
                base64(picture(1)),
                new Source.Text("good"),
                new Source.Text("longer than eight"));
        List<Result> results = results(submit(request));
        assertEquals("invalid_text", failure(results.get(0)).type());
        assertEquals("invalid_image", failure(results.get(1)).type());
        assertEquals("invalid_image", failure(results.get(2)).type());
        assertEquals("image_too_large", failure(results.get(3)).type());
        assertTrue(failure(results.get(3))
                .reason()
                .contains("[8x8] pixels, more than [63] (plugins.clip.image.max_pixels)"));
        assertSolo(request.inputs().get(4), results.get(4));
        assertFalse(((Vector) results.get(4)).truncated());
        assertTrue(((Vector) results.get(5)).truncated());
        assertArrayEquals(model.solo(new Input.Text("longer t")), vector(results.get(5)), 1e-4f);
    }

    public void testTheSameInputTwiceInARequestIsRunOnce() {
        start(threads(2));
        Request request = texts(Lane.INGEST, "a", "b", "a", "a", "b");
        List<Result> results = results(submit(request));
        assertEquals(2, model.inputsRun());
        for (int i = 0; i < results.size(); i++) {
            assertSolo(request.inputs().get(i), results.get(i));
        }
    }

    public void testIdleWorkersShareAFewPictures() throws Exception {
        start(threads(2));
        model.shut();
        PlainActionFuture<Response> answer = submit(request(
                Lane.INGEST,
                null,
                IntStream.range(0, 6).mapToObj(i -> base64(picture(i))).toArray(Source[]::new)));
        model.awaitRuns(2);
        assertTrue(model.runs.toString(), model.runs.stream().allMatch(n -> n <= 3));
        model.open();
        assertEquals(6, results(answer).size());
    }

    public void testOneRunServesSeveralRequestsAndPicturesGoEightByEight() throws Exception {
        start(threads(1));
        model.shut();
        PlainActionFuture<Response> first = submit(texts(Lane.INGEST, "first"));
        model.awaitRuns(1);
        List<PlainActionFuture<Response>> answers = new ArrayList<>();
        IntStream.range(0, 20).forEach(i -> answers.add(submit(request(Lane.INGEST, null, base64(picture(i))))));
        model.open();
        answers.forEach(answer -> assertEquals(1, results(answer).size()));
        assertEquals(1, results(first).size());
        assertEquals("the first picture shows what they cost", List.of(1, 1, 8, 8, 3), model.runs);
    }

    public void testASearchRunsAtOnceWhateverIngestDoes() throws Exception {
        start(threads(1));
        model.shut();
        PlainActionFuture<Response> running = submit(texts(Lane.INGEST, "running"));
        model.awaitRuns(1);
        List<PlainActionFuture<Response>> waiting = new ArrayList<>();
        IntStream.range(0, 16).forEach(i -> waiting.add(submit(request(Lane.INGEST, null, base64(picture(i))))));
        PlainActionFuture<Response> search = submit(texts(Lane.SEARCH, "query"));
        model.awaitRuns(1);
        assertEquals("the query runs beside the text, before the pictures", 1, gauge("running_search_workers"));
        assertEquals(1, gauge("running_workers"));
        assertFalse(running.isDone());
        model.open();
        assertSolo(new Source.Text("query"), results(search).getFirst());
        assertSolo(new Source.Text("running"), results(running).getFirst());
        waiting.forEach(answer -> assertEquals(1, results(answer).size()));
    }

    public void testAListenerThatBlocksSlowsNobody() {
        start(threads(1));
        CountDownLatch blocked = new CountDownLatch(1);
        for (int i = 0; i < 3; i++) {
            submit(
                    texts(Lane.INGEST, "text " + i),
                    ActionListener.wrap(r -> blocked.await(1, TimeUnit.MINUTES), e -> {}));
        }
        assertEquals(1, results(submit(texts(Lane.INGEST, "next"))).size());
        blocked.countDown();
    }

    public void testSearchLaneIsBoundedInRequests() throws Exception {
        start(threads(1).put("plugins.clip.search.queue", 2));
        model.shut();
        PlainActionFuture<Response> running = submit(texts(Lane.SEARCH, "running"));
        model.awaitRuns(1);
        PlainActionFuture<Response> waiting = submit(texts(Lane.SEARCH, "waiting"));
        PlainActionFuture<Response> refused = submit(texts(Lane.SEARCH, "refused"));
        Exception e = expectThrows(OpenSearchException.class, () -> refused.actionGet(AMPLE));
        assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(e));
        assertTrue(e.getMessage(), e.getMessage().contains("plugins.clip.search.queue"));
        assertEquals("ingest has room of its own", 0, gauge("ingest_requests"));
        PlainActionFuture<Response> ingest = submit(texts(Lane.INGEST, "ingest"));
        model.open();
        for (var answer : List.of(running, waiting, ingest)) {
            assertEquals(1, results(answer).size());
        }
        assertEquals(1, results(submit(texts(Lane.SEARCH, "later"))).size());
    }

    public void testIngestLaneIsBoundedInBytesAndWhatIsAloneAlwaysFits() throws Exception {
        start(threads(1).put("plugins.clip.ingest.queue", "4kb"));
        model.shut();
        PlainActionFuture<Response> large = submit(texts(Lane.INGEST, words(5000)));
        model.awaitRuns(1);
        PlainActionFuture<Response> refused = submit(texts(Lane.INGEST, "small"));
        Exception e = expectThrows(OpenSearchException.class, () -> refused.actionGet(AMPLE));
        assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(e));
        assertTrue(e.getMessage(), e.getMessage().contains("[4kb] (plugins.clip.ingest.queue)"));
        PlainActionFuture<Response> search = submit(texts(Lane.SEARCH, "search"));
        model.open();
        assertEquals(1, results(large).size());
        assertEquals(1, results(search).size());
        assertEquals(1, results(submit(texts(Lane.INGEST, "small"))).size());
        assertEquals(Map.of("rejected", 1L), ofModel("failures"));
    }

    public void testSearchLaneIsBoundedInBytesTooAndWhatIsAloneAlwaysFits() throws Exception {
        start(threads(1).put("plugins.clip.ingest.queue", "4kb"));
        model.shut();
        PlainActionFuture<Response> large = submit(texts(Lane.SEARCH, words(5000)));
        model.awaitRuns(1);
        PlainActionFuture<Response> refused = submit(texts(Lane.SEARCH, "small"));
        Exception e = expectThrows(OpenSearchException.class, () -> refused.actionGet(AMPLE));
        assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(e));
        assertTrue(
                e.getMessage(),
                e.getMessage().contains("over [4kb], which each lane may hold (plugins.clip.ingest.queue)"));
        PlainActionFuture<Response> ingest = submit(texts(Lane.INGEST, "ingest"));
        model.open();
        assertEquals(1, results(large).size());
        assertEquals(1, results(ingest).size());
        assertEquals(1, results(submit(texts(Lane.SEARCH, "small"))).size());
    }

    public void testManyTinyInputsHoldTheVectorsThatTheyGet() throws Exception {
        start(threads(1).put("plugins.clip.ingest.queue", "200kb"));
        model.shut();
        String[] words = IntStream.range(0, 300).mapToObj(i -> "w" + i).toArray(String[]::new);
        PlainActionFuture<Response> many = submit(texts(Lane.SEARCH, words));
        model.awaitRuns(1);
        long held = (Long) ((Map<?, ?>) stats.snapshot().get("lanes")).get("search_bytes");
        long ofVectors = 300L * 16 * Float.BYTES;
        assertTrue("[" + held + "] for [" + ofVectors + "] of vectors", held > ofVectors + 300 * 512);
        model.open();
        assertEquals(300, results(many).size());
    }

    private Object ofModel(String key) {
        return ((Map<?, ?>) ((Map<?, ?>) stats.snapshot().get("models")).get("tiny")).get(key);
    }

    public void testWhatRunsTooLongFailsAndItsModelStaysOpenUntilTheRunEnds() throws Exception {
        start(threads(1));
        model.stopListening();
        model.shut();
        PlainActionFuture<Response> late =
                submit(request(Lane.INGEST, TimeValue.timeValueMillis(1), new Source.Text("late")));
        model.awaitRuns(1);
        pass(TimeValue.timeValueMillis(1));
        assertFalse(late.isDone());
        pass(TimeValue.timeValueNanos(1));
        Exception e = expectThrows(OpenSearchStatusException.class, () -> late.actionGet(AMPLE));
        assertEquals(RestStatus.GATEWAY_TIMEOUT, ExceptionsHelper.status(e));
        assertTrue(
                e.getMessage(),
                e.getMessage().contains("[1ms]") && e.getMessage().contains("plugins.clip.ingest.timeout"));
        assertEquals(1, model.refs.get());
    }

    public void testATimeoutConcernsOnlyTheInputsThatAreLate() throws Exception {
        start(threads(1));
        PlainActionFuture<Response> mixed = new PlainActionFuture<>();
        model.shut();
        submit(
                request(Lane.INGEST, TimeValue.timeValueMillis(500), new Source.Text(" "), new Source.Text("late")),
                mixed);
        model.awaitRuns(1);
        pass(TimeValue.timeValueMillis(501));
        List<Result> results = results(mixed);
        assertEquals("invalid_text", failure(results.get(0)).type());
        assertEquals("timeout", failure(results.get(1)).type());
        assertEquals(RestStatus.GATEWAY_TIMEOUT, failure(results.get(1)).status());
    }

    public void testTimeInQueueIsNotTheTimeoutAndHasItsOwnLimit() throws Exception {
        start(threads(1).put("plugins.clip.ingest.max_queue_time", "300ms"));
        model.shut();
        PlainActionFuture<Response> running = submit(texts(Lane.INGEST, "running"));
        model.awaitRuns(1);
        PlainActionFuture<Response> waiting =
                submit(request(Lane.INGEST, TimeValue.timeValueMillis(1), new Source.Text("waiting")));
        pass(TimeValue.timeValueMillis(300));
        assertFalse("its own time stands while it waits", waiting.isDone());
        pass(TimeValue.timeValueMillis(1));
        Exception e = expectThrows(OpenSearchStatusException.class, () -> waiting.actionGet(AMPLE));
        assertEquals(RestStatus.GATEWAY_TIMEOUT, ExceptionsHelper.status(e));
        assertTrue(e.getMessage(), e.getMessage().contains("[300ms] (plugins.clip.ingest.max_queue_time)"));
        model.open();
        assertEquals(1, results(running).size());
        assertEquals("what waited too long never ran", 1, model.inputsRun());
    }

    public void testWhatIsCancelledLeavesTheQueue() throws Exception {
        start(threads(1));
        model.stopListening();
        model.shut();
        PlainActionFuture<Response> first = new PlainActionFuture<>();
        PlainActionFuture<Response> second = new PlainActionFuture<>();
        EmbedTask running = submit(texts(Lane.SEARCH, "running"), first);
        model.awaitRuns(1);
        EmbedTask waiting = submit(texts(Lane.SEARCH, "a", "b", "c"), second);
        assertEquals(3, gauge("waiting_inputs"));
        waiting.cancel("test");
        running.cancel("test");
        expectThrows(TaskCancelledException.class, () -> second.actionGet(AMPLE));
        expectThrows(TaskCancelledException.class, () -> first.actionGet(AMPLE));
        assertEquals(0, gauge("waiting_inputs"));
        assertEquals(0, gauge("search_requests"));
        assertEquals("the run in progress holds its model", 1, model.refs.get());
        assertEquals(Map.of("cancelled", 2L), ofModel("failures"));
        model.open();
        assertEquals(1, results(submit(texts(Lane.SEARCH, "next"))).size());
        assertEquals(2, model.inputsRun());
    }

    public void testWhatWasCancelledBeforeItCameNeverRuns() {
        start(threads(1));
        PlainActionFuture<Response> answer = new PlainActionFuture<>();
        EmbedTask task = newTask();
        task.cancel("test");
        model.shut();
        submit(texts(Lane.SEARCH, "late"), task, answer);
        expectThrows(TaskCancelledException.class, () -> answer.actionGet(AMPLE));
        assertEquals(0, gauge("search_requests"));
    }

    public void testAPictureWithoutMemoryToDecodeItFailsAlone() {
        start(threads(1)
                .put("indices.breaker.request.limit", "2kb")
                .put("indices.breaker.total.use_real_memory", false));
        Request request =
                request(Lane.INGEST, null, base64(picture(1)), base64(picture(2, 100)), new Source.Text("text"));
        List<Result> results = results(submit(request));
        assertSolo(request.inputs().get(0), results.get(0));
        assertEquals("circuit_breaking", failure(results.get(1)).type());
        assertEquals(RestStatus.TOO_MANY_REQUESTS, failure(results.get(1)).status());
        assertSolo(request.inputs().get(2), results.get(2));
    }

    public void testAPictureWaitsForMemoryThatOthersGiveBack() throws Exception {
        start(threads(1)
                .put("indices.breaker.request.limit", "1mb")
                .put("indices.breaker.total.use_real_memory", false));
        breaker.addWithoutBreaking(1 << 20);
        Source picture = base64(picture(2, 100));
        PlainActionFuture<Response> answer = submit(request(Lane.INGEST, null, picture));
        assertBusy(() -> assertTrue("was asked for", breaker.getTrippedCount() > 0));
        assertFalse(answer.isDone());
        breaker.addWithoutBreaking(-(1 << 20));
        assertSolo(picture, results(answer).getFirst());
    }

    public void testCountsWhatItDid() {
        start(threads(1));
        results(submit(request(Lane.INGEST, null, new Source.Text("a"), new Source.Text(" "), base64(picture(1)))));
        assertEquals(Map.of("texts", 1L, "images", 1L), ofModel("embedded"));
        assertEquals(Map.of("invalid_text", 1L), ofModel("failures"));
        assertEquals(Map.of("ingest", 1L), ofModel("requests"));
        assertEquals(2L, ofModel("runs"));
        Map<?, ?> latency = (Map<?, ?>) ofModel("latency_in_micros");
        assertEquals(Set.of("queue", "fetch", "decode", "tokenize", "infer"), latency.keySet());
        assertEquals(2L, ((Map<?, ?>) latency.get("infer")).get("count"));
        assertEquals(2L, ((Map<?, ?>) latency.get("queue")).get("count"));
        assertEquals(1L, ((Map<?, ?>) latency.get("decode")).get("count"));
        assertEquals(1L, ((Map<?, ?>) latency.get("tokenize")).get("count"));
    }
}
