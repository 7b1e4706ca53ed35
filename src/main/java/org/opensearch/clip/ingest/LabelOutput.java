// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Labels.Scored;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.ingest.IngestDocument;

/**
 * The labels that one entry of {@code classify} gives a document.
 *
 * @param text {@code null} when it looks at pictures
 * @param images of which the middle is looked at
 */
record LabelOutput(Classification classification, Part text, List<Part> images) implements Output {

    /** @return {@code null} when the document has nothing for it */
    static LabelOutput read(Classification classification, DocumentFields fields) {
        Part text = fields.text(classification.text(), classification.target());
        List<Part> images = fields.images(classification.image(), classification.target());
        return text == null && images.isEmpty() ? null : new LabelOutput(classification, text, images);
    }

    @Override
    public FieldPath target() {
        return classification.target();
    }

    @Override
    public Stream<Part> parts() {
        return Stream.concat(Stream.ofNullable(text), images.stream());
    }

    /** No label may be what came out. */
    @Override
    public boolean isThere(IngestDocument document) {
        return true;
    }

    @Override
    public Origin origin(String fingerprint, Options options) {
        String how = String.join(
                "\n",
                "labels 1",
                fingerprint,
                "top " + classification.topK() + " of at least " + classification.minScore(),
                "scores " + classification.scores(),
                String.join("\n", classification.labels().labels()),
                String.join("\n", classification.labels().prompts()));
        return Origin.of(how, text, List.of(images));
    }

    @Override
    public List<Change> make(Answers answers, Options options) {
        List<float[]> vectors = text == null ? answers.vectors(images, 0) : List.of(answers.vector(text, 0));
        if (vectors.isEmpty()) {
            return List.of();
        }
        List<Scored> best = best(answers, vectors);
        List<Change> changes = new ArrayList<>();
        changes.add(best.isEmpty() ? new Unset(target()) : new Set(target(), labels(best)));
        if (classification.scores() != null) {
            List<Map<String, Object>> scores = new ArrayList<>();
            best.forEach(one -> scores.add(Map.of("label", one.label(), "score", one.probability())));
            changes.add(best.isEmpty() ? new Unset(classification.scores()) : new Set(classification.scores(), scores));
        }
        return changes;
    }

    private List<Scored> best(Answers answers, List<float[]> vectors) {
        try {
            float[] middle =
                    Fusion.mean(vectors.stream().map(Vectors::normalize).toList());
            return answers.scored(classification.labels(), middle).stream()
                    .limit(classification.topK())
                    .filter(one -> one.probability() >= classification.minScore())
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[" + target() + "] has no labels: " + e.getMessage(), e);
        }
    }

    private Object labels(List<Scored> best) {
        List<String> labels = new ArrayList<>();
        best.forEach(one -> labels.add(one.label()));
        return classification.topK() == 1 ? labels.getFirst() : labels;
    }
}
