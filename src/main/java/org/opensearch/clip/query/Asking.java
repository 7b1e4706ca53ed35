// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.util.ArrayList;
import java.util.List;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.support.GroupedActionListener;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Target;
import org.opensearch.clip.query.Part.Given;
import org.opensearch.clip.query.Part.OfDocument;
import org.opensearch.common.CheckedConsumer;
import org.opensearch.core.action.ActionListener;
import org.opensearch.tasks.TaskResourceTrackingService;
import org.opensearch.transport.TransportRequest;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * Answers a question: reads the vectors of its documents, then asks the model for the others. In this order, because the model's
 * side knows which vectors may meet, and tells that only of documents that the user may read.
 *
 * @param field that is searched: for messages, and where a document's vector is unless it says otherwise
 * @param target where the search looks, {@code null} = not to be checked
 * @param run false: the model is asked what it is, and does nothing
 */
record Asking(String field, Question question, Target target, Embedder embedder, boolean run) {

    /** A document of the question, and what it has. */
    private record Read(int term, DocumentVector.Found found) {}

    /** @param listener gets the vector of the query, as the field keeps them, or the first failure, with its status */
    void ask(Client client, ActionListener<float[]> listener) {
        List<Integer> given = new ArrayList<>();
        List<Integer> documents = new ArrayList<>();
        for (int i = 0; i < question.terms().size(); i++) {
            (question.terms().get(i).part() instanceof Given ? given : documents).add(i);
        }
        if (documents.isEmpty()) {
            askModel(client, given, List.of(), listener);
            return;
        }
        ActionListener<Read> each = new GroupedActionListener<>(
                then(listener, read -> askModel(client, given, List.copyOf(read), listener)), documents.size());
        for (int term : documents) {
            read(client, term, then(each, found -> each.onResponse(new Read(term, found))));
        }
    }

    private void askModel(Client client, List<Integer> given, List<Read> documents, ActionListener<float[]> listener) {
        // a model that does not run says nothing of how its vectors and others add up
        List<Read> used = run || given.isEmpty() ? documents : List.of();
        var request = new Embed.Request(
                        given.isEmpty() ? null : question.modelId(),
                        run ? question.inputs() : List.of(),
                        Lane.SEARCH,
                        Side.QUERY,
                        question.timeout(),
                        target)
                .cutTo(List.of(question.dimensions()))
                .besides(used.stream().map(read -> read.found().at()).toList());
        joinSearch(request, client);
        ActionListener<Embed.Response> answered = then(listener, response -> {
            float[][] parts = new float[question.terms().size()][];
            for (int i = 0; i < used.size(); i++) {
                Read read = used.get(i);
                EmbeddingType type = response.kept().documents().get(i);
                parts[read.term()] = question.part(read.term(), read.found().decoded(type));
            }
            for (int i = 0; i < given.size(); i++) {
                parts[given.get(i)] = part(given.get(i), i, response);
            }
            float[] vector = run ? question.vector(List.of(parts)) : parts[given.isEmpty() ? 0 : given.getFirst()];
            boolean named = target == null && question.embeddingType() != null;
            EmbeddingType type =
                    named ? question.embeddingType() : response.kept().searched();
            listener.onResponse(type.encode(vector));
        });
        if (question.namesUrl()) {
            embedder.asCaller(client, request, answered);
        } else {
            embedder.asPlugin(client, request, answered);
        }
    }

    private float[] part(int term, int input, Embed.Response response) {
        if (!run) {
            float[] any = new float[response.dimension()];
            any[0] = 1;
            return question.part(term, List.of(any));
        }
        return switch (response.results().get(input)) {
            case Result.Vector vector -> question.part(term, List.of(vector.values()));
            case Result.Failure failure ->
                throw Embedder.exception(
                        "[" + question.parameter(term) + "]: " + failure.reason(), failure.status(), null);
        };
    }

    /** As the user: who may not read a document may not search by it. */
    private void read(Client client, int term, ActionListener<DocumentVector.Found> listener) {
        var document =
                new DocumentVector((OfDocument) question.terms().get(term).part(), field);
        ActionListener<DocumentVector.Found> naming = ActionListener.wrap(listener::onResponse, e -> {
            Throwable cause = ExceptionsHelper.unwrapCause(e);
            listener.onFailure(Embedder.exception(
                    "[" + question.parameter(term) + "]: " + cause.getMessage(), ExceptionsHelper.status(cause), e));
        });
        var get = document.get();
        joinSearch(get, client);
        client.get(get, then(naming, response -> {
            var found = document.inSource(response);
            if (found.isPresent()) {
                naming.onResponse(found.get());
                return;
            }
            var search = document.search(embedder.peers().framed());
            joinSearch(search, client);
            client.search(search, then(naming, hits -> naming.onResponse(document.inIndex(hits))));
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
