// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.LabelVectors;
import org.opensearch.clip.embed.Labels;
import org.opensearch.clip.embed.Source;
import org.opensearch.core.rest.RestStatus;

/** A model's answer to the inputs of several documents. Used by one thread at a time. */
final class Reply {
    /** What {@code plugins.clip.image.url.ingest} leaves out. */
    private static final Result.Failure NOT_FETCHED = new Result.Failure(
            "image_url_refused",
            "URLs in documents are not fetched on this cluster (plugins.clip.image.url.ingest)",
            RestStatus.FORBIDDEN);

    private final Embed.Response response;
    private final Map<Source, Integer> inputs;
    private final LabelVectors known;
    private final Map<Labels, List<float[]>> labels = new HashMap<>();

    /**
     * @param response {@code null} when nothing was sent
     * @param inputs that were sent, with their places in the response
     * @param known has the vectors of labels that were not sent
     */
    Reply(Embed.Response response, Map<Source, Integer> inputs, LabelVectors known) {
        this.response = response;
        this.inputs = inputs;
        this.known = known;
    }

    /** What defines the space of its vectors; empty when there are none. */
    String fingerprint() {
        return response == null ? "" : response.fingerprint();
    }

    /** Whether a model was asked. */
    boolean isOfModel() {
        return response != null;
    }

    /** Of an input that was sent, or of a URL that is not to be. */
    Result result(Source source) {
        Integer place = inputs.get(source);
        return place == null ? NOT_FETCHED : response.results().get(place);
    }

    /** How vectors are scored against labels. */
    Logits logits() {
        return Labels.logits(response);
    }

    /** A vector a label, of length 1. */
    List<float[]> vectors(Labels wanted) {
        return labels.computeIfAbsent(wanted, l -> {
            if (inputs.keySet().containsAll(l.sources())) {
                List<float[]> made = l.vectors(this::result);
                known.put(fingerprint(), l, made);
                return made;
            }
            List<float[]> kept = known.get(fingerprint(), l);
            if (kept == null) {
                throw new IllegalStateException("the model has changed while documents were embedded: send them again");
            }
            return kept;
        });
    }
}
