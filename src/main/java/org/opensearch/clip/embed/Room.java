// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.Map;
import java.util.TreeMap;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.model.Refusal;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.breaker.CircuitBreakingException;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * How much the lanes hold, and whether there is room for more. Each is bounded in bytes, those of the strings that were sent and
 * of the vectors that will be made, ingest also those that were fetched; search in requests too. What is alone always fits. Not thread-safe but for {@link #charge}.
 */
final class Room {

    private final ClipSettings settings;
    private final CircuitBreaker breaker;
    private int searches;
    private long searchBytes;
    private int ingests;
    private long sentBytes;
    private long fetchedBytes;
    private long reservedBytes;

    /** @param breaker charged for what is fetched */
    Room(ClipSettings settings, CircuitBreaker breaker) {
        this.settings = settings;
        this.breaker = breaker;
    }

    /** @throws OpenSearchException (429) when its lane is full */
    void admit(Job job) {
        ClipSettings.Lanes limits = settings.lanes();
        if (job.lane() == Lane.SEARCH) {
            if (searches >= limits.searchQueue()) {
                throw Refusal.rejected(
                        "the search lane is full: [" + searches + "] requests wait or run (plugins.clip.search.queue)",
                        null);
            }
            if (searches > 0 && searchBytes + job.bytes() > limits.ingestQueueBytes()) {
                throw Refusal.rejected(
                        "the search lane is full: ["
                                + new ByteSizeValue(searchBytes) + "] wait or run, [" + new ByteSizeValue(job.bytes())
                                + "] more are over [" + new ByteSizeValue(limits.ingestQueueBytes())
                                + "], which each lane may hold (plugins.clip.ingest.queue)",
                        null);
            }
            searches++;
            searchBytes += job.bytes();
            return;
        }
        long held = sentBytes + fetchedBytes;
        if (ingests > 0 && held + job.bytes() > limits.ingestQueueBytes()) {
            throw Refusal.rejected(
                    "the ingest lane is full: [" + new ByteSizeValue(held)
                            + "] wait or run, [" + new ByteSizeValue(job.bytes()) + "] more are over ["
                            + new ByteSizeValue(limits.ingestQueueBytes()) + "] (plugins.clip.ingest.queue)",
                    null);
        }
        ingests++;
        sentBytes += job.bytes();
    }

    void leave(Job job) {
        if (job.lane() == Lane.SEARCH) {
            searches--;
            searchBytes -= job.bytes();
        } else {
            ingests--;
            sentBytes -= job.bytes();
        }
    }

    /** Whether a fetch for the ingest lane may start: the largest picture fits, or no other one is held. */
    boolean isForFetch() {
        return fetchedBytes + reservedBytes == 0
                || sentBytes + fetchedBytes + reservedBytes + settings.image().maxBytes()
                        <= settings.lanes().ingestQueueBytes();
    }

    /** Before a fetch. */
    void reserve(Item item) {
        if (item.job().lane() == Lane.INGEST) {
            item.reservedBytes = settings.image().maxBytes();
            reservedBytes += item.reservedBytes;
        }
    }

    /**
     * After a fetch, before {@link #keep}; safe for use by many threads.
     *
     * @throws CircuitBreakingException when the node has no memory for it now; it is not kept then
     */
    void charge(byte[] fetched) {
        breaker.addEstimateBytesAndMaybeBreak(fetched.length, "clip fetched picture");
    }

    /** What was charged. */
    void keep(Item item, byte[] fetched) {
        release(item);
        item.fetched = fetched;
        fetchedBytes += counted(item);
    }

    /** After a fetch without a result. */
    void release(Item item) {
        reservedBytes -= item.reservedBytes;
        item.reservedBytes = 0;
    }

    /** When an item is at its end. */
    void drop(Item item) {
        if (item.fetched != null) {
            fetchedBytes -= counted(item);
            breaker.addWithoutBreaking(-item.fetched.length);
        }
        item.drop();
    }

    Map<String, Object> gauges() {
        Map<String, Object> gauges = new TreeMap<>();
        gauges.put("search_requests", searches);
        gauges.put("search_bytes", searchBytes);
        gauges.put("ingest_requests", ingests);
        gauges.put("ingest_bytes", sentBytes + fetchedBytes);
        return gauges;
    }

    private static long counted(Item item) {
        return item.job().lane() == Lane.INGEST ? item.fetched.length : 0;
    }
}
