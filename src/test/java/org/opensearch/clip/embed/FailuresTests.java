// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import org.opensearch.ResourceNotFoundException;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.StoppedException;
import org.opensearch.clip.core.image.ImageException;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.breaker.CircuitBreakingException;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;

public class FailuresTests extends OpenSearchTestCase {

    private static void is(String type, RestStatus status, Exception cause) {
        assertEquals(new Failure(type, cause.getMessage(), status), Failures.of(cause));
    }

    public void testTellsWhoseFaultItIs() {
        is("invalid_text", RestStatus.BAD_REQUEST, new InputException(InputException.Kind.INVALID_TEXT, "a"));
        is("invalid_image", RestStatus.BAD_REQUEST, new InputException(InputException.Kind.INVALID_IMAGE, "a"));
        is(
                "image_too_large",
                RestStatus.REQUEST_ENTITY_TOO_LARGE,
                new InputException(InputException.Kind.IMAGE_TOO_LARGE, "a"));
        is("invalid_image", RestStatus.BAD_REQUEST, new ImageException("a"));
        is("image_url_refused", RestStatus.FORBIDDEN, new FetchException(FetchException.Kind.REFUSED, "a"));
        is(
                "image_too_large",
                RestStatus.REQUEST_ENTITY_TOO_LARGE,
                new FetchException(FetchException.Kind.TOO_LARGE, "a"));
        is("image_fetch_timeout", RestStatus.GATEWAY_TIMEOUT, new FetchException(FetchException.Kind.TIMEOUT, "a"));
        is("image_fetch_failed", RestStatus.FAILED_DEPENDENCY, new FetchException(FetchException.Kind.FAILED, "a"));
        is("model_failed", RestStatus.INTERNAL_SERVER_ERROR, new ModelException("a"));
        is("resource_not_found_exception", RestStatus.NOT_FOUND, new ResourceNotFoundException("a"));
    }

    public void testAsksToRetryWhenMemoryIsShort() {
        for (String breaker : new String[] {"request", "parent"}) {
            Failure failure = Failures.of(new CircuitBreakingException(
                    "[" + breaker + "] Data too large", 2048, 1024, CircuitBreaker.Durability.TRANSIENT));
            assertEquals(RestStatus.TOO_MANY_REQUESTS, failure.status());
            assertEquals(
                    "no memory for this input now: retry later, or send a smaller one (it makes [2kb], more than [1kb] of indices.breaker."
                            + (breaker.equals("parent") ? "total" : "request") + ".limit)",
                    failure.reason());
        }
    }

    public void testKeepsWhatItDoesNotKnowToTheLog() {
        Failure failure = Failures.of(new IllegalStateException("/etc/secret"));
        assertEquals("internal_error", failure.type());
        assertFalse(failure.reason(), failure.reason().contains("secret"));
    }

    public void testNamesTheLimitOfTime() {
        Failure late = Failures.timeout(TimeValue.timeValueSeconds(3), Lane.INGEST);
        assertTrue(
                late.reason(), late.reason().contains("[3s]") && late.reason().contains("plugins.clip.ingest.timeout"));
        assertTrue(Failures.isTimeout(late));
        Failure waited = Failures.queueTimeout(TimeValue.timeValueMinutes(1), Lane.INGEST);
        assertTrue(
                waited.reason(),
                waited.reason().contains("[1m]") && waited.reason().contains("ingest.max_queue_time"));
        assertTrue(Failures.isTimeout(waited));
        assertEquals(RestStatus.GATEWAY_TIMEOUT, Failures.exception(waited).status());
    }

    public void testARunThatTheNodeStoppedIsNoFaultOfTheModel() {
        Failure stopped = Failures.of(new StoppedException(StoppedException.Reason.CLOSING, "the node is closing"));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, stopped.status());
    }
}
