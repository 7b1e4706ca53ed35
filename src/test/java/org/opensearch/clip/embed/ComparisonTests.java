// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.clip.embed.AnsweringClient.failure;
import static org.opensearch.clip.embed.AnsweringClient.vector;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.opensearch.ExceptionsHelper;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Comparison.Answer;
import org.opensearch.clip.embed.Comparison.Scored;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class ComparisonTests extends OpenSearchTestCase {

    private static final Source RED = new Source.Text("red");
    private static final Source PICTURE = new Source.Image("red picture");
    private static final Source GREEN = new Source.Text("green");
    private static final Source BROKEN = new Source.Image("broken");
    private static final Source URL = new Source.Image("https://example.org/red.png");

    private ThreadPool threads;
    private AnsweringClient client;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threads = new TestThreadPool(getTestName());
        client = AnsweringClient.of(threads, ComparisonTests::model);
    }

    @Override
    public void tearDown() throws Exception {
        ThreadPool.terminate(threads, 10, TimeUnit.SECONDS);
        super.tearDown();
    }

    /** What is red lies on the first axis, of length 2; the third and fourth say the kind. */
    private static Result model(Source source) {
        if (source.equals(BROKEN)) {
            return failure("invalid_image", RestStatus.BAD_REQUEST);
        }
        return source instanceof Source.Text text
                ? text.equals(RED) ? vector(2, 0, 0, 0) : vector(0, 1, 0, 0)
                : vector(0.6f, 0, 0.8f, 0);
    }

    private Answer run(Source query, int dimensions, Source... inputs) {
        var comparison = new Comparison("m", query, List.of(inputs), dimensions, TimeValue.timeValueSeconds(3));
        PlainActionFuture<Answer> future = new PlainActionFuture<>();
        comparison.run(client, future);
        client.requests.forEach(request -> {
            assertEquals(comparison.timeout(), request.timeout());
            assertEquals(List.of(dimensions), request.dimensions());
            assertEquals(Lane.SEARCH, request.lane());
        });
        return future.actionGet();
    }

    private void assertSent(int request, Side side, Source... inputs) {
        assertEquals(side, client.requests.get(request).side());
        assertEquals(List.of(inputs), client.requests.get(request).inputs());
    }

    public void testBestFirstAndEqualOnesInTheirOrder() {
        Answer answer = run(RED, 0, GREEN, PICTURE, RED, PICTURE);
        assertEquals(
                List.of(2, 1, 3, 0), answer.scored().stream().map(Scored::index).toList());
        assertEquals(1, answer.scored().getFirst().similarity(), 1e-6);
        assertEquals(0.6, answer.scored().get(1).similarity(), 1e-6);
        assertEquals(0.8, answer.scored().get(1).score(), 1e-6);
        assertEquals(0.5, answer.scored().getLast().score(), 1e-6);
    }

    public void testATextIsAskedAsAQueryAndTextsAreDocuments() {
        run(RED, 0, GREEN, PICTURE);
        assertEquals(2, client.requests.size());
        assertSent(0, Side.QUERY, RED);
        assertSent(1, Side.PASSAGE, GREEN, PICTURE);
    }

    public void testOneRequestWhereOneSideWillDo() {
        run(RED, 0, PICTURE, BROKEN);
        assertEquals(1, client.requests.size());
        assertSent(0, Side.QUERY, RED, PICTURE, BROKEN);
        run(PICTURE, 0, GREEN, PICTURE);
        assertEquals(2, client.requests.size());
        assertSent(1, Side.PASSAGE, PICTURE, GREEN, PICTURE);
    }

    public void testAUrlNeedsItsOwnPermissionAndATextBesideItDoesNot() {
        run(RED, 0, GREEN, URL);
        assertEquals(Embed.ACTION, client.requests.getFirst().action());
        assertEquals(Embed.BY_URL, client.requests.getLast().action());
    }

    public void testAnInputThatFailsIsToldAndItsNeighboursAreScored() {
        for (Source query : List.of(RED, PICTURE)) {
            Answer answer = run(query, 0, BROKEN, RED, BROKEN, GREEN);
            assertEquals(
                    List.of(1, 3), answer.scored().stream().map(Scored::index).toList());
            assertEquals(List.of(0, 2), List.copyOf(answer.failed().keySet()));
            assertEquals("invalid_image", answer.failed().get(0).type());
        }
    }

    public void testAQueryThatFailsIsTheFailureOfAllAndCostsNoMore() {
        Exception e = expectThrows(IllegalArgumentException.class, () -> run(BROKEN, 0, PICTURE, RED));
        assertEquals("[query]: invalid_image by test", e.getMessage());
        client = AnsweringClient.of(threads, source -> failure("timeout", RestStatus.GATEWAY_TIMEOUT));
        e = expectThrows(Exception.class, () -> run(RED, 0, GREEN));
        assertEquals(RestStatus.GATEWAY_TIMEOUT, ExceptionsHelper.status(e));
        assertEquals(1, client.requests.size());
    }

    public void testARequestThatFailsIsTheFailureOfAll() {
        client = new AnsweringClient(threads, (request, listener) -> {
            if (request.side() == Side.PASSAGE) {
                listener.onFailure(new ResourceNotFoundException("gone"));
            } else {
                listener.onResponse(AnsweringClient.answer(request, ComparisonTests::model));
            }
        });
        expectThrows(ResourceNotFoundException.class, () -> run(RED, 0, GREEN));
    }

    public void testVectorsOfTwoSpacesAreNotCompared() {
        client = new AnsweringClient(threads, (request, listener) -> {
            List<Result> results =
                    request.inputs().stream().map(ComparisonTests::model).toList();
            listener.onResponse(new Embed.Response("m", request.side().name(), 4, results));
        });
        Exception e = expectThrows(Exception.class, () -> run(RED, 0, GREEN));
        assertEquals(RestStatus.CONFLICT, ExceptionsHelper.status(e));
    }

    public void testCutVectorsAreComparedAsVectorsOfLengthOne() {
        Answer answer = run(RED, 2, PICTURE);
        assertEquals(1, answer.scored().getFirst().similarity(), 1e-6);
    }

    private static Similarity.Body parse(String json) {
        return Similarity.Body.parse("m", XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true));
    }

    public void testAnswersInJson() throws Exception {
        var body = parse("""
                {"query": {"text": "red"}, "inputs": [{"image": "broken"}, "green", {"image": "red picture"}], "top_k": 1}""");
        assertEquals(new Comparison("m", RED, List.of(BROKEN, GREEN, PICTURE), 0, null), body.comparison());
        PlainActionFuture<Answer> future = new PlainActionFuture<>();
        body.comparison().run(client, future);
        XContentBuilder json = body.answer(JsonXContent.contentBuilder(), future.actionGet(), 7);
        assertEquals(
                Map.of(
                        "took",
                        7,
                        "model_id",
                        "m",
                        "fingerprint",
                        "f",
                        "results",
                        List.of(
                                Map.of("index", 2, "similarity", 0.6, "score", 0.8),
                                Map.of(
                                        "index",
                                        0,
                                        "error",
                                        Map.of("type", "invalid_image", "reason", "invalid_image by test"),
                                        "status",
                                        400))),
                XContentHelper.convertToMap(JsonXContent.jsonXContent, json.toString(), true));
    }

    public void testWhatIsWrongIsNamed() {
        for (var wrong : Map.of(
                        "{\"inputs\": [\"a\"]}",
                        "[query] must be a string, {\"text\": ..} or {\"image\": ..}, got nothing",
                        "{\"query\": {\"text\": \"a\", \"image\": \"b\"}, \"inputs\": [\"a\"]}",
                        "[query] must have one of [text] and [image]",
                        "{\"query\": \"a\", \"inputs\": []}",
                        "[inputs] must have 1 to 2048 elements, got [0]",
                        "{\"query\": \"a\", \"inputs\": [\"a\"], \"top_k\": 0}",
                        "[top_k] must be a positive integer, got [0]",
                        "{\"query\": \"a\", \"inputs\": [\"a\"], \"topk\": 1}",
                        "unknown parameter [topk], known are [dimensions, inputs, query, timeout, top_k]")
                .entrySet()) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> parse(wrong.getKey()));
            assertEquals(wrong.getValue(), e.getMessage());
        }
    }
}
