// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.util.ArrayList;
import java.util.List;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.support.GroupedActionListener;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Target;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.query.Part.Given;
import org.opensearch.clip.query.Part.OfDocument;
import org.opensearch.common.CheckedConsumer;
import org.opensearch.core.action.ActionListener;
import org.opensearch.tasks.TaskResourceTrackingService;
import org.opensearch.transport.TransportRequest;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * Answers a question: asks the model for what it has to embed and the indices for vectors that are there already, all at once.
 *
 * @param field that is searched: for messages, and where a document's vector is unless it says otherwise
 * @param target where the search looks, {@code null} = not to be checked
 * @param run false: the model is asked what it is, and does nothing
 */
record Asking(String field, Question question, Target target, Embedder embedder, boolean run) {

    /** @param listener gets the vector of the query, of length 1, or the first failure, with its status */
    void ask(Client client, ActionListener<float[]> listener) {
        float[][] parts = new float[question.terms().size()][];
        List<Integer> given = new ArrayList<>();
        List<Integer> documents = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            (question.terms().get(i).part() instanceof Given ? given : documents).add(i);
        }
        // what stands for the vectors of a model that does not run says nothing of their sum
        ActionListener<Void> answers = new GroupedActionListener<>(
                then(listener, done -> listener.onResponse(run ? question.vector(List.of(parts)) : parts[0])),
                documents.size() + (given.isEmpty() ? 0 : 1));
        if (!given.isEmpty()) {
            askModel(client, then(answers, response -> {
                for (int i = 0; i < given.size(); i++) {
                    parts[given.get(i)] = part(given.get(i), i, response);
                }
                answers.onResponse(null);
            }));
        }
        for (int term : documents) {
            askIndex(client, term, then(answers, vector -> {
                parts[term] = question.part(term, vector);
                answers.onResponse(null);
            }));
        }
    }

    private void askModel(Client client, ActionListener<Embed.Response> listener) {
        var request = new Embed.Request(
                        question.modelId(),
                        run ? question.inputs() : List.of(),
                        Lane.SEARCH,
                        Side.QUERY,
                        question.timeout(),
                        target)
                .cutTo(List.of(question.dimensions()));
        joinSearch(request, client);
        if (question.namesUrl()) {
            embedder.asCaller(client, request, listener);
        } else {
            embedder.asPlugin(client, request, listener);
        }
    }

    private float[] part(int term, int input, Embed.Response response) {
        if (!run) {
            float[] any = new float[response.dimension()];
            any[0] = 1;
            return question.part(term, any);
        }
        return switch (response.results().get(input)) {
            case Result.Vector vector -> question.part(term, vector.values());
            case Result.Failure failure ->
                throw Embedder.exception(
                        "[" + question.parameter(term) + "]: " + failure.reason(), failure.status(), null);
        };
    }

    /** As the user: who may not read a document may not search by it. */
    private void askIndex(Client client, int term, ActionListener<float[]> listener) {
        var vector = new DocumentVector((OfDocument) question.terms().get(term).part(), field);
        var request = vector.request();
        joinSearch(request, client);
        client.get(request, ActionListener.wrap(response -> listener.onResponse(vector.read(response)), e -> {
            Throwable cause = ExceptionsHelper.unwrapCause(e);
            listener.onFailure(Embedder.exception(
                    "[" + question.parameter(term) + "]: " + cause.getMessage(), ExceptionsHelper.status(cause), e));
        }));
    }

    /** A search that is cancelled takes what it asks for with it: core sets no parent for what a rewrite sends. */
    private static void joinSearch(TransportRequest request, Client client) {
        Long task = client.threadPool().getThreadContext().getTransient(TaskResourceTrackingService.TASK_ID);
        if (task != null && client instanceof NodeClient node) {
            request.setParentTask(node.getLocalNodeId(), task);
        }
    }

    /** What fails, here or before, is said of this query and keeps its status. */
    private <T> ActionListener<T> then(ActionListener<?> next, CheckedConsumer<T, Exception> onResponse) {
        return ActionListener.wrap(onResponse, next::onFailure);
    }
}
