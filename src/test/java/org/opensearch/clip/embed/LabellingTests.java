// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.clip.embed.AnsweringClient.failure;
import static org.opensearch.clip.embed.AnsweringClient.vector;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.vector.ZeroShot.Activation;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Labelling.Answer;
import org.opensearch.clip.embed.Labels.Scored;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class LabellingTests extends OpenSearchTestCase {

    private static final Source PICTURE = new Source.Image("picture");
    private static final Source BROKEN = new Source.Image("broken");
    private static final Labels LABELS = new Labels(List.of("left", "right"), Labels.NO_PROMPT);

    private final LabelVectors known = new LabelVectors();
    private ThreadPool threads;
    private AnsweringClient client;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threads = new TestThreadPool(getTestName());
        client = AnsweringClient.of(threads, LabellingTests::model);
    }

    @Override
    public void tearDown() throws Exception {
        ThreadPool.terminate(threads, 10, TimeUnit.SECONDS);
        super.tearDown();
    }

    private static Result model(Source source) {
        return switch (source) {
            case Source.Text text -> text.text().equals("left") ? vector(1, 0) : vector(0, 1);
            case Source.Image image ->
                image.equals(BROKEN) ? failure("invalid_image", RestStatus.BAD_REQUEST) : vector(0.6f, 0.8f);
        };
    }

    private Answer run(Source... inputs) {
        PlainActionFuture<Answer> future = new PlainActionFuture<>();
        new Labelling("m", List.of(inputs), LABELS, null).run(client, known, future);
        return future.actionGet();
    }

    public void testLabelsAreScoredBestFirstAndInTheirOrder() {
        Answer answer = run(PICTURE, BROKEN);
        assertEquals(2, answer.results().size());
        assertEquals("invalid_image", ((Result.Failure) answer.results().getLast()).type());
        var picture = (Result.Vector) answer.results().getFirst();
        assertEquals(
                List.of("right", "left"),
                answer.scored(picture).stream().map(Scored::label).toList());
        List<Scored> inOrder = answer.inOrder(picture);
        assertEquals(
                List.of("left", "right"), inOrder.stream().map(Scored::label).toList());
        // logits 2.4 and 3.2
        assertEquals(1 / (1 + Math.exp(0.8)), inOrder.getFirst().probability(), 1e-6);
    }

    public void testVectorsOfLabelsAreMadeOnce() {
        run(PICTURE);
        assertEquals(3, client.requests.get(1).inputs().size());
        Answer again = run(PICTURE);
        assertEquals(List.of(PICTURE), client.requests.get(3).inputs());
        assertEquals(
                "right",
                again.scored((Result.Vector) again.results().getFirst())
                        .getFirst()
                        .label());
    }

    public void testALabelThatFailsIsTheFailureOfAll() {
        client = AnsweringClient.of(threads, source -> failure("invalid_text", RestStatus.BAD_REQUEST));
        Exception e = expectThrows(IllegalArgumentException.class, () -> run(PICTURE));
        assertEquals("label [left]: invalid_text by test", e.getMessage());
    }

    public void testAModelThatDoesNotSayHowItScoresIsRefusedWithWhatToDeclare() {
        client = new AnsweringClient(
                threads,
                (request, listener) -> listener.onResponse(
                        AnsweringClient.answer(request, LabellingTests::model).scoredBy(null)));
        Exception e = expectThrows(IllegalArgumentException.class, () -> run(PICTURE));
        assertEquals(
                "model [m] scores labels by sigmoid, and nobody says its [logit_scale] and [logit_bias]: declare it with both",
                e.getMessage());
        client = new AnsweringClient(
                threads,
                (request, listener) -> listener.onResponse(AnsweringClient.answer(request, LabellingTests::model)
                        .scoredBy(new Logits(Activation.SIGMOID, 10, -5, false))));
        Answer answer = run(PICTURE);
        assertEquals(
                1 / (1 + Math.exp(-1)),
                answer.inOrder((Result.Vector) answer.results().getFirst())
                        .getFirst()
                        .probability(),
                1e-6);
    }
}
