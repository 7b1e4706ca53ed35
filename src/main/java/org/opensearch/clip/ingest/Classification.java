// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.List;
import org.opensearch.clip.embed.Labels;

/**
 * One entry of {@code classify}: a field for facets, and which labels go into it.
 *
 * @param text fields whose values become one text, joined by a space; empty when {@code image} is not
 * @param image fields whose pictures are looked at together
 * @param topK at most so many labels; 1 = the field gets a text, more = a list
 * @param minScore labels of a lower probability are left out
 * @param scores field for {@code [{"label": .., "score": ..}]}, {@code null} = none
 */
record Classification(
        FieldPath target,
        List<FieldPath> text,
        List<FieldPath> image,
        Labels labels,
        int topK,
        double minScore,
        FieldPath scores) {

    static Classification read(String tag, String target, Object entry) {
        var config = Config.object(tag, "classify." + target, entry);
        List<FieldPath> text = config.paths("text");
        List<FieldPath> image = config.paths("image");
        if (text.isEmpty() == image.isEmpty()) {
            throw config.refused(null, "needs either [text] or [image]");
        }
        List<String> labels = config.strings("labels");
        List<String> prompts = config.has("prompt") ? config.strings("prompt") : Labels.NO_PROMPT;
        int topK = config.positive("top_k", 1);
        double minScore = config.has("min_score") ? config.weight("min_score") : 0;
        List<FieldPath> scores = config.paths("scores");
        config.requireEmpty();
        if (minScore > 1) {
            throw config.refused("min_score", "is a probability, at most 1, got [" + minScore + "]");
        }
        if (scores.size() > 1) {
            throw config.refused("scores", "must be one field, got " + scores);
        }
        try {
            return new Classification(
                    FieldPath.declared(target),
                    text,
                    image,
                    new Labels(labels, prompts),
                    topK,
                    minScore,
                    scores.isEmpty() ? null : scores.getFirst());
        } catch (IllegalArgumentException e) {
            throw config.refused(null, e.getMessage());
        }
    }
}
