// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.time.Duration;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.lease.Releasables;

/**
 * A distinct input of a {@link Job} on its way: fetched, prepared, run. At any time it is either in a queue, guarded by the
 * lock of {@link Lanes}, or in the hands of the one thread that took it; {@link #settle}, {@link #isWanted} and {@link
 * #isLate} are for any thread.
 */
final class Item {

    private static final long NEVER = Long.MAX_VALUE;

    private final Job job;
    private final int index;
    private final Source source;
    private final String host;
    private final long born = System.nanoTime();
    private long spentNanos;
    private long takenAt;
    private volatile long deadline = NEVER;

    /** The picture as it was fetched. */
    byte[] fetched;

    /** Room kept while it is being fetched. */
    long reservedBytes;

    /** Decoded or tokenised. */
    Prepared prepared;

    /** The space of a large picture that is decoded; {@code null} = none is kept. */
    Releasable pixels;

    /** The text was cut before it was tokenised. */
    boolean cut;

    /** By which its vector is kept; {@code null} when it is not, or not known yet. */
    QueryCache.Key key;

    Item(Job job, int index, Source source) {
        this.job = job;
        this.index = index;
        this.source = source;
        this.host = source.isUrl() ? Fetcher.host(((Source.Image) source).image()) : null;
    }

    Job job() {
        return job;
    }

    Source source() {
        return source;
    }

    /** What may share a run with this item. */
    Backlog.Group group() {
        return new Backlog.Group(job.model().encoder(), source instanceof Source.Text ? Modality.TEXT : Modality.IMAGE);
    }

    /** Whom its URL asks, {@code null} when it has none. */
    String host() {
        return host;
    }

    boolean isToFetch() {
        return source.isUrl() && fetched == null;
    }

    /** Out of the queue: the time given by the request runs. */
    void take(long now) {
        takenAt = now;
        deadline = now + remaining().toNanos();
    }

    /** Back to a queue: the time stops. */
    void rest(long now) {
        spentNanos += now - takenAt;
        deadline = NEVER;
    }

    /** Of the time given by the request, when it was taken. */
    Duration remaining() {
        return Duration.ofNanos(Math.max(1, job.timeout().nanos() - spentNanos));
    }

    /** Spent in queues until it was taken for the last time. */
    long queuedNanos() {
        return takenAt - born - spentNanos;
    }

    boolean isLate(long now) {
        long d = deadline;
        return d != NEVER && now - d > 0;
    }

    boolean isWanted() {
        return !job.isEnded() && !job.isSettled(index);
    }

    void settle(Result result) {
        job.settle(index, result);
    }

    /** Frees what it holds. To be called by the one who has it, at the end. */
    void drop() {
        fetched = null;
        prepared = null;
        Releasables.close(pixels);
        pixels = null;
        deadline = NEVER;
    }
}
