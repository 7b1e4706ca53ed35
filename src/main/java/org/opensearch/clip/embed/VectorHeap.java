// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import org.opensearch.clip.model.Refusal;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.lease.Releasables;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.breaker.CircuitBreakingException;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * The heap of vectors that are made and not yet written or sent, charged to {@code indices.breaker.request.limit}: few bytes of a
 * request become many vectors. What comes in is counted by core, what a shard writes as well, and an answer from when it is being built.
 * Safe for use by many threads.
 */
public final class VectorHeap {
    /** Of a value in JSON, which is what a document and an answer become. */
    private static final int BYTES = 12;

    private volatile CircuitBreaker breaker;

    public void chargeTo(CircuitBreaker requests) {
        breaker = requests;
    }

    /**
     * @param values of all vectors together
     * @return gives the space back, once
     * @throws org.opensearch.OpenSearchException 429 when there is none
     */
    Releasable take(long values) {
        CircuitBreaker charged = breaker;
        long bytes = values * BYTES;
        try {
            charged.addEstimateBytesAndMaybeBreak(bytes, "clip vectors");
        } catch (CircuitBreakingException e) {
            throw Refusal.rejected(
                    "no memory for these vectors now: they take [" + new ByteSizeValue(bytes)
                            + "] beside what is written and sent, the limit is [" + new ByteSizeValue(e.getByteLimit())
                            + "] (indices.breaker): send fewer at a time",
                    e);
        }
        return Releasables.releaseOnce(() -> charged.addWithoutBreaking(-bytes));
    }
}
