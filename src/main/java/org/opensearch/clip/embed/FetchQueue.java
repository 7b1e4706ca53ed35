// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntSupplier;
import org.opensearch.clip.embed.Embed.Lane;

/**
 * Items that wait to be fetched, in two lanes that take turns as {@link LaneTurns} says. Inside a lane the jobs take turns and inside a job its hosts; a
 * host of which as many items as may be are under way for the lane is passed over, so that a slow one holds up nobody else. Not thread-safe.
 */
final class FetchQueue {

    /** The items of a job, by host. */
    private static final class Waiting extends LinkedHashMap<String, Deque<Item>> {}

    private record Asked(Lane lane, String host) {}

    private final IntSupplier mostOfHost;
    private final Map<Lane, LinkedHashMap<Job, Waiting>> lanes = new EnumMap<>(Map.of(
            Lane.SEARCH, new LinkedHashMap<>(),
            Lane.INGEST, new LinkedHashMap<>()));
    private final Map<Asked, Integer> underWay = new HashMap<>();
    private final LaneTurns turns = new LaneTurns();

    /** Lanes of which every waiting item is of a host that is passed over: looked at again when that may have changed. */
    private final Set<Lane> stuck = EnumSet.noneOf(Lane.class);

    private int size;

    /** @param mostOfHost under way at a time for a lane */
    FetchQueue(IntSupplier mostOfHost) {
        this.mostOfHost = mostOfHost;
    }

    int size() {
        return size;
    }

    void addLast(Item item) {
        lanes.get(item.job().lane())
                .computeIfAbsent(item.job(), job -> new Waiting())
                .computeIfAbsent(item.host(), host -> new ArrayDeque<>())
                .addLast(item);
        size++;
        if (mayAsk(item.job().lane(), item.host())) {
            stuck.remove(item.job().lane());
        }
    }

    /**
     * @param ingest whether that lane may move
     * @return one item; none when nothing waits that may move
     */
    List<Item> take(boolean ingest) {
        for (Lane lane : turns.next(mayMove(Lane.SEARCH), ingest && mayMove(Lane.INGEST))) {
            for (Job job : lanes.get(lane).keySet()) {
                Item item = poll(lanes.get(lane), job);
                if (item != null) {
                    return List.of(item);
                }
            }
            stuck.add(lane);
        }
        return List.of();
    }

    private boolean mayMove(Lane lane) {
        return !lanes.get(lane).isEmpty() && !stuck.contains(lane);
    }

    private boolean mayAsk(Lane lane, String host) {
        return underWay.getOrDefault(new Asked(lane, host), 0) < mostOfHost.getAsInt();
    }

    /** Of the first host that may be asked; job and host go to the end of their lines. */
    private Item poll(LinkedHashMap<Job, Waiting> jobs, Job job) {
        Waiting hosts = jobs.get(job);
        for (String host : hosts.keySet()) {
            if (mayAsk(job.lane(), host)) {
                Deque<Item> items = hosts.remove(host);
                Item item = items.pollFirst();
                if (!items.isEmpty()) {
                    hosts.putLast(host, items);
                }
                jobs.remove(job);
                if (!hosts.isEmpty()) {
                    jobs.putLast(job, hosts);
                }
                size--;
                return item;
            }
        }
        return null;
    }

    /** Of an item that was taken. */
    void started(Item item) {
        underWay.merge(new Asked(item.job().lane(), item.host()), 1, Integer::sum);
    }

    /** After {@link #started}. */
    void ended(Item item) {
        underWay.compute(new Asked(item.job().lane(), item.host()), (asked, n) -> n == 1 ? null : n - 1);
        stuck.remove(item.job().lane());
    }

    /** @return the items of {@code job}, which wait no more */
    List<Item> remove(Job job) {
        Waiting hosts = lanes.get(job.lane()).remove(job);
        List<Item> removed = new ArrayList<>();
        if (hosts != null) {
            hosts.values().forEach(removed::addAll);
        }
        size -= removed.size();
        return removed;
    }
}
