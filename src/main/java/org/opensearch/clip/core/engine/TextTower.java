// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;
import org.opensearch.clip.core.model.Tower;

/** Token ids to vectors. Sequences are padded on the right. Safe for use by many threads. */
final class TextTower {

    /** An input of the graph, {@code [batch][length]}, and what goes into it. */
    private enum Role {
        INPUT_IDS {
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                return position < ids.length ? ids[position] : tower.padId();
            }
        },
        ATTENTION_MASK {
            /** Towers of fixed length were trained without a mask: they see their padding. */
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                return position < ids.length || tower.fixedLength() ? 1 : 0;
            }
        },
        TOKEN_TYPE_IDS {
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                return 0;
            }
        },
        POSITION_IDS {
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                return position;
            }
        };

        abstract long value(long[] ids, int position, Tower.Text tower);

        static List<String> names() {
            var names = new ArrayList<String>();
            for (Role role : values()) {
                names.add(role.name().toLowerCase(Locale.ROOT));
            }
            return names;
        }
    }

    private final Tower.Text tower;
    private final Graph graph;
    private final Buffers buffers;
    private final List<Port> inputs;
    private final int batch;
    /** Positions of every run, or 0 for as many as the longest input of the batch has. */
    private final int length;

    /** @throws ModelException when the graph is no text tower: what it has, what was expected */
    TextTower(Tower.Text tower, Session session, int dimension, Buffers buffers) {
        this.tower = tower;
        this.graph = Graph.of(tower, session, dimension);
        this.buffers = buffers;
        this.inputs = session.inputs();
        this.batch = graph.batch();
        List<String> names = inputs.stream().map(Port::name).toList();
        boolean known = inputs.stream()
                .allMatch(p -> Role.names().contains(p.name())
                        && (p.element() == Element.INT64 || p.element() == Element.INT32)
                        && (p.shape().length == 2 || p.shape().length == 0));
        if (!known || !names.contains("input_ids")) {
            throw new ModelException(Graph.describe(tower.graph(), session)
                    + "; expected whole-number inputs [batch, length]: input_ids, and no others than " + Role.names());
        }
        this.length = length(tower, inputs);
    }

    private static int length(Tower.Text tower, List<Port> inputs) {
        long fixed = inputs.stream()
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

    List<float[]> encode(List<Prepared.Text> texts) {
        var vectors = new ArrayList<float[]>(texts.size());
        for (int from = 0; from < texts.size(); from += Math.min(batch, texts.size())) {
            vectors.addAll(run(texts.subList(from, Math.min(texts.size() - from, batch) + from)));
        }
        return vectors;
    }

    private List<float[]> run(List<Prepared.Text> texts) {
        int n = texts.size();
        int[] lengths = texts.stream().mapToInt(t -> t.ids().length).toArray();
        int longest = length;
        for (int tokens : lengths) {
            longest = Math.max(longest, tokens);
        }
        long[] shape = {n, longest};
        long[] sizes =
                inputs.stream().mapToLong(p -> shape[0] * shape[1] * bytes(p)).toArray();
        try (Buffers.Lease memory = buffers.take(sizes)) {
            Map<String, Tensor> tensors = new HashMap<>();
            for (int i = 0; i < sizes.length; i++) {
                Port port = inputs.get(i);
                Buffer data = fill(memory.next((int) sizes[i]), port, texts, longest);
                tensors.put(port.name(), new Tensor(shape, data));
            }
            return graph.vectors(graph.session().run(tensors, graph.output().name()), n, lengths);
        }
    }

    private Buffer fill(ByteBuffer memory, Port port, List<Prepared.Text> texts, int longest) {
        Role role = Role.valueOf(port.name().toUpperCase(Locale.ROOT));
        for (Prepared.Text text : texts) {
            for (int position = 0; position < longest; position++) {
                long value = role.value(text.ids(), position, tower);
                if (port.element() == Element.INT64) {
                    memory.putLong(value);
                } else {
                    memory.putInt((int) value);
                }
            }
        }
        memory.flip();
        return port.element() == Element.INT64 ? memory.asLongBuffer() : memory.asIntBuffer();
    }

    private static int bytes(Port port) {
        return port.element() == Element.INT64 ? Long.BYTES : Integer.BYTES;
    }
}
