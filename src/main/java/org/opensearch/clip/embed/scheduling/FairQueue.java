// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntBiFunction;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.model.Modality;

/**
 * What waits for a worker of one lane. Groups of inputs that can run together take turns, inside a group the requests: a request of ten thousand
 * inputs does not hold up one of a single input that comes after it. A turn is several inputs, so that requests end one after the other: were it one input, all
 * that wait at a time would end at the same late time. Not thread-safe.
 */
final class FairQueue {

    /** What can share a run: the same tower of the same model. */
    record Group(DualEncoder encoder, Modality modality) {}

    private final int turn;
    private final LinkedHashMap<Group, Waiting> groups = new LinkedHashMap<>();
    private int size;

    /** @param turn inputs of a request, before it is another's turn */
    FairQueue(int turn) {
        this.turn = turn;
    }

    int size() {
        return size;
    }

    void addLast(Work work) {
        waiting(work).addLast(work);
        size++;
    }

    /** For work that was taken already: it and its request are next. */
    void addFirst(Work work) {
        Waiting waiting = waiting(work);
        waiting.addFirst(work);
        groups.putFirst(work.input().group(), waiting);
        size++;
    }

    /**
     * @param most given a group and how many of it wait: how many to take
     * @return work of one group; empty when nothing waits
     */
    List<Work> take(ToIntBiFunction<Group, Integer> most) {
        Map.Entry<Group, Waiting> next = groups.pollFirstEntry();
        if (next == null) {
            return List.of();
        }
        Waiting waiting = next.getValue();
        List<Work> taken = waiting.poll(most.applyAsInt(next.getKey(), waiting.size));
        size -= taken.size();
        if (waiting.size > 0) {
            groups.putLast(next.getKey(), waiting);
        }
        return taken;
    }

    /** @return the work of {@code request}, which waits no more */
    List<Work> remove(PendingRequest request) {
        List<Work> removed = new ArrayList<>();
        groups.values().forEach(waiting -> removed.addAll(waiting.remove(request)));
        groups.values().removeIf(waiting -> waiting.size == 0);
        size -= removed.size();
        return removed;
    }

    private Waiting waiting(Work work) {
        return groups.computeIfAbsent(work.input().group(), g -> new Waiting(turn));
    }

    /** Of one group, in turns over requests. */
    private static final class Waiting {
        private final int turn;
        private final LinkedHashMap<PendingRequest, Deque<Work>> requests = new LinkedHashMap<>();
        private int size;

        /** Of the turn of the first request. */
        private int left;

        Waiting(int turn) {
            this.turn = turn;
            this.left = turn;
        }

        void addLast(Work work) {
            requests.computeIfAbsent(work.input().request(), r -> new ArrayDeque<>())
                    .addLast(work);
            size++;
        }

        void addFirst(Work work) {
            PendingRequest request = work.input().request();
            Deque<Work> all = requests.computeIfAbsent(request, r -> new ArrayDeque<>());
            all.addFirst(work);
            requests.putFirst(request, all);
            size++;
        }

        List<Work> poll(int most) {
            List<Work> polled = new ArrayList<>();
            while (polled.size() < most && size > 0) {
                Map.Entry<PendingRequest, Deque<Work>> first = requests.firstEntry();
                polled.add(first.getValue().pollFirst());
                size--;
                left--;
                if (first.getValue().isEmpty() || left == 0) {
                    requests.pollFirstEntry();
                    left = turn;
                    if (!first.getValue().isEmpty()) {
                        requests.putLast(first.getKey(), first.getValue());
                    }
                }
            }
            return polled;
        }

        Deque<Work> remove(PendingRequest request) {
            Deque<Work> all = requests.remove(request);
            size -= all == null ? 0 : all.size();
            return all == null ? new ArrayDeque<>() : all;
        }
    }
}
