// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;

/** What holds of any bytes that are taken for a tokenizer.json: allowed, or an {@link IllegalArgumentException} says why not. */
public final class UntrustedTokenizer {

    private UntrustedTokenizer() {}

    public static void read(byte[] bytes) {
        try {
            TokenizerPolicy.check(bytes).id("a");
        } catch (IllegalArgumentException expected) {
            if (expected.getMessage() == null) {
                throw expected;
            }
        }
    }

    /** The reader of its small sections alone. */
    public static void readSection(byte[] bytes) {
        try {
            SmallJson.read(new JsonReader(new StringReader(new String(bytes, StandardCharsets.UTF_8))), "normalizer");
        } catch (IllegalArgumentException | IllegalStateException | IOException expected) {
            if (expected.getMessage() == null) {
                throw new AssertionError(expected);
            }
        }
    }
}
