// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntBiFunction;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.embed.Embed.Lane;

/**
 * Items that wait, in two lanes: search goes first, but when both wait each fourth turn is ingest's. Inside a lane the groups
 * of items that can run together take turns, inside a group the jobs: a job of ten thousand inputs does not hold up one of
 * a single input that comes after it. Not thread-safe.
 */
final class Backlog {

    /** What can share a run: the same tower of the same model. */
    record Group(DualEncoder encoder, Modality modality) {}

    private final Map<Lane, LinkedHashMap<Group, Waiting>> lanes = new EnumMap<>(Map.of(
            Lane.SEARCH, new LinkedHashMap<>(),
            Lane.INGEST, new LinkedHashMap<>()));
    private final LaneTurns turns = new LaneTurns();
    private int size;

    int size() {
        return size;
    }

    void addLast(Item item) {
        waiting(item).addLast(item);
        size++;
    }

    /** For an item that was taken already: it and its job are next in their lane. */
    void addFirst(Item item) {
        Waiting waiting = waiting(item);
        waiting.addFirst(item);
        lanes.get(item.job().lane()).putFirst(item.group(), waiting);
        size++;
    }

    /**
     * @param ingest whether that lane may move
     * @param most given a group and how many of it wait: how many to take
     * @return items of one group; empty when nothing waits that may move
     */
    List<Item> take(boolean ingest, ToIntBiFunction<Group, Integer> most) {
        boolean search = !lanes.get(Lane.SEARCH).isEmpty();
        List<Lane> order = turns.next(search, ingest && !lanes.get(Lane.INGEST).isEmpty());
        LinkedHashMap<Group, Waiting> lane = lanes.get(order.getFirst());
        Map.Entry<Group, Waiting> next = lane.pollFirstEntry();
        if (next == null) {
            return List.of();
        }
        Waiting waiting = next.getValue();
        List<Item> taken = waiting.poll(most.applyAsInt(next.getKey(), waiting.size));
        size -= taken.size();
        if (waiting.size > 0) {
            lane.putLast(next.getKey(), waiting);
        }
        return taken;
    }

    /** @return the items of {@code job}, which wait no more */
    List<Item> remove(Job job) {
        List<Item> removed = new ArrayList<>();
        Map<Group, Waiting> lane = lanes.get(job.lane());
        lane.values().forEach(waiting -> removed.addAll(waiting.remove(job)));
        lane.values().removeIf(waiting -> waiting.size == 0);
        size -= removed.size();
        return removed;
    }

    private Waiting waiting(Item item) {
        return lanes.get(item.job().lane()).computeIfAbsent(item.group(), g -> new Waiting());
    }

    /** Of one group, in turns over jobs. */
    private static final class Waiting {
        private final LinkedHashMap<Job, Deque<Item>> jobs = new LinkedHashMap<>();
        private int size;

        void addLast(Item item) {
            jobs.computeIfAbsent(item.job(), j -> new ArrayDeque<>()).addLast(item);
            size++;
        }

        void addFirst(Item item) {
            Deque<Item> items = jobs.computeIfAbsent(item.job(), j -> new ArrayDeque<>());
            items.addFirst(item);
            jobs.putFirst(item.job(), items);
            size++;
        }

        List<Item> poll(int most) {
            List<Item> polled = new ArrayList<>();
            while (polled.size() < most && size > 0) {
                Map.Entry<Job, Deque<Item>> first = jobs.pollFirstEntry();
                polled.add(first.getValue().pollFirst());
                size--;
                if (!first.getValue().isEmpty()) {
                    jobs.putLast(first.getKey(), first.getValue());
                }
            }
            return polled;
        }

        Deque<Item> remove(Job job) {
            Deque<Item> items = jobs.remove(job);
            size -= items == null ? 0 : items.size();
            return items == null ? new ArrayDeque<>() : items;
        }
    }
}
