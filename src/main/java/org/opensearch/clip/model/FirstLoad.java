// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodes;

/**
 * Whether any node has ever loaded a model, and who may while none has: one node at a time, so that a model that ends its node does not end the
 * cluster. A node takes its turn itself, and has it until it says how it went or is not in the cluster any more as the process that took it; so
 * nobody has to notice that, and it can be told from any cluster state, also after a full restart. Immutable.
 *
 * @param done some node has loaded it
 * @param node whose turn it is, {@code null} = nobody's
 * @param run ephemeral id of that node's process
 * @param lost ids of nodes that left during their turn; after {@link #TURNS} of them nobody tries until somebody asks
 */
record FirstLoad(boolean done, String node, String run, Set<String> lost) {

    static final FirstLoad DONE = new FirstLoad(true, null, null, Set.of());
    static final FirstLoad NONE = new FirstLoad(false, null, null, Set.of());

    private static final int TURNS = 2;
    private static final String DONE_KEY = "loaded_once";
    private static final String TURN_KEY = "first_load";

    /** Keys of {@link #addTo}. */
    static final Set<String> KEYS = Set.of(DONE_KEY, TURN_KEY);

    enum Turn {
        /** There is nothing to wait for. */
        DONE,
        MINE,
        /** It can be taken. */
        FREE,
        ANOTHERS,
        /** Not before somebody asks. */
        NOBODYS
    }

    FirstLoad {
        lost = Set.copyOf(lost);
    }

    Turn turn(DiscoveryNode local, DiscoveryNodes nodes) {
        if (done) {
            return Turn.DONE;
        }
        if (isOf(local)) {
            return Turn.MINE;
        }
        if (isTaken(nodes)) {
            return Turn.ANOTHERS;
        }
        return lostBut(local, nodes).size() < TURNS ? Turn.FREE : Turn.NOBODYS;
    }

    /** @return unchanged unless it can be taken */
    FirstLoad taken(DiscoveryNode by, DiscoveryNodes nodes) {
        return turn(by, nodes) == Turn.FREE
                ? new FirstLoad(false, by.getId(), by.getEphemeralId(), lostBut(by, nodes))
                : this;
    }

    /** @param loaded whether it was; otherwise the next may try, whoever that is */
    FirstLoad ended(String by, String process, boolean loaded) {
        if (done || loaded) {
            return DONE;
        }
        return by.equals(node) && process.equals(run) ? new FirstLoad(false, null, null, lost) : this;
    }

    /** Somebody asks for it: who left during his turn is forgotten. */
    FirstLoad asked(DiscoveryNodes nodes) {
        if (done) {
            return this;
        }
        return isTaken(nodes) ? new FirstLoad(false, node, run, Set.of()) : NONE;
    }

    boolean isOf(DiscoveryNode local) {
        return local.getId().equals(node) && local.getEphemeralId().equals(run);
    }

    private boolean isTaken(DiscoveryNodes nodes) {
        return node != null && nodes.nodeExists(node) && isOf(nodes.get(node));
    }

    /** A node that is back and has no marker of its own did not leave for the sake of the model: one with a marker does not ask for a turn. */
    private Set<String> lostBut(DiscoveryNode asking, DiscoveryNodes nodes) {
        Set<String> all = new TreeSet<>(lost);
        if (node != null && !isTaken(nodes)) {
            all.add(node);
        }
        all.remove(asking.getId());
        return all;
    }

    /** Nothing once a node has loaded it: a declaration then looks as one of a release that knew of no first load. */
    void addTo(Map<String, Object> map) {
        if (!done) {
            map.put(DONE_KEY, false);
        }
        if (node != null || !lost.isEmpty()) {
            Map<String, Object> turn = new LinkedHashMap<>();
            if (node != null) {
                turn.put("node", node);
                turn.put("run", run);
            }
            turn.put("lost", List.copyOf(new TreeSet<>(lost)));
            map.put(TURN_KEY, turn);
        }
    }

    /** A declaration of a release that knew of no first load has been loaded: its cluster must not lose it by the upgrade. */
    static FirstLoad of(Map<String, Object> map) {
        if (!Boolean.FALSE.equals(map.get(DONE_KEY))) {
            return DONE;
        }
        if (!(map.get(TURN_KEY) instanceof Map<?, ?> turn)) {
            return NONE;
        }
        Set<String> lost = new TreeSet<>();
        if (turn.get("lost") instanceof List<?> ids) {
            ids.forEach(id -> lost.add(String.valueOf(id)));
        }
        return turn.get("node") instanceof String node && turn.get("run") instanceof String run
                ? new FirstLoad(false, node, run, lost)
                : new FirstLoad(false, null, null, lost);
    }
}
