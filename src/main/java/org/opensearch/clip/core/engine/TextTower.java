// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;
import org.opensearch.clip.core.model.Tower;

/** Token ids to vectors. Sequences are padded on the right. Safe for use by many threads. */
final class TextTower {

    private final Tower.Text tower;
    private final Graph graph;
    private final Buffers buffers;
    private final RunMemory memory;
    private final TextInputs inputs;
    private final int batch;
    /** Positions of every run, or 0 for as many as the longest input of the batch has. */
    private final int length;

    /** @throws ModelException when the graph is no text tower: what it has, what was expected */
    TextTower(Tower.Text tower, Session session, int dimension, Buffers buffers, RunMemory memory) {
        this.tower = tower;
        this.graph = Graph.of(tower, session, dimension);
        this.buffers = buffers;
        this.memory = memory;
        this.inputs = TextInputs.of(tower, session);
        this.batch = session.sharesScales() ? 1 : Graph.batch(tower.graph(), session, inputs.sequences());
        this.length = length(tower, inputs.sequences());
    }

    /** @throws ModelException see the constructor */
    static void check(Tower.Text tower, Ports graph, int dimension) {
        Graph.output(tower, graph, dimension);
        List<Port> sequences = TextInputs.of(tower, graph).sequences();
        Graph.batch(tower.graph(), graph, sequences);
        length(tower, sequences);
    }

    private static int length(Tower.Text tower, List<Port> sequences) {
        long fixed = sequences.stream()
                .mapToLong(p -> p.shape().length == 0 ? -1 : p.shape()[1])
                .max()
                .orElse(-1);
        if (fixed < 0) {
            return tower.fixedLength() ? tower.maxTokens() : 0;
        }
        if (fixed < tower.maxTokens() || tower.fixedLength() && fixed != tower.maxTokens()) {
            throw new ModelException("[" + tower.graph() + "] takes sequences of " + fixed + " tokens, max_tokens is "
                    + tower.maxTokens() + ": override [max_tokens] with " + fixed);
        }
        return (int) fixed;
    }

    int batch() {
        return batch;
    }

    boolean usesAllCores() {
        return graph.session().allCoresBytes() > 0;
    }

    /** A graph does one task a run, so texts of another task go into another run. */
    List<float[]> encode(List<Prepared.Text> texts, RunControl control) {
        Map<OptionalLong, List<Integer>> byTask = new LinkedHashMap<>();
        for (int i = 0; i < texts.size(); i++) {
            byTask.computeIfAbsent(texts.get(i).task(), t -> new ArrayList<>()).add(i);
        }
        var vectors = new float[texts.size()][];
        for (List<Integer> same : byTask.values()) {
            for (int from = 0; from < same.size(); ) {
                List<Prepared.Text> rest =
                        same.subList(from, same.size()).stream().map(texts::get).toList();
                List<float[]> made = run(rest.subList(0, fitting(rest)), control);
                for (float[] vector : made) {
                    vectors[same.get(from++)] = vector;
                }
            }
        }
        return Arrays.asList(vectors);
    }

    /** How many of the first ones share a run. */
    private int fitting(List<Prepared.Text> texts) {
        return memory.fitting(
                Math.min(texts.size(), batch),
                count -> graph.session().runBytes(count, longest(texts.subList(0, count))));
    }

    private int longest(List<Prepared.Text> texts) {
        int longest = length;
        for (Prepared.Text text : texts) {
            longest = Math.max(longest, text.ids().length);
        }
        return longest;
    }

    private List<float[]> run(List<Prepared.Text> texts, RunControl control) {
        int[] lengths = texts.stream().mapToInt(t -> t.ids().length).toArray();
        int longest = longest(texts);
        long[] sizes = inputs.bytes(texts.size(), longest);
        try (RunMemory.Taken ignored = memory.take(graph.session().runBytes(texts.size(), longest), longest);
                Buffers.Lease lease = buffers.take(sizes)) {
            Map<String, Tensor> tensors = new HashMap<>();
            for (int i = 0; i < sizes.length; i++) {
                Port port = inputs.ports().get(i);
                tensors.put(port.name(), inputs.tensor(i, lease.next((int) sizes[i]), texts, longest, tower));
            }
            var made = graph.session().run(tensors, graph.output().name(), control);
            return graph.vectors(made, texts.size(), lengths);
        }
    }
}
