// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Labels.Scored;
import org.opensearch.common.CheckedConsumer;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.transport.client.Client;

/**
 * Texts and pictures, and the labels to choose from for each.
 *
 * @param timeout as in {@link Request}
 */
record Labelling(String model, List<Source> inputs, Labels labels, TimeValue timeout) {

    /**
     * @param response says which model it was
     * @param results one an input, in order
     * @param vectors one a label, of length 1
     */
    record Answer(Response response, List<Result> results, Labels labels, List<float[]> vectors, Logits logits) {

        /** @return all labels, best first */
        List<Scored> scored(Result.Vector input) {
            return labels.scored(input.values(), vectors, logits);
        }

        /** The same in the order of the labels. */
        List<Scored> inOrder(Result.Vector input) {
            return labels.inOrder(input.values(), vectors, logits);
        }
    }

    /**
     * Sends {@link Embed} as whoever calls.
     *
     * @param known label vectors that were made before
     */
    void run(Client client, LabelVectors known, ActionListener<Answer> listener) {
        // what the model is costs no run, and says whether the labels are known
        send(client, List.of(), listener, described -> {
            List<float[]> vectors = known.get(described.fingerprint(), labels);
            List<Source> all = new ArrayList<>(inputs);
            all.addAll(vectors == null ? labels.sources() : List.of());
            send(client, all, listener, response -> {
                Logits logits = Labels.logits(response);
                List<Result> results = response.results().subList(0, inputs.size());
                listener.onResponse(new Answer(
                        response, results, labels, vectors == null ? made(response, known) : vectors, logits));
            });
        });
    }

    private void send(
            Client client,
            List<Source> sources,
            ActionListener<?> listener,
            CheckedConsumer<Response, Exception> then) {
        var request = new Request(model, sources, Lane.SEARCH, Side.PASSAGE, timeout, null);
        client.execute(request.action(), request, ActionListener.wrap(then, listener::onFailure));
    }

    /** Of the labels, which were sent behind the inputs. */
    private List<float[]> made(Response response, LabelVectors known) {
        Map<Source, Result> results = new HashMap<>();
        List<Source> sources = labels.sources();
        for (int i = 0; i < sources.size(); i++) {
            results.put(sources.get(i), response.results().get(inputs.size() + i));
        }
        List<float[]> vectors = labels.vectors(results::get);
        known.put(response.fingerprint(), labels, vectors);
        return vectors;
    }
}
