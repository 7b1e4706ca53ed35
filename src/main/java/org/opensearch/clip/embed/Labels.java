// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.core.vector.ZeroShot;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Result;

/**
 * Labels to choose from, and the prompts that each is put into.
 *
 * @param prompts texts with {@code {}} where the label goes
 */
public record Labels(List<String> labels, List<String> prompts) {
    private static final String PLACE = "{}";
    /** Of labels times prompts: an answer waits for all of them. */
    private static final int MOST_TEXTS = 2048;

    /** The label alone. */
    public static final List<String> NO_PROMPT = List.of(PLACE);

    /** A label and how well it fits, in [0, 1]. */
    public record Scored(String label, double probability) {}

    /** @throws IllegalArgumentException naming what is wrong */
    public Labels {
        labels = List.copyOf(labels);
        prompts = List.copyOf(prompts);
        if (labels.isEmpty() || prompts.isEmpty() || labels.size() * (long) prompts.size() > MOST_TEXTS) {
            throw new IllegalArgumentException("[labels] times [prompt] must be 1 to " + MOST_TEXTS + " texts, got ["
                    + labels.size() + "] times [" + prompts.size() + "]");
        }
        var seen = new HashSet<String>();
        for (String label : labels) {
            if (label.isBlank() || !seen.add(label)) {
                throw new IllegalArgumentException("[labels] must be different and not blank, got [" + label + "]");
            }
        }
        for (String prompt : prompts) {
            if (!prompt.contains(PLACE)) {
                throw new IllegalArgumentException(
                        "[prompt] must have [{}] where the label goes, as in [a photo of a {}], got [" + prompt + "]");
            }
        }
    }

    /** What has to be embedded, label by label. */
    public List<Source> sources() {
        return labels.stream()
                .flatMap(label ->
                        prompts.stream().map(prompt -> (Source) new Source.Text(prompt.replace(PLACE, label))))
                .toList();
    }

    /**
     * @param results of {@link #sources}
     * @return a vector a label, of length 1
     * @throws RuntimeException of the status of what went wrong
     */
    public List<float[]> vectors(Function<Source, Result> results) {
        List<Source> sources = sources();
        List<float[]> vectors = new ArrayList<>(labels.size());
        for (int label = 0; label < labels.size(); label++) {
            List<float[]> prompted = new ArrayList<>(prompts.size());
            for (Source source : sources.subList(label * prompts.size(), (label + 1) * prompts.size())) {
                switch (results.apply(source)) {
                    case Result.Vector vector -> prompted.add(vector.values());
                    case Result.Failure failure ->
                        throw Embedder.exception(
                                "label [" + labels.get(label) + "]: " + failure.reason(), failure.status(), null);
                }
            }
            vectors.add(ZeroShot.label(prompted));
        }
        return vectors;
    }

    /**
     * How the model that answered scores labels.
     *
     * @throws IllegalArgumentException when nobody says it and its family has no usual way
     */
    public static Logits logits(Embed.Response response) {
        if (response.logits() == null) {
            throw new IllegalArgumentException("model [" + response.modelId() + "] scores labels by sigmoid, and nobody"
                    + " says its [logit_scale] and [logit_bias]: declare it with both");
        }
        return response.logits();
    }

    /**
     * @param input as the model makes it, or of length 1
     * @param vectors of {@link #vectors}
     * @return all labels, best first
     */
    public List<Scored> scored(float[] input, List<float[]> vectors, Logits logits) {
        return inOrder(input, vectors, logits).stream()
                .sorted(Comparator.comparingDouble(Scored::probability).reversed())
                .toList();
    }

    /** The same in the order of the labels. */
    List<Scored> inOrder(float[] input, List<float[]> vectors, Logits logits) {
        double[] probabilities = ZeroShot.probabilities(Vectors.normalize(input), vectors, logits);
        return IntStream.range(0, labels.size())
                .mapToObj(i -> new Scored(labels.get(i), probabilities[i]))
                .toList();
    }
}
