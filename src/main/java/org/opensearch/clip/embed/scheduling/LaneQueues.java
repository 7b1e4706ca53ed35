// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.ToIntBiFunction;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.scheduling.FairQueue.Group;
import org.opensearch.clip.embed.scheduling.Work.Given;

/**
 * What waits in each lane, and how many threads work for it: the bookkeeping of the scheduler, under one lock that is held for nothing else. Nothing is settled,
 * closed or called back here. Safe for use by many threads.
 */
final class LaneQueues {

    /** Inputs of a request that go before it is another's turn: as many as small bulks have. */
    private static final int TURN = 32;

    /** @param fetchers threads for both lanes together */
    record Threads(int ofSearch, int ofIngest, int fetchers) {
        int workers(Lane lane) {
            return lane == Lane.SEARCH ? ofSearch : ofIngest;
        }

        /** Some are left to searches, however many pictures of documents wait for slow hosts. */
        int fetchers(Lane lane) {
            return lane == Lane.SEARCH ? fetchers : Math.max(1, fetchers - Math.max(1, fetchers / 4));
        }
    }

    /** @param share of what waits, for one worker */
    record Taken(List<Work> works, int share) {}

    private static final class Queues {
        private final FetchQueue toFetch;
        private final FairQueue toRun = new FairQueue(TURN);
        private int fetching;
        private int working;

        Queues(FetchQueue toFetch) {
            this.toFetch = toFetch;
        }
    }

    private final Threads threads;
    private final Map<Lane, Queues> lanes = new EnumMap<>(Lane.class);

    /** @param fetchesOfHost that a lane may have under way at a time */
    LaneQueues(Threads threads, IntSupplier fetchesOfHost) {
        this.threads = threads;
        for (Lane lane : Lane.values()) {
            lanes.put(lane, new Queues(new FetchQueue(fetchesOfHost)));
        }
    }

    synchronized void add(Lane lane, List<Given> works) {
        Queues queues = lanes.get(lane);
        for (Given work : works) {
            if (work.input().source().isUrl()) {
                queues.toFetch.addLast(work.input());
            } else {
                queues.toRun.addLast(work);
            }
        }
    }

    /** To the front, in their order. */
    synchronized void putBack(Lane lane, List<? extends Work> works) {
        works.reversed().forEach(lanes.get(lane).toRun::addFirst);
    }

    /** @return what {@code request} has waiting, which waits no more */
    synchronized List<Work> remove(PendingRequest request) {
        Queues queues = lanes.get(request.lane());
        List<Work> removed = new ArrayList<>(queues.toRun.remove(request));
        queues.toFetch.remove(request).forEach(input -> removed.add(new Given(input, null)));
        return removed;
    }

    /**
     * @param mayFetch whether there is room for a picture of a lane
     * @return a picture whose fetch has begun; {@link #fetched} ends it
     */
    synchronized Optional<PendingInput> nextFetch(Lane lane, Predicate<Lane> mayFetch) {
        Queues queues = lanes.get(lane);
        if (fetching() >= threads.fetchers()
                || queues.fetching >= threads.fetchers(lane)
                || queues.toFetch.size() == 0
                || !mayFetch.test(lane)) {
            return Optional.empty();
        }
        Optional<PendingInput> next = queues.toFetch.take();
        queues.fetching += next.isPresent() ? 1 : 0;
        return next;
    }

    /** @param toRun what came of a fetch, {@code null} = nothing that is wanted */
    synchronized void fetched(PendingInput input, Work toRun) {
        Queues queues = lanes.get(input.request().lane());
        queues.fetching--;
        queues.toFetch.ended(input);
        if (toRun != null) {
            queues.toRun.addLast(toRun);
        }
    }

    /** @return how many workers have to be started; each calls {@link #take} until it gets nothing */
    synchronized int engage(Lane lane) {
        Queues queues = lanes.get(lane);
        int more = Math.clamp(queues.toRun.size(), 0, threads.workers(lane) - queues.working);
        queues.working += more;
        return more;
    }

    /**
     * For a worker.
     *
     * @param most given a group and a worker's share of it: how many to take
     * @return work of one group; without any the worker is none any more
     */
    synchronized Taken take(Lane lane, ToIntBiFunction<Group, Integer> most) {
        Queues queues = lanes.get(lane);
        int share = Math.ceilDiv(queues.toRun.size(), threads.workers(lane));
        List<Work> taken = queues.toRun.take(
                (group, waiting) -> most.applyAsInt(group, Math.ceilDiv(waiting, threads.workers(lane))));
        if (taken.isEmpty()) {
            queues.working--;
        }
        return new Taken(taken, share);
    }

    /** Whether there is one worker, which asks this, and nothing waits. */
    synchronized boolean isQuiet() {
        return lanes.values().stream().mapToInt(queues -> queues.working).sum() == 1
                && lanes.values().stream().allMatch(queues -> queues.toRun.size() == 0);
    }

    private int fetching() {
        return lanes.values().stream().mapToInt(queues -> queues.fetching).sum();
    }

    synchronized Map<String, Object> gauges() {
        int waiting = lanes.values().stream()
                .mapToInt(queues -> queues.toFetch.size() + queues.toRun.size())
                .sum();
        return Map.of(
                "waiting_inputs",
                waiting,
                "fetching",
                fetching(),
                "running_workers",
                lanes.get(Lane.INGEST).working,
                "running_search_workers",
                lanes.get(Lane.SEARCH).working);
    }
}
