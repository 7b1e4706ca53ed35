// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Source;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;

/** What searches ask for twice is made once. */
public class SchedulerCacheTests extends SchedulerTestCase {

    private static Request query(Source... sources) {
        return new Request("tiny", List.of(sources), Lane.SEARCH, Side.QUERY, null, null);
    }

    private static Source.Text text(String text) {
        return new Source.Text(text);
    }

    private long cache(String name) {
        return ((Number) ((Map<?, ?>) stats.snapshot().get("query_cache")).get(name)).longValue();
    }

    private void assertCache(int hits, int misses, int joined, int entries) {
        assertEquals("hits", hits, cache("hits"));
        assertEquals("misses", misses, cache("misses"));
        assertEquals("joined", joined, cache("joined"));
        assertEquals("entries", entries, cache("entries"));
    }

    public void testATextIsEmbeddedOnce() {
        start(threads(1));
        List<Result> dogs = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            dogs.addAll(results(submit(query(text("a dog")))));
        }
        List<Result> both = results(submit(query(text("a cat"), text("a dog"))));
        assertEquals(2, model.inputsRun());
        assertCache(3, 2, 0, 2);
        dogs.forEach(dog -> assertSolo(text("a dog"), dog));
        assertSolo(text("a cat"), both.get(0));
        assertSolo(text("a dog"), both.get(1));
    }

    public void testAPictureIsKnownByItsBytesHoweverTheyAreWritten() {
        start(threads(1));
        Source.Image plain = base64(picture(1));
        Source.Image uri = new Source.Image("data:image/png;base64," + plain.image());
        List<Result> all = new ArrayList<>();
        for (Source source : List.of(plain, uri, base64(picture(2)))) {
            all.addAll(results(submit(query(source))));
        }
        assertEquals(2, model.inputsRun());
        assertCache(1, 2, 0, 2);
        assertSolo(plain, all.get(0));
        assertSolo(plain, all.get(1));
        assertSolo(base64(picture(2)), all.get(2));
    }

    public void testIngestAndPassagesAreNotKept() {
        start(threads(1));
        for (int i = 0; i < 2; i++) {
            results(submit(texts(Lane.INGEST, "a dog")));
            results(submit(texts(Lane.SEARCH, "a dog")));
        }
        assertEquals(4, model.inputsRun());
        assertCache(0, 0, 0, 0);
    }

    public void testTheSameInputRunsOnceHoweverManyAskAtATime() throws Exception {
        start(threads(3));
        model.shut();
        List<PlainActionFuture<Response>> asked = new ArrayList<>();
        asked.add(submit(query(text("a dog"))));
        model.awaitRuns(1);
        for (int i = 0; i < 8; i++) {
            asked.add(submit(query(text("a dog"))));
        }
        assertBusy(() -> assertEquals("taken while the first still runs", 8, cache("joined")));
        var cat = submit(query(text("a dog"), text("a cat")));
        model.awaitRuns(1);
        // the cat may run on one thread while another, which has the dog, has not asked yet
        assertBusy(() -> assertEquals(9, cache("joined")));
        model.open();
        List<Result> dogs = new ArrayList<>();
        asked.forEach(future -> dogs.add(results(future).getFirst()));
        dogs.add(results(cat).getFirst());
        assertEquals("one dog and one cat", 2, model.inputsRun());
        assertCache(0, 2, 9, 2);
        dogs.forEach(dog -> assertSolo(text("a dog"), dog));
    }

    public void testWhoeverGivesUpDoesNotTakeTheOthersAlong() throws Exception {
        start(threads(2));
        model.shut();
        PlainActionFuture<Response> first = new PlainActionFuture<>();
        EmbedTask task = submit(query(text("a dog")), first);
        model.awaitRuns(1);
        var second = submit(query(text("a dog")));
        PlainActionFuture<Response> third = new PlainActionFuture<>();
        EmbedTask thirds = submit(query(text("a dog")), third);
        assertBusy(() -> assertEquals(2, cache("joined")));
        task.cancel("by test");
        thirds.cancel("by test");
        expectThrows(TaskCancelledException.class, () -> first.actionGet(AMPLE));
        expectThrows(TaskCancelledException.class, () -> third.actionGet(AMPLE));
        model.open();
        Result dog = results(second).getFirst();
        assertEquals(1, model.inputsRun());
        assertSolo(text("a dog"), dog);
    }

    public void testWhatFailsIsNotKept() {
        start(threads(1));
        model.poison("a dog");
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    "model_failed",
                    failure(results(submit(query(text("a dog")))).getFirst()).type());
            assertEquals(
                    RestStatus.BAD_REQUEST,
                    failure(results(submit(query(new Source.Image("bm8=")))).getFirst())
                            .status());
        }
        assertEquals(2, model.inputsRun());
        assertCache(0, 2, 0, 0);
    }

    public void testTheLeastRecentlyUsedGoesFirst() {
        long one = 300 + 4L * model.encoder.description().dimension();
        start(threads(1).put("plugins.clip.query_cache.size", 2 * one + "b"));
        for (String text : List.of("a", "b", "a", "c")) {
            results(submit(query(text(text))));
        }
        assertCache(1, 3, 0, 2);
        assertEquals(1, cache("evictions"));
        assertEquals(2 * one, cache("bytes"));
        results(submit(query(text("a"))));
        assertEquals("a was used after b", 2, cache("hits"));
        results(submit(query(text("b"))));
        assertEquals("b had to go", 4, cache("misses"));
    }

    public void testNothingIsKeptWithoutRoom() {
        start(threads(1).put("plugins.clip.query_cache.size", "0b"));
        results(submit(query(text("a dog"))));
        results(submit(query(text("a dog"))));
        assertEquals(2, model.inputsRun());
        assertCache(0, 2, 0, 0);
    }

    public void testWhatIsUnloadedIsForgotten() {
        start(threads(1));
        results(submit(query(text("a dog"))));
        scheduler.retain((id, fingerprint) -> id.equals("tiny") && fingerprint.equals("f"));
        assertEquals(1, cache("entries"));
        scheduler.retain((id, fingerprint) -> fingerprint.equals("another"));
        assertEquals(0, cache("entries"));
        assertEquals(0, cache("bytes"));
        results(submit(query(text("a dog"))));
        assertEquals(2, model.inputsRun());
    }
}
