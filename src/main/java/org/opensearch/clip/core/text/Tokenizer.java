// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A {@code tokenizer.json}, run by the Hugging Face library. Safe for use by many threads; the owner sees to it that
 * nobody encodes while it is closed.
 *
 * <p>Cuts as {@code transformers} does: to the number of tokens given here, special tokens kept, whatever the file
 * itself says on truncation and padding. Does no network I/O.
 */
public final class Tokenizer implements AutoCloseable {

    private static final String NATIVE_FOLDER = "ENGINE_CACHE_DIR";

    /**
     * One text as token ids, special tokens included, not padded.
     *
     * @param ids token ids, at most the limit the tokenizer was opened with
     * @param truncated the text was longer
     */
    public record Tokens(long[] ids, boolean truncated) {}

    private final HuggingFaceTokenizer tokenizer;

    private Tokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Where the native library is unpacked to, for the life of the process; call it before the first tokenizer is
     * opened. Without it that is the folder of temporary files.
     */
    public static void nativeFolder(Path folder) {
        System.setProperty(NATIVE_FOLDER, folder.toAbsolutePath().toString());
    }

    /**
     * @param maxTokens longest sequence, special tokens included
     * @throws IllegalArgumentException when {@link TokenizerPolicy} refuses the file: what it has and what is allowed;
     *     or when {@code maxTokens} leaves no room for the text between the special tokens
     */
    public static Tokenizer open(Path tokenizerJson, int maxTokens) {
        try {
            return open(TokenizerPolicy.check(tokenizerJson).json(), maxTokens);
        } catch (IOException e) {
            throw new UncheckedIOException("tokenizer.json cannot be read", e);
        }
    }

    private static Tokenizer open(byte[] json, int maxTokens) throws IOException {
        // DJL reports usage to its makers unless it believes that it is offline
        System.setProperty("ai.djl.offline", "true");
        if (System.getProperty(NATIVE_FOLDER) == null) {
            nativeFolder(Path.of(System.getProperty("java.io.tmpdir")));
        }
        var options = Map.of(
                "addSpecialTokens",
                "true",
                "truncation",
                "true",
                "maxLength",
                String.valueOf(maxTokens),
                "modelMaxLength",
                String.valueOf(maxTokens),
                "stride",
                "0",
                "padding",
                "false",
                "padToMultipleOf",
                "0");
        // DJL finds its native library through the context class loader of the first caller
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(Tokenizer.class.getClassLoader());
        Tokenizer tokenizer;
        try {
            tokenizer = new Tokenizer(HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options));
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "tokenizer.json is refused by the tokenizer library: " + e.getMessage(), e);
        } finally {
            thread.setContextClassLoader(before);
        }
        int special = tokenizer.encode("").ids().length;
        if (special >= maxTokens) {
            tokenizer.close();
            throw new IllegalArgumentException("max_tokens must be more than the " + special
                    + " special tokens of tokenizer.json, got [" + maxTokens + "]");
        }
        return tokenizer;
    }

    /**
     * The text as token ids. Takes time and memory in proportion to the whole text, also of what is cut: the caller
     * limits its bytes.
     */
    public Tokens encode(String text) {
        Encoding encoding = tokenizer.encode(wellFormed(text));
        return new Tokens(encoding.getIds(), encoding.exceedMaxLength());
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    /** Half a surrogate pair would make the native library take the text for bytes of another encoding. */
    private static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return new String(
                        text.codePoints()
                                .map(c -> c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c)
                                .toArray(),
                        0,
                        text.codePointCount(0, text.length()));
            }
        }
        return text;
    }
}
