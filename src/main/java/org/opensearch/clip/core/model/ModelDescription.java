// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.opensearch.clip.core.vector.ZeroShot;

/**
 * What a model is, as far as its folder says it: see {@link ModelFolder#describe}.
 *
 * @param family the kind of export that was recognised, e.g. {@code clip}
 * @param variant the precision of its graphs by their file names, one of {@code fp32}, {@code fp16}, {@code int8}, ..
 * @param dimension floats of an embedding
 * @param dimensions the Matryoshka lengths that the model was trained for, ascending; empty when the model names none
 * @param text the text tower, if wanted
 * @param image the picture tower, if wanted
 * @param logitScale factor on the cosine before softmax or sigmoid, as trained, where the files or the declaration say it
 * @param logitBias added after that, for models scored by sigmoid
 */
public record ModelDescription(
        String family,
        String variant,
        int dimension,
        List<Integer> dimensions,
        Optional<Tower.Text> text,
        Optional<Tower.Image> image,
        OptionalDouble logitScale,
        OptionalDouble logitBias) {

    /** What the training of CLIP stops the scale at, and where it always arrives. */
    private static final double USUAL_SCALE = 100;

    public ModelDescription {
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(variant, "variant");
        if (dimension < 1) {
            throw new IllegalArgumentException("dimension must be positive, got " + dimension);
        }
        dimensions = List.copyOf(dimensions);
        Objects.requireNonNull(logitScale, "logitScale");
        Objects.requireNonNull(logitBias, "logitBias");
        if (text.isEmpty() && image.isEmpty()) {
            throw new IllegalArgumentException("a model needs a text tower or a picture tower");
        }
    }

    /** The same, with a scale and a bias where it has none. */
    public ModelDescription orLogits(OptionalDouble scale, OptionalDouble bias) {
        return new ModelDescription(
                family,
                variant,
                dimension,
                dimensions,
                text,
                image,
                logitScale.isPresent() ? logitScale : scale,
                logitBias.isPresent() ? logitBias : bias);
    }

    /** The lengths that its vectors may be cut to. */
    public Matryoshka matryoshka() {
        return new Matryoshka(dimension, dimensions);
    }

    /** How its vectors are scored against labels; empty where the family scores by sigmoid and nobody says scale and bias. */
    public Optional<ZeroShot.Logits> logits() {
        if (!family.startsWith("siglip")) {
            double scale = logitScale.orElse(USUAL_SCALE);
            return Optional.of(
                    new ZeroShot.Logits(ZeroShot.Activation.SOFTMAX, scale, logitBias.orElse(0), logitScale.isEmpty()));
        }
        return logitScale.isEmpty() || logitBias.isEmpty()
                ? Optional.empty()
                : Optional.of(new ZeroShot.Logits(
                        ZeroShot.Activation.SIGMOID, logitScale.getAsDouble(), logitBias.getAsDouble(), false));
    }
}
