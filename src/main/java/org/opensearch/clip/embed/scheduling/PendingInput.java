// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Source;

/**
 * A distinct input of a {@link PendingRequest}: what it is, the time it has, and its end. What is made of it on its way is {@link Work}. Safe for use
 * by many threads, but for its clock, which whoever works on it starts and stops.
 */
final class PendingInput {

    private final PendingRequest request;
    private final int index;
    private final Source source;
    private final String host;
    private final TimeBudget time;

    /** @param index among the inputs of {@code request} */
    PendingInput(PendingRequest request, int index, Source source, TimeBudget time) {
        this.request = request;
        this.index = index;
        this.source = source;
        this.host = source.isUrl() ? Fetcher.host(((Source.Image) source).image()) : null;
        this.time = time;
    }

    PendingRequest request() {
        return request;
    }

    Source source() {
        return source;
    }

    TimeBudget time() {
        return time;
    }

    /** What may share a run with this input. */
    FairQueue.Group group() {
        return new FairQueue.Group(
                request.model().encoder(), source instanceof Source.Text ? Modality.TEXT : Modality.IMAGE);
    }

    /** Whom its URL asks, {@code null} when it has none. */
    String host() {
        return host;
    }

    boolean isWanted() {
        return !request.isEnded() && !request.isSettled(index);
    }

    /** The first result counts. */
    void settle(Result result) {
        request.settle(index, result);
    }
}
