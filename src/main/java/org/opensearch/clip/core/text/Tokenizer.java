package org.opensearch.clip.core.text;

import java.nio.file.Path;

/** A {@code tokenizer.json}, run by the Hugging Face library. Safe for use by many threads. */
public final class Tokenizer implements AutoCloseable {

    /**
     * One text as token ids, special tokens included, not padded.
     *
     * @param ids token ids, at most the limit the tokenizer was opened with
     * @param truncated the text was longer
     */
    public record Tokens(long[] ids, boolean truncated) {}

    private Tokenizer() {}

    /**
     * @param maxTokens longest sequence, special tokens included
     * @throws IllegalArgumentException when {@link TokenizerPolicy} refuses the file: what it has and what is allowed
     */
    public static Tokenizer open(Path tokenizerJson, int maxTokens) {
        throw new UnsupportedOperationException();
    }

    public Tokens encode(String text) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
