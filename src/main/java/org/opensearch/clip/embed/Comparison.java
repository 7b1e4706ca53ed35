// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.common.CheckedConsumer;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.transport.client.Client;

/**
 * One input compared with several, text or picture each. A model may read a text of a query in another way than one of a document, and a
 * request has one side: two requests where both have texts, else one for everything.
 *
 * @param dimensions the first so many values of the vectors, 0 = all
 * @param timeout as in {@link Request}
 */
record Comparison(String model, Source query, List<Source> inputs, int dimensions, TimeValue timeout) {

    /**
     * @param index of the input
     * @param similarity cosine, in [-1, 1]
     */
    record Scored(int index, double similarity) {

        /** In [0, 1], as k-NN scores it. */
        double score() {
            return (1 + similarity) / 2;
        }
    }

    /**
     * @param response says which model it was
     * @param scored best first
     * @param failed by index, ascending
     * @param tokens of the query and of all inputs
     */
    record Answer(Response response, List<Scored> scored, Map<Integer, Failure> failed, int tokens) {}

    /** Sends {@link Embed} as whoever calls; a query that fails is the failure of all, with its status. */
    void run(Client client, ActionListener<Answer> listener) {
        boolean text = query instanceof Source.Text;
        boolean together = !text || inputs.stream().noneMatch(Source.Text.class::isInstance);
        List<Source> first = new ArrayList<>(List.of(query));
        first.addAll(together ? inputs : List.of());
        send(client, first, text ? Side.QUERY : Side.PASSAGE, listener, response -> {
            Vector asked = query(response.results().getFirst());
            if (together) {
                List<Result> results = response.results();
                listener.onResponse(answer(response, asked, results.subList(1, results.size())));
                return;
            }
            send(client, inputs, Side.PASSAGE, listener, second -> {
                if (!second.fingerprint().equals(response.fingerprint())) {
                    throw Failures.conflict("model [" + model + "] has changed meanwhile: send the request again");
                }
                listener.onResponse(answer(second, asked, second.results()));
            });
        });
    }

    private void send(
            Client client,
            List<Source> sources,
            Side side,
            ActionListener<?> listener,
            CheckedConsumer<Response, Exception> then) {
        var request = new Request(model, sources, Lane.SEARCH, side, timeout, null).cutTo(List.of(dimensions));
        client.execute(
                request.action(),
                request,
                ActionListener.wrap(
                        response -> {
                            response.warn();
                            then.accept(response);
                        },
                        listener::onFailure));
    }

    private static Vector query(Result result) {
        return switch (result) {
            case Vector vector -> vector;
            case Failure failure -> throw Embedder.exception("[query]: " + failure.reason(), failure.status(), null);
        };
    }

    private Answer answer(Response response, Vector asked, List<Result> results) {
        float[] direction = direction(asked);
        List<Scored> scored = new ArrayList<>();
        Map<Integer, Failure> failed = new TreeMap<>();
        int tokens = asked.tokens();
        for (int i = 0; i < results.size(); i++) {
            switch (results.get(i)) {
                case Vector vector -> {
                    scored.add(new Scored(i, Math.clamp(Vectors.dot(direction, direction(vector)), -1, 1)));
                    tokens += vector.tokens();
                }
                case Failure failure -> failed.put(i, failure);
            }
        }
        scored.sort(Comparator.comparingDouble(Scored::similarity).reversed());
        return new Answer(response, scored, failed, tokens);
    }

    private float[] direction(Vector vector) {
        return Vectors.normalize(dimensions == 0 ? vector.values() : Vectors.truncate(vector.values(), dimensions));
    }
}
