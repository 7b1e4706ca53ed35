// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.vector.Pooling;

/**
 * One half of a dual encoder, as data.
 *
 * <p>{@code graph} is the path of the ONNX file relative to the model's folder, with forward slashes; where an export
 * holds both towers it is the same for both, and {@link #output} tells which part of it a tower needs. Names of inputs
 * are not here: they are read from the graph when it is opened.
 */
public sealed interface Tower {

    Modality modality();

    String graph();

    /** Names of outputs that will do, best first. */
    List<String> outputs();

    /**
     * How an output of three dimensions, {@code [batch][positions][dimension]}, becomes one vector an input; one of two
     * dimensions is that already. {@code NONE} = only the latter will do.
     */
    Pooling pooling();

    /**
     * Which output of its graph this tower wants.
     *
     * @param present the names of the graph's outputs
     * @return the best of {@link #outputs}, else the only one that the graph has, else empty
     */
    default Optional<String> output(Collection<String> present) {
        return outputs().stream()
                .filter(present::contains)
                .findFirst()
                .or(() -> present.size() == 1 ? present.stream().findFirst() : Optional.empty());
    }

    /**
     * How a text is given to the tower as a query or as a document.
     *
     * @param prompt put before the text, mostly empty
     * @param task the value of the graph's input {@code task_id}, if it has one
     */
    record Side(String prompt, OptionalLong task) {
        public static final Side PLAIN = new Side("", OptionalLong.empty());

        public Side {
            Objects.requireNonNull(prompt, "prompt");
            Objects.requireNonNull(task, "task");
        }
    }

    /**
     * @param tokenizer path of {@code tokenizer.json} relative to the model's folder
     * @param maxTokens the longest sequence, special tokens included; longer texts are cut
     * @param fixedLength every sequence is padded to {@code maxTokens} (CLIP exports without a mask, SigLIP), else to
     *     the longest of its batch
     * @param padId token id that fills up
     */
    record Text(
            String graph,
            List<String> outputs,
            Pooling pooling,
            String tokenizer,
            int maxTokens,
            boolean fixedLength,
            long padId,
            Side query,
            Side passage)
            implements Tower {
        public Text {
            Objects.requireNonNull(graph, "graph");
            Objects.requireNonNull(pooling, "pooling");
            Objects.requireNonNull(tokenizer, "tokenizer");
            Objects.requireNonNull(query, "query");
            Objects.requireNonNull(passage, "passage");
            outputs = List.copyOf(outputs);
            if (maxTokens < 1) {
                throw new IllegalArgumentException("maxTokens must be positive, got " + maxTokens);
            }
        }

        @Override
        public Modality modality() {
            return Modality.TEXT;
        }
    }

    /** @param pixels what the graph wants of a picture */
    record Image(String graph, List<String> outputs, Pooling pooling, ImageSpec pixels) implements Tower {
        public Image {
            Objects.requireNonNull(graph, "graph");
            Objects.requireNonNull(pooling, "pooling");
            Objects.requireNonNull(pixels, "pixels");
            outputs = List.copyOf(outputs);
        }

        @Override
        public Modality modality() {
            return Modality.IMAGE;
        }
    }
}
