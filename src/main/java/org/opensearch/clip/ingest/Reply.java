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

/** A model's answer to the inputs of several documents. Used by one thread at a time. */
final class Reply {
    private final Embed.Response response;
    private final Map<Source, Integer> inputs;
    private final LabelVectors known;
    private final Map<Labels, List<float[]>> labels = new HashMap<>();

    /**
     * @param inputs that were sent, with their places in the response
     * @param known has the vectors of labels that were not sent
     */
    Reply(Embed.Response response, Map<Source, Integer> inputs, LabelVectors known) {
        this.response = response;
        this.inputs = inputs;
        this.known = known;
    }

    /** What defines the space of its vectors. */
    String fingerprint() {
        return response.fingerprint();
    }

    Result result(Source source) {
        return response.results().get(inputs.get(source));
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
