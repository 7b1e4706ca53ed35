// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionType;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.core.vector.ZeroShot.Activation;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.client.NoOpNodeClient;
import org.opensearch.threadpool.ThreadPool;

/** A client whose only action is {@link Embed}, answered by a function: the edge of what ingest and query know. */
public final class AnsweringClient extends NoOpNodeClient {
    public final List<Embed.Request> requests = new ArrayList<>();
    private final BiConsumer<Embed.Request, ActionListener<Embed.Response>> answer;

    public AnsweringClient(ThreadPool threadPool, BiConsumer<Embed.Request, ActionListener<Embed.Response>> answer) {
        super(threadPool);
        this.answer = answer;
    }

    /** Answers at once, every input by itself. */
    public static AnsweringClient of(ThreadPool threadPool, Function<Source, Result> model) {
        return new AnsweringClient(threadPool, (request, listener) -> listener.onResponse(answer(request, model)));
    }

    public static Embed.Response answer(Embed.Request request, Function<Source, Result> model) {
        var results = request.inputs().stream().map(model).toList();
        var documents =
                request.documents().stream().map(at -> EmbeddingType.FLOAT).toList();
        return new Embed.Response("m", "f", 4, results)
                .scoredBy(new Logits(Activation.SOFTMAX, 4, 0, false))
                .telling(new Target.Kept(EmbeddingType.FLOAT, documents), List.of());
    }

    public static Result vector(float... values) {
        return new Result.Vector(values, 0, false);
    }

    public static Result failure(String type, RestStatus status) {
        return new Result.Failure(type, type + " by test", status);
    }

    @Override
    @SuppressWarnings("unchecked")
    public <Request extends ActionRequest, Response extends ActionResponse> void doExecute(
            ActionType<Response> action, Request request, ActionListener<Response> listener) {
        var embed = (Embed.Request) request;
        if (action != embed.action()) {
            throw new AssertionError(action.name());
        }
        requests.add(embed);
        answer.accept(embed, (ActionListener<Embed.Response>) listener);
    }

    @Override
    public String getLocalNodeId() {
        return "here";
    }
}
