// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.text;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.opensearch.clip.core.message.Shown;

/**
 * What a {@code tokenizer.json} may contain before the native library sees it: the library gives up on some files and
 * patterns by ending the process. An allow-list over the sections, read in one pass with bounded memory.
 */
public final class TokenizerPolicy {

    static final int MOST_TOKENS = 1 << 20;
    private static final int MOST_BYTES = 64 << 20;
    private static final int MOST_ADDED = 10_000;
    private static final int LONGEST_TOKEN = 1_024;

    /**
     * A file that was checked, and what a tower needs to know of it.
     *
     * @param json the very bytes that were checked
     * @param addedTokens ids of the added tokens by content
     * @param padId what the file pads with, if it says so
     */
    public record Checked(byte[] json, Map<String, Long> addedTokens, OptionalLong padId) {

        /** The id of any token of the file. */
        public OptionalLong id(String token) {
            Long added = addedTokens.get(token);
            return added != null ? OptionalLong.of(added) : new TokenizerPolicy(json, token).read().wanted;
        }
    }

    private final byte[] json;
    private final String wantedToken;
    private final Map<String, Long> addedTokens = new HashMap<>();
    private OptionalLong wanted = OptionalLong.empty();
    private OptionalLong padId = OptionalLong.empty();

    private TokenizerPolicy(byte[] json, String wantedToken) {
        this.json = json;
        this.wantedToken = wantedToken;
    }

    /** @throws IllegalArgumentException which part of the file is refused, and what is allowed there */
    public static Checked check(Path tokenizerJson) throws IOException {
        byte[] json;
        try (InputStream in = Files.newInputStream(tokenizerJson)) {
            json = in.readNBytes(MOST_BYTES + 1);
        }
        return check(json);
    }

    static Checked check(byte[] json) {
        if (json.length > MOST_BYTES) {
            throw new IllegalArgumentException("tokenizer.json has more than " + MOST_BYTES + " bytes");
        }
        TokenizerPolicy policy = new TokenizerPolicy(json, null).read();
        return new Checked(json, Map.copyOf(policy.addedTokens), policy.padId);
    }

    private TokenizerPolicy read() {
        var utf8 = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
        try (Reader text = new InputStreamReader(new ByteArrayInputStream(json), utf8);
                JsonReader in = new JsonReader(text)) {
            in.setStrictness(Strictness.STRICT);
            sections(in);
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw new IllegalArgumentException("tokenizer.json goes on after its end");
            }
            return this;
        } catch (MalformedJsonException | EOFException | IllegalStateException | CharacterCodingException e) {
            throw new IllegalArgumentException("tokenizer.json is not the JSON of a tokenizer: " + Shown.reason(e), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void sections(JsonReader in) throws IOException {
        var seen = new HashMap<String, Object>();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (seen.put(name, name) != null) {
                throw new IllegalArgumentException("tokenizer.json: [" + Shown.of(name) + "] is there twice");
            }
            switch (name) {
                case "version", "truncation", "padding" -> plain(name, SmallJson.read(in, name));
                case "added_tokens" -> addedTokens(in);
                case "normalizer", "pre_tokenizer", "post_processor", "decoder" ->
                    Components.check(name, SmallJson.read(in, name));
                case "model" -> wanted = ModelSection.read(in, wantedToken);
                default ->
                    throw new IllegalArgumentException(
                            "tokenizer.json: [" + Shown.of(name) + "] is no section of a tokenizer,"
                                    + " allowed: [version, truncation, padding, added_tokens, normalizer, pre_tokenizer,"
                                    + " post_processor, decoder, model]");
            }
        }
        in.endObject();
        if (!seen.containsKey("model")) {
            throw new IllegalArgumentException("tokenizer.json has no [model]");
        }
    }

    /**
     * Our own limits replace what the file says on truncation and padding; only the side cannot be changed from Java.
     */
    private void plain(String name, Object value) {
        if (value instanceof Map<?, ?> section) {
            Components.require(
                    !"Left".equals(section.get("direction")) || name.equals("padding"),
                    name + ".direction",
                    "Left",
                    "Right");
            if (name.equals("padding") && Components.isWhole(section.get("pad_id"), MOST_TOKENS)) {
                padId = OptionalLong.of(((Number) section.get("pad_id")).longValue());
            }
        }
    }

    private void addedTokens(JsonReader in) throws IOException {
        in.beginArray();
        for (int n = 0; in.hasNext(); n++) {
            ModelSection.limit("added_tokens", n, MOST_ADDED);
            String where = "added_tokens[" + n + "]";
            Object value = SmallJson.read(in, where);
            Map<?, ?> token = value instanceof Map<?, ?> m ? m : Map.of();
            String content = token.get("content") instanceof String s ? s : "";
            boolean valid = !content.isEmpty()
                    && content.length() <= LONGEST_TOKEN
                    && Components.isWhole(token.get("id"), MOST_TOKENS);
            Components.require(valid, where, value, "{\"id\", \"content\"} and flags, the content not empty");
            addedTokens.put(content, ((Number) token.get("id")).longValue());
        }
        in.endArray();
    }
}
