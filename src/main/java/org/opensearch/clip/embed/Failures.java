// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.StoppedException;
import org.opensearch.clip.core.image.ImageException;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.model.Refusal;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.breaker.CircuitBreakingException;
import org.opensearch.core.common.unit.ByteSizeValue;
import org.opensearch.core.rest.RestStatus;

/** The only place that knows which cause is which type and status. */
public final class Failures {

    private static final Logger LOGGER = LogManager.getLogger(Failures.class);
    private static final String TIMEOUT = "timeout";
    private static final String TOTAL_LIMIT = "indices.breaker.total.limit";
    private static final String REQUEST_LIMIT = "indices.breaker.request.limit";

    private Failures() {}

    /** What a caller is told of {@code cause}; what is a fault of ours is logged, and told without details. */
    public static Failure of(Throwable cause) {
        return switch (cause) {
            case InputException e ->
                switch (e.kind()) {
                    case INVALID_TEXT -> new Failure("invalid_text", e.getMessage(), RestStatus.BAD_REQUEST);
                    case INVALID_IMAGE -> new Failure("invalid_image", e.getMessage(), RestStatus.BAD_REQUEST);
                    case IMAGE_TOO_LARGE ->
                        new Failure("image_too_large", e.getMessage(), RestStatus.REQUEST_ENTITY_TOO_LARGE);
                };
            case ImageException e -> new Failure("invalid_image", e.getMessage(), RestStatus.BAD_REQUEST);
            case FetchException e ->
                switch (e.kind()) {
                    case REFUSED -> new Failure("image_url_refused", e.getMessage(), RestStatus.FORBIDDEN);
                    case TOO_LARGE ->
                        new Failure("image_too_large", e.getMessage(), RestStatus.REQUEST_ENTITY_TOO_LARGE);
                    case TIMEOUT -> new Failure("image_fetch_timeout", e.getMessage(), RestStatus.GATEWAY_TIMEOUT);
                    case FAILED -> new Failure("image_fetch_failed", e.getMessage(), RestStatus.FAILED_DEPENDENCY);
                };
            case CircuitBreakingException e ->
                new Failure(
                        "circuit_breaking",
                        "no memory for this input now: retry later, or send a smaller one (it makes ["
                                + new ByteSizeValue(e.getBytesWanted()) + "], more than ["
                                + new ByteSizeValue(e.getByteLimit()) + "] of "
                                + (e.getMessage().startsWith("[parent]") ? TOTAL_LIMIT : REQUEST_LIMIT) + ")",
                        RestStatus.TOO_MANY_REQUESTS);
            case StoppedException e -> of(Refusal.unavailable(e.getMessage()));
            case ModelException e -> {
                LOGGER.warn("a run of a model failed", e);
                yield new Failure("model_failed", e.getMessage(), RestStatus.INTERNAL_SERVER_ERROR);
            }
            case OpenSearchException e ->
                new Failure(OpenSearchException.getExceptionName(e), e.getMessage(), ExceptionsHelper.status(e));
            default -> {
                LOGGER.error("an input could not be embedded", cause);
                yield new Failure(
                        "internal_error", "internal error, see the log of the node", RestStatus.INTERNAL_SERVER_ERROR);
            }
        };
    }

    /** The input was taken from the queue and not done within {@code limit}. */
    public static Failure timeout(TimeValue limit, Embed.Lane lane) {
        return new Failure(
                TIMEOUT,
                "not embedded within [timeout] of [" + limit + "] after it left the queue (default: plugins.clip."
                        + (lane == Embed.Lane.SEARCH ? "search" : "ingest") + ".timeout)",
                RestStatus.GATEWAY_TIMEOUT);
    }

    /** The input was not taken from the queue within {@code limit}. */
    public static Failure queueTimeout(TimeValue limit, Embed.Lane lane) {
        return new Failure(
                TIMEOUT,
                "waited in the queue for [" + limit + "] ("
                        + (lane == Embed.Lane.SEARCH
                                ? "[timeout], default: plugins.clip.search.timeout"
                                : "plugins.clip.ingest.max_queue_time")
                        + "): the node has more to embed than it can",
                RestStatus.GATEWAY_TIMEOUT);
    }

    public static boolean isTimeout(Result result) {
        return result instanceof Failure f && f.type().equals(TIMEOUT);
    }

    static OpenSearchStatusException conflict(String reason) {
        return new OpenSearchStatusException(reason, RestStatus.CONFLICT);
    }

    public static OpenSearchException cancelled() {
        return Refusal.cancelled("embed request was cancelled");
    }

    /** For a caller that cannot go on without the vector. */
    public static OpenSearchStatusException exception(Failure failure) {
        return new OpenSearchStatusException(failure.reason(), failure.status());
    }
}
