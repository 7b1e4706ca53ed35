// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.OptionalLong;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.text.TokenizerPolicy;

/**
 * {@code tokenizer.json} and {@code tokenizer_config.json} of a folder, read as {@code transformers} does.
 *
 * @param path of {@code tokenizer.json}
 * @param config {@code tokenizer_config.json}, empty when there is none
 */
record TokenizerFiles(Folder folder, String path, Optional<Config> config) {

    /** {@code model_max_length} of 1e30 and the like means that nobody set it. */
    private static final int LONGEST = 1 << 17;

    /** @param place folder that the files are in, empty or with a slash at its end */
    static TokenizerFiles at(Folder folder, String place) {
        return new TokenizerFiles(folder, place + "tokenizer.json", folder.json(place + "tokenizer_config.json"));
    }

    /** The longest sequence that the tokenizer makes. */
    Optional<Integer> maxLength() {
        return config.flatMap(c -> c.integer("model_max_length")).filter(n -> n > 0 && n <= LONGEST);
    }

    /**
     * The longest sequence that tokenizer and tower can do.
     *
     * @param text the tower's part of {@code config.json}
     */
    Optional<Integer> maxTokens(Config text) {
        Optional<Integer> length = maxLength();
        Optional<Integer> positions = text.integer("max_position_embeddings").or(() -> text.integer("n_positions"));
        return length.isPresent() && positions.isPresent()
                ? Optional.of(Math.min(length.get(), positions.get()))
                : length.or(() -> positions);
    }

    /** @throws IllegalArgumentException when it fills up on the left, for a tower that sees its padding */
    void requireRightPadding() {
        config.filter(c -> c.text("padding_side").filter("left"::equals).isPresent())
                .ifPresent(c -> {
                    throw c.wrong("padding_side", "right, because the text tower sees its padding");
                });
    }

    /**
     * The token that fills up; {@code pad_token_id} of old CLIP configurations is wrong, so it comes last.
     *
     * @param text the tower's part of {@code config.json}
     */
    long padId(Config text) {
        TokenizerPolicy.Checked file = check();
        Optional<String> token = config.flatMap(TokenizerFiles::padToken);
        if (token.isPresent()) {
            OptionalLong id = file.id(token.get());
            if (id.isPresent()) {
                return id.getAsLong();
            }
            throw new IllegalArgumentException("[tokenizer_config.json]: [pad_token] is [" + Shown.of(token.get())
                    + "], which [" + path + "] does not have");
        }
        return file.padId().orElseGet(() -> text.integer("pad_token_id").orElse(0));
    }

    /** @throws IllegalArgumentException what in {@code tokenizer.json} is refused */
    TokenizerPolicy.Checked check() {
        try {
            return TokenizerPolicy.check(folder.file(path));
        } catch (IOException e) {
            throw new UncheckedIOException("[" + path + "] cannot be read", e);
        }
    }

    /** Written as a text, or as an added token with its content. */
    private static Optional<String> padToken(Config tokenizer) {
        return tokenizer.isObject("pad_token")
                ? tokenizer.at("pad_token").text("content")
                : tokenizer.text("pad_token");
    }
}
