// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.opensearch.clip.core.text.TokenizerPolicy;
import org.opensearch.clip.core.vector.Pooling;

/**
 * Reads {@code tokenizer_config.json} and {@code tokenizer.json} into what a text tower needs, as {@code transformers}
 * does.
 */
final class TextSettings {

    private static final String TOKENIZER = "tokenizer.json";

    /** {@code model_max_length} of 1e30 and the like means that nobody set it. */
    private static final int LONGEST = 1 << 17;

    /** What exporters call the states before pooling. */
    private static final List<String> HIDDEN = List.of("last_hidden_state", "token_embeddings", "hidden_states");

    private TextSettings() {}

    /** @param text the tower's part of {@code config.json} */
    static Tower.Text tower(Folder folder, Config text, SplitTowers family, String graph, Overrides overrides) {
        Optional<Config> tokenizer = folder.json("tokenizer_config.json");
        int maxTokens = overrides.maxTokens().orElseGet(() -> maxTokens(tokenizer, text, family.maxTokens()));
        return new Tower.Text(
                graph,
                overrides.pooling().isPresent() ? HIDDEN : family.textOutputs(),
                overrides.pooling().orElse(Pooling.NONE),
                TOKENIZER,
                maxTokens,
                family.fixedLength(),
                padId(folder, tokenizer, text),
                new Tower.Side(overrides.queryPrompt().orElse(""), OptionalLong.empty()),
                new Tower.Side(overrides.passagePrompt().orElse(""), OptionalLong.empty()));
    }

    private static int maxTokens(Optional<Config> tokenizer, Config text, int otherwise) {
        Optional<Integer> length =
                tokenizer.flatMap(c -> c.integer("model_max_length")).filter(n -> n <= LONGEST);
        Optional<Integer> positions = text.integer("max_position_embeddings");
        if (length.isPresent() && positions.isPresent()) {
            return Math.min(length.get(), positions.get());
        }
        return length.or(() -> positions).orElse(otherwise);
    }

    /** The tokenizer's pad token; {@code pad_token_id} of old CLIP configurations is wrong, so it comes last. */
    private static long padId(Folder folder, Optional<Config> tokenizer, Config text) {
        TokenizerPolicy.Checked file;
        try {
            file = TokenizerPolicy.check(folder.file(TOKENIZER));
        } catch (IOException e) {
            throw new UncheckedIOException("[" + TOKENIZER + "] cannot be read", e);
        }
        Optional<String> token = tokenizer.flatMap(TextSettings::padToken);
        if (token.isPresent()) {
            OptionalLong id = file.id(token.get());
            if (id.isPresent()) {
                return id.getAsLong();
            }
            throw new IllegalArgumentException("[tokenizer_config.json]: [pad_token] is [" + token.get() + "], which ["
                    + TOKENIZER + "] does not have");
        }
        return file.padId().orElseGet(() -> text.integer("pad_token_id").orElse(0));
    }

    /** Written as a text, or as an added token with its content. */
    private static Optional<String> padToken(Config tokenizer) {
        return tokenizer.isObject("pad_token")
                ? tokenizer.at("pad_token").text("content")
                : tokenizer.text("pad_token");
    }
}
