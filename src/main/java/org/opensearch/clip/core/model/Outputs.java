// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.Pooling;

/**
 * What a tower reads from its graph, see {@link Tower#outputs} and {@link Tower#pooling}.
 *
 * @param names best first
 */
record Outputs(List<String> names, Pooling pooling) {

    /** Before those of length 1, which are no worse. */
    static final List<String> TEXT =
            List.of("text_embeds", "text_embeddings", "text_features", "embedding", "l2norm_text_embeddings");

    static final List<String> IMAGE =
            List.of("image_embeds", "image_embeddings", "image_features", "embedding", "l2norm_image_embeddings");

    /** SigLIP has no projection behind its pooling; where one graph holds both towers the first name is used. */
    static final List<String> SIGLIP_TEXT = List.of("text_embeds", "pooler_output");

    static final List<String> SIGLIP_IMAGE = List.of("image_embeds", "pooler_output");

    /** The work of all modules of a sentence encoder. */
    private static final List<String> SENTENCE = List.of("sentence_embedding", "sentence_embeddings");

    /** What exporters call the states before pooling. */
    private static final List<String> HIDDEN = List.of("last_hidden_state", "token_embeddings", "hidden_states");

    /** The same of jina-embeddings-v3. */
    private static final List<String> JINA = List.of("text_embeds");

    /**
     * Of the text tower of a dual encoder, which may be a sentence encoder as it is published.
     *
     * @param names of outputs that are vectors, for when nobody asks for pooling
     * @param modules what the folder says of pooling
     */
    static Outputs dual(List<String> names, Optional<Pooling> modules, Overrides overrides) {
        return overrides
                .pooling()
                .map(p -> new Outputs(p == Pooling.NONE ? names : HIDDEN, p))
                .or(() -> modules.map(p -> new Outputs(all(names, HIDDEN), p)))
                .orElse(new Outputs(names, Pooling.NONE));
    }

    /** Of a sentence encoder, whose graph may do the pooling itself. */
    static Outputs sentence(Optional<Pooling> modules, Overrides overrides) {
        return overrides
                .pooling()
                .map(p -> new Outputs(p == Pooling.NONE ? SENTENCE : all(HIDDEN, JINA), p))
                .or(() -> modules.map(p -> new Outputs(all(SENTENCE, HIDDEN, JINA), p)))
                .orElse(new Outputs(SENTENCE, Pooling.NONE));
    }

    @SafeVarargs
    private static List<String> all(List<String>... names) {
        return Stream.of(names).flatMap(List::stream).toList();
    }
}
