// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.text.Cleaning;
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

    /** How far sequences are filled up. */
    enum Padding {
        /** To the longest of the batch, which the mask tells from the tokens. */
        LONGEST,
        /** To {@code maxTokens}, and the mask tells; makes the same vectors as {@link #LONGEST}. */
        FIXED,
        /** To {@code maxTokens}, and the tower sees the padding, as it was trained (SigLIP, MobileCLIP). */
        SEEN
    }

    /**
     * @param tokenizer path of {@code tokenizer.json} relative to the model's folder
     * @param maxTokens the longest sequence, special tokens included; longer texts are cut
     * @param padId token id that fills up
     * @param cleaning what happens to a text before the tokenizer sees it
     */
    record Text(
            String graph,
            List<String> outputs,
            Pooling pooling,
            String tokenizer,
            int maxTokens,
            Padding padding,
            long padId,
            Cleaning cleaning,
            Side query,
            Side passage)
            implements Tower {
        public Text {
            Objects.requireNonNull(graph, "graph");
            Objects.requireNonNull(pooling, "pooling");
            Objects.requireNonNull(tokenizer, "tokenizer");
            Objects.requireNonNull(padding, "padding");
            Objects.requireNonNull(cleaning, "cleaning");
            Objects.requireNonNull(query, "query");
            Objects.requireNonNull(passage, "passage");
            outputs = List.copyOf(outputs);
            if (maxTokens < 1) {
                throw new IllegalArgumentException("maxTokens must be positive, got " + maxTokens);
            }
        }

        /** Every sequence is as long as {@code maxTokens}, not as the longest of its batch. */
        public boolean fixedLength() {
            return padding != Padding.LONGEST;
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
