// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.model.Refusal;
import org.opensearch.common.CheckedConsumer;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestResponse;

/**
 * What the endpoints below {@code /_plugins/_clip/v1} have in common: inputs in any of the forms that clients of Jina and OpenAI send, and
 * errors as both read them: OpenSearch's, with {@code detail} for Jina's clients and {@code error.message} for OpenAI's.
 */
final class JinaSchema {

    /** OpenAI's, and that of LlamaIndex's Jina class. */
    private static final int MAX_INPUTS = 2048;

    private JinaSchema() {}

    /** One or several. */
    static List<Source> inputs(String field, Object input) {
        List<?> list = input instanceof List<?> l ? l : input == null ? List.of() : List.of(input);
        if (list.isEmpty() || list.size() > MAX_INPUTS) {
            throw new IllegalArgumentException("[" + field
                    + "] must be a text or an object with one of [text, image, url, bytes], or a list of 1 to "
                    + MAX_INPUTS + " of them, got [" + list.size() + "]");
        }
        List<Source> sources = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            sources.add(input(field + "[" + i + "]", list.get(i)));
        }
        return sources;
    }

    static Source input(String field, Object input) {
        if (input instanceof String text) {
            return new Source.Text(text);
        }
        if (input instanceof Map<?, ?> one && one.size() == 1) {
            Map.Entry<?, ?> e = one.entrySet().iterator().next();
            String value = string(field + "." + e.getKey(), e.getValue());
            if (e.getKey().equals("text")) {
                return new Source.Text(value);
            }
            if (Set.of("image", "url", "bytes").contains(e.getKey())) {
                return new Source.Image(value);
            }
        }
        if (input instanceof Number || input instanceof List<?>) {
            throw new IllegalArgumentException(
                    "[" + field + "] is token ids, which only the tokenizer of another model "
                            + "understands: send the text (langchain-openai does with check_embedding_ctx_length=False)");
        }
        throw new IllegalArgumentException(
                "[" + field + "] must be a text or an object with one of [text, image, url, bytes]");
    }

    static String string(String field, Object value) {
        if (value instanceof String s && !s.isEmpty()) {
            return s;
        }
        throw new IllegalArgumentException(
                value == null
                        ? "[" + Shown.of(field) + "] is missing"
                        : "[" + Shown.of(field) + "] must be a text that is not empty");
    }

    static boolean flag(String key, Map<String, Object> json, boolean fallback) {
        Object value = json.get(key);
        if (value != null && !(value instanceof Boolean)) {
            throw new IllegalArgumentException("[" + key + "] must be true or false, got [" + Shown.of(value) + "]");
        }
        return value == null ? fallback : (Boolean) value;
    }

    static void usage(XContentBuilder json, int tokens) throws IOException {
        json.startObject("usage")
                .field("total_tokens", tokens)
                .field("prompt_tokens", tokens)
                .endObject();
    }

    /** Answers by {@code then}, or with the error. */
    static <T> ActionListener<T> answering(RestChannel channel, CheckedConsumer<T, Exception> then) {
        return ActionListener.wrap(then, e -> fail(channel, e));
    }

    static void fail(RestChannel channel, Exception e) {
        Throwable cause = ExceptionsHelper.unwrapCause(e);
        try {
            RestStatus status = ExceptionsHelper.status(cause);
            RestResponse answer =
                    answer(channel, status, OpenSearchException.getExceptionName(cause), cause.getMessage());
            // who has cancelled a request is not told when to come back
            channel.sendResponse(cause instanceof TaskCancelledException ? answer : Refusal.retryable(answer));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** As all inputs or none are answered: the first that fails is the error. */
    static void fail(RestChannel channel, String input, Embed.Result.Failure failure) throws IOException {
        channel.sendResponse(Refusal.retryable(
                answer(channel, failure.status(), failure.type(), "[" + input + "] " + failure.reason())));
    }

    private static RestResponse answer(RestChannel channel, RestStatus status, String type, String reason)
            throws IOException {
        try (XContentBuilder json = channel.newErrorBuilder()) {
            json.startObject().field("detail", reason);
            json.startObject("error");
            json.startArray("root_cause").startObject();
            json.field("type", type).field("reason", reason);
            json.endObject().endArray();
            json.field("type", type).field("reason", reason).field("message", reason);
            json.endObject();
            return new BytesRestResponse(
                    status, json.field("status", status.getStatus()).endObject());
        }
    }
}
