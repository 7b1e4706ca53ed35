// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * The pictures of one lane that wait to be fetched. Requests take turns and inside a request its hosts; a host of which as many as may be are under way is
 * passed over, so that a slow one holds up nobody else. Not thread-safe.
 */
final class FetchQueue {

    /** The inputs of a request, by host. */
    private static final class Waiting extends LinkedHashMap<String, Deque<PendingInput>> {}

    private final IntSupplier mostOfHost;
    private final LinkedHashMap<PendingRequest, Waiting> requests = new LinkedHashMap<>();
    private final Map<String, Integer> underWay = new HashMap<>();

    /** Every waiting input is of a host that is passed over: looked at again when that may have changed. */
    private boolean stuck;

    private int size;

    /** @param mostOfHost under way at a time */
    FetchQueue(IntSupplier mostOfHost) {
        this.mostOfHost = mostOfHost;
    }

    int size() {
        return size;
    }

    void addLast(PendingInput input) {
        requests.computeIfAbsent(input.request(), r -> new Waiting())
                .computeIfAbsent(input.host(), host -> new ArrayDeque<>())
                .addLast(input);
        size++;
        stuck &= !mayAsk(input.host());
    }

    /** @return an input, which is under way from now on until {@link #ended}; empty when none may be */
    Optional<PendingInput> take() {
        if (stuck) {
            return Optional.empty();
        }
        for (PendingRequest request : requests.keySet()) {
            for (String host : requests.get(request).keySet()) {
                if (mayAsk(host)) {
                    return Optional.of(take(request, host));
                }
            }
        }
        stuck = size > 0;
        return Optional.empty();
    }

    /** Request and host go to the end of their lines. */
    private PendingInput take(PendingRequest request, String host) {
        Waiting hosts = requests.remove(request);
        Deque<PendingInput> inputs = hosts.remove(host);
        PendingInput input = inputs.pollFirst();
        if (!inputs.isEmpty()) {
            hosts.putLast(host, inputs);
        }
        if (!hosts.isEmpty()) {
            requests.putLast(request, hosts);
        }
        size--;
        underWay.merge(host, 1, Integer::sum);
        return input;
    }

    private boolean mayAsk(String host) {
        return underWay.getOrDefault(host, 0) < mostOfHost.getAsInt();
    }

    void ended(PendingInput input) {
        underWay.compute(input.host(), (host, n) -> n == 1 ? null : n - 1);
        stuck = false;
    }

    /** @return the inputs of {@code request}, which wait no more */
    List<PendingInput> remove(PendingRequest request) {
        Waiting hosts = requests.remove(request);
        List<PendingInput> removed = new ArrayList<>();
        if (hosts != null) {
            hosts.values().forEach(removed::addAll);
        }
        size -= removed.size();
        return removed;
    }
}
