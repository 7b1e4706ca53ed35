// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import org.opensearch.OpenSearchException;
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.test.OpenSearchTestCase;

public class RefusalTests extends OpenSearchTestCase {

    private static OpenSearchException sent(OpenSearchException e) throws Exception {
        try (var out = new BytesStreamOutput()) {
            out.writeException(e);
            return out.bytes().streamInput().readException();
        }
    }

    public void testSaysWhenToComeBackAlsoBehindAnotherNode() throws Exception {
        for (OpenSearchException e : List.of(
                Refusal.rejected("full", null),
                Refusal.unavailable("closing"),
                sent(Refusal.rejected("full", null)),
                sent(Refusal.unavailable("closing")))) {
            assertEquals(List.of("5"), e.getHeader("Retry-After"));
            assertTrue(e.getMessage(), e.getMessage().endsWith("; retry after 5 seconds"));
            assertTrue(e.status().toString(), Refusal.isRefusal(e.status()));
        }
        assertEquals(
                "rejected_execution_exception", OpenSearchException.getExceptionName(Refusal.rejected("full", null)));
        assertEquals(
                RestStatus.TOO_MANY_REQUESTS,
                sent(Refusal.rejected("full", null)).status());
    }

    public void testSaysItOnce() {
        OpenSearchException inner = Refusal.unavailable("closing");
        assertEquals(
                "[v]: closing; retry after 5 seconds",
                Refusal.unavailable("[v]: " + inner.getMessage(), inner).getMessage());
    }

    public void testWhatItsCallerCancelledIsNoRefusal() throws Exception {
        OpenSearchException cancelled = Refusal.cancelled("by test");
        assertTrue(cancelled instanceof TaskCancelledException);
        assertEquals("task_cancelled_exception", OpenSearchException.getExceptionName(cancelled));
        for (OpenSearchException e :
                List.of(cancelled, sent(cancelled), Refusal.unavailable("[v]: by test", cancelled))) {
            assertEquals(RestStatus.SERVICE_UNAVAILABLE, e.status());
            assertNull(e.getHeader("Retry-After"));
        }
    }
}
