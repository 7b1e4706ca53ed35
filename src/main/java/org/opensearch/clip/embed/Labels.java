// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.opensearch.clip.core.message.Shown;
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
    public static final int MOST_TEXTS = 2048;
    /** Of a label and of a prompt: a label that is longer names nothing. */
    private static final int MOST_CHARACTERS = 1_000;
    /** Of all texts together: a prompt may have many places, and each takes the whole label. */
    private static final long MOST_IN_ALL = 1 << 20;
    /** Of one label in an answer beside its own. */
    private static final int SCORED_CHARACTERS = 60;
    /** Of an answer; 65,536 labels of 68 characters. */
    private static final long MOST_ANSWER = 8 << 20;

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
        requireShort("labels", labels);
        requireShort("prompt", prompts);
        for (String label : labels) {
            if (label.isBlank() || !seen.add(label)) {
                throw new IllegalArgumentException(
                        "[labels] must be different and not blank, got [" + Shown.of(label) + "]");
            }
        }
        for (String prompt : prompts) {
            if (!prompt.contains(PLACE)) {
                throw new IllegalArgumentException(
                        "[prompt] must have [{}] where the label goes, as in [a photo of a {}], got ["
                                + Shown.of(prompt) + "]");
            }
        }
        long characters = characters(labels, prompts);
        if (characters > MOST_IN_ALL) {
            throw new IllegalArgumentException("[labels] in the places of [prompt] make texts of [" + characters
                    + "] characters, at most [" + MOST_IN_ALL + "] are allowed");
        }
    }

    private static void requireShort(String field, List<String> texts) {
        for (int i = 0; i < texts.size(); i++) {
            if (texts.get(i).length() > MOST_CHARACTERS) {
                throw new IllegalArgumentException("[" + field + "[" + i + "]] has ["
                        + texts.get(i).length() + "] characters, at most [" + MOST_CHARACTERS + "] are allowed");
            }
        }
    }

    /** Of {@link #sources}, without making them. */
    private static long characters(List<String> labels, List<String> prompts) {
        long ofLabels = labels.stream().mapToLong(String::length).sum();
        return prompts.stream()
                .mapToLong(prompt -> {
                    long places = places(prompt);
                    return (prompt.length() - places * PLACE.length()) * labels.size() + places * ofLabels;
                })
                .sum();
    }

    private static long places(String prompt) {
        return Pattern.compile(PLACE, Pattern.LITERAL).matcher(prompt).results().count();
    }

    /** How many {@link #sources} there are. */
    public long texts() {
        return labels.size() * (long) prompts.size();
    }

    /**
     * Refuses an answer that is much larger than what asked for it, before a model is asked.
     *
     * @param inputs that get labels
     * @param most labels an input gets
     * @param smaller what to say for how to ask for less
     * @throws IllegalArgumentException when it is too large
     */
    void requireAnswer(int inputs, int most, String smaller) {
        long longest = labels.stream()
                .map(String::length)
                .sorted(Comparator.reverseOrder())
                .limit(most)
                .mapToLong(length -> length + SCORED_CHARACTERS)
                .sum();
        if (inputs * longest > MOST_ANSWER) {
            throw new IllegalArgumentException("[" + inputs + "] inputs with up to [" + Math.min(most, labels.size())
                    + "] labels each make an answer of [" + inputs * longest + "] characters, at most [" + MOST_ANSWER
                    + "] are allowed: " + smaller);
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
                                "label [" + Shown.of(labels.get(label)) + "]: " + failure.reason(),
                                failure.status(),
                                null);
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
