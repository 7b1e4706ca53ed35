// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.common.xcontent.StatusToXContentObject;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestResponse;
import org.opensearch.rest.action.RestStatusToXContentListener;

/**
 * What this cluster cannot do now: a 429 or a 503 that says when to come back, by the header that HTTP clients wait by and, as an item of a bulk has no
 * headers, by the reason. What its own caller cancelled is a 503 as well, and nobody is to come back.
 */
public final class Refusal {

    private static final String RETRY_AFTER = "Retry-After";
    private static final String SECONDS = "5";
    private static final String HINT = "retry after " + SECONDS + " seconds";

    private Refusal() {}

    /** Too much at a time. Its name is what clients read as type, and the type that core has for it, whose own class has no headers. */
    private static final class RejectedExecutionException extends OpenSearchException {
        private RejectedExecutionException(String reason, Throwable cause) {
            super(reason, cause);
        }

        @Override
        public RestStatus status() {
            return RestStatus.TOO_MANY_REQUESTS;
        }
    }

    /** As core's, whose status is 500: who cancels something has found no fault of the server. */
    private static final class TaskCancelledException extends org.opensearch.core.tasks.TaskCancelledException {
        private TaskCancelledException(String reason) {
            super(reason);
        }

        @Override
        public RestStatus status() {
            return RestStatus.SERVICE_UNAVAILABLE;
        }
    }

    /** @param cause may be {@code null} */
    public static OpenSearchException rejected(String reason, Throwable cause) {
        return retryable(new RejectedExecutionException(hinted(reason), cause));
    }

    /** @param cause may be {@code null}; of what its caller cancelled the answer is no other */
    public static OpenSearchException unavailable(String reason, Throwable cause) {
        if (cause != null
                && ExceptionsHelper.unwrapCause(cause) instanceof org.opensearch.core.tasks.TaskCancelledException) {
            return cancelled(reason);
        }
        return retryable(new OpenSearchStatusException(hinted(reason), RestStatus.SERVICE_UNAVAILABLE, cause));
    }

    public static OpenSearchException unavailable(String reason) {
        return unavailable(reason, null);
    }

    public static OpenSearchException cancelled(String reason) {
        return new TaskCancelledException(reason);
    }

    /** The same, with the header. */
    public static <E extends OpenSearchException> E retryable(E e) {
        if (e.getHeader(RETRY_AFTER) == null) {
            e.addHeader(RETRY_AFTER, SECONDS);
        }
        return e;
    }

    /** The same, with the header if its status is one of a refusal. */
    public static <R extends RestResponse> R retryable(R response) {
        if (isRefusal(response.status())) {
            response.addHeader(RETRY_AFTER, SECONDS);
        }
        return response;
    }

    /** Answers with what an action tells, and with the header if that is a refusal. */
    public static <T extends StatusToXContentObject> RestStatusToXContentListener<T> answering(RestChannel channel) {
        return new RestStatusToXContentListener<>(channel) {
            @Override
            public RestResponse buildResponse(T answer, XContentBuilder json) throws Exception {
                return retryable(super.buildResponse(answer, json));
            }
        };
    }

    /** With what is said of when to come back, once. */
    public static String hinted(String reason) {
        return reason.contains(HINT) ? reason : reason + "; " + HINT;
    }

    public static boolean isRefusal(RestStatus status) {
        return status == RestStatus.TOO_MANY_REQUESTS || status == RestStatus.SERVICE_UNAVAILABLE;
    }
}
