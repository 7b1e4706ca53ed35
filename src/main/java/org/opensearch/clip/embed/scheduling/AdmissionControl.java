// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.Map;
import java.util.TreeMap;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.model.Refusal;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.lease.Releasables;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.breaker.CircuitBreakingException;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * How much the lanes hold, and whether there is room for more. Each is bounded in bytes, those of the strings that were sent and of the vectors that will be made,
 * ingest also those that were fetched; search in requests too. What is alone always fits. Whatever is taken is given back by closing it. Safe for use by many threads.
 */
final class AdmissionControl {

    private final ClipSettings settings;
    private final CircuitBreaker breaker;
    private int searches;
    private long searchBytes;
    private int ingests;
    private long sentBytes;
    private long fetchedBytes;
    private long reservedBytes;

    /** @param breaker charged for what is fetched */
    AdmissionControl(ClipSettings settings, CircuitBreaker breaker) {
        this.settings = settings;
        this.breaker = breaker;
    }

    /**
     * @return to be closed when the request has ended
     * @throws OpenSearchException (429) when its lane is full
     */
    synchronized Releasable admit(PendingRequest request) {
        return request.lane() == Lane.SEARCH ? admitSearch(request.bytes()) : admitIngest(request.bytes());
    }

    private Releasable admitSearch(long bytes) {
        ClipSettings.Lanes limits = settings.lanes();
        if (searches >= limits.searchQueue()) {
            throw Refusal.rejected(
                    "the search lane is full: [" + searches + "] requests wait or run (plugins.clip.search.queue)",
                    null);
        }
        if (searches > 0 && searchBytes + bytes > limits.ingestQueueBytes()) {
            throw Refusal.rejected(
                    "the search lane is full: ["
                            + new ByteSizeValue(searchBytes) + "] wait or run, [" + new ByteSizeValue(bytes)
                            + "] more are over [" + new ByteSizeValue(limits.ingestQueueBytes())
                            + "], which each lane may hold (plugins.clip.ingest.queue)",
                    null);
        }
        countSearch(1, bytes);
        return Releasables.releaseOnce(() -> countSearch(-1, -bytes));
    }

    private synchronized void countSearch(int requests, long bytes) {
        searches += requests;
        searchBytes += bytes;
    }

    private Releasable admitIngest(long bytes) {
        long limit = settings.lanes().ingestQueueBytes();
        long held = sentBytes + fetchedBytes;
        if (ingests > 0 && held + bytes > limit) {
            throw Refusal.rejected(
                    "the ingest lane is full: [" + new ByteSizeValue(held)
                            + "] wait or run, [" + new ByteSizeValue(bytes) + "] more are over ["
                            + new ByteSizeValue(limit) + "] (plugins.clip.ingest.queue)",
                    null);
        }
        countIngest(1, bytes);
        return Releasables.releaseOnce(() -> countIngest(-1, -bytes));
    }

    private synchronized void countIngest(int requests, long bytes) {
        ingests += requests;
        sentBytes += bytes;
    }

    /** Whether a fetch may start: for ingest when the largest picture fits, or no other one is held. */
    synchronized boolean isForFetch(Lane lane) {
        return lane == Lane.SEARCH
                || fetchedBytes + reservedBytes == 0
                || sentBytes + fetchedBytes + reservedBytes + settings.image().maxBytes()
                        <= settings.lanes().ingestQueueBytes();
    }

    /** Before a fetch, until what came of it is kept. */
    Releasable reserve(Lane lane) {
        long bytes = lane == Lane.INGEST ? settings.image().maxBytes() : 0;
        countReserved(bytes);
        return Releasables.releaseOnce(() -> countReserved(-bytes));
    }

    private synchronized void countReserved(long bytes) {
        reservedBytes += bytes;
    }

    /**
     * After a fetch. May wait for the garbage collector, as breakers do.
     *
     * @throws CircuitBreakingException when the node has no memory for it now
     */
    Releasable keep(Lane lane, byte[] fetched) {
        breaker.addEstimateBytesAndMaybeBreak(fetched.length, "clip fetched picture");
        long counted = lane == Lane.INGEST ? fetched.length : 0;
        countFetched(counted);
        return Releasables.releaseOnce(() -> {
            countFetched(-counted);
            breaker.addWithoutBreaking(-fetched.length);
        });
    }

    private synchronized void countFetched(long bytes) {
        fetchedBytes += bytes;
    }

    synchronized Map<String, Object> gauges() {
        Map<String, Object> gauges = new TreeMap<>();
        gauges.put("search_requests", searches);
        gauges.put("search_bytes", searchBytes);
        gauges.put("ingest_requests", ingests);
        gauges.put("ingest_bytes", sentBytes + fetchedBytes);
        return gauges;
    }
}
