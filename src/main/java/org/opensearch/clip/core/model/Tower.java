// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Objects;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.vector.Pooling;

/**
 * One half of a dual encoder, as data.
 *
 * <p>{@code graph} is the path of the ONNX file relative to the model's folder, with forward slashes. The names of
 * inputs and outputs are not here: they are read from the graph when it is opened.
 */
public sealed interface Tower {

    Modality modality();

    String graph();

    Pooling pooling();

    /**
     * @param tokenizer path of {@code tokenizer.json} relative to the model's folder
     * @param maxTokens the longest sequence, special tokens included; longer texts are cut
     * @param fixedLength every sequence is padded to {@code maxTokens} (CLIP exports without a mask, SigLIP), else to
     *     the longest of its batch
     * @param padId token id that fills up
     * @param queryPrompt put before the text of a query, mostly empty
     * @param passagePrompt put before the text of a document, mostly empty
     */
    record Text(
            String graph,
            Pooling pooling,
            String tokenizer,
            int maxTokens,
            boolean fixedLength,
            long padId,
            String queryPrompt,
            String passagePrompt)
            implements Tower {
        public Text {
            Objects.requireNonNull(graph, "graph");
            Objects.requireNonNull(pooling, "pooling");
            Objects.requireNonNull(tokenizer, "tokenizer");
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
    record Image(String graph, Pooling pooling, ImageSpec pixels) implements Tower {
        public Image {
            Objects.requireNonNull(graph, "graph");
            Objects.requireNonNull(pooling, "pooling");
            Objects.requireNonNull(pixels, "pixels");
        }

        @Override
        public Modality modality() {
            return Modality.IMAGE;
        }
    }
}
