// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Port;
import org.opensearch.clip.core.engine.Session.Tensor;
import org.opensearch.clip.core.model.Tower;

/**
 * The inputs of a text graph and what goes into each of them. Immutable.
 *
 * @param ports in the order of the graph
 * @param roles by the name of the port
 */
record TextInputs(List<Port> ports, Map<String, Role> roles) {

    /** What an input is for. */
    enum Role {
        INPUT_IDS {
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                return position < ids.length ? ids[position] : tower.padId();
            }
        },
        ATTENTION_MASK {
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                return position < ids.length || tower.padding() == Tower.Padding.SEEN ? 1 : 0;
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
        },
        /** One for all texts of a run, or one a text; see {@link Tower.Side}. */
        TASK_ID {
            @Override
            long value(long[] ids, int position, Tower.Text tower) {
                throw new AssertionError("a task has no positions");
            }
        };

        /** @param position of a sequence, which may be longer than {@code ids} */
        abstract long value(long[] ids, int position, Tower.Text tower);

        String input() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @throws ModelException when there are others than we know, or none for the ids: what there is */
    static TextInputs of(Tower.Text tower, Ports graph) {
        List<Port> ports = graph.inputs();
        var roles = new TreeMap<String, Role>();
        var unknown = new ArrayList<Port>();
        for (Port port : ports) {
            Role role = role(port);
            if (role == null) {
                unknown.add(port);
            } else {
                roles.put(port.name(), role);
            }
        }
        // open_clip's exporters call it text, input, tokens: it is the only one then
        if (!roles.containsValue(Role.INPUT_IDS) && unknown.size() == 1 && isSequence(unknown.getFirst())) {
            roles.put(unknown.removeFirst().name(), Role.INPUT_IDS);
        }
        if (!unknown.isEmpty() || !roles.containsValue(Role.INPUT_IDS)) {
            var names = new ArrayList<String>();
            for (Role role : Role.values()) {
                names.add(role.input());
            }
            throw new ModelException(Graph.describe(tower.graph(), graph)
                    + "; expected whole-number inputs [batch, length]: input_ids, and no others than " + names);
        }
        boolean tasks =
                tower.query().task().isPresent() && tower.passage().task().isPresent();
        if (roles.containsValue(Role.TASK_ID) && !tasks) {
            throw new ModelException(Graph.describe(tower.graph(), graph)
                    + "; expected [lora_adaptations] in [config.json] to say which task_id is for what");
        }
        return new TextInputs(ports, roles);
    }

    private static Role role(Port port) {
        for (Role role : Role.values()) {
            if (role.input().equals(port.name())) {
                boolean fits = role == Role.TASK_ID ? isWhole(port) && port.shape().length <= 1 : isSequence(port);
                return fits ? role : null;
            }
        }
        return null;
    }

    private static boolean isWhole(Port port) {
        return port.element() == Element.INT64 || port.element() == Element.INT32;
    }

    private static boolean isSequence(Port port) {
        return isWhole(port) && (port.shape().length == 2 || port.shape().length == 0);
    }

    /** Those of two dimensions, {@code [batch][length]}. */
    List<Port> sequences() {
        return ports.stream().filter(p -> roles.get(p.name()) != Role.TASK_ID).toList();
    }

    /** Of each port, for {@code n} texts of {@code length} positions. */
    long[] bytes(int n, int length) {
        return ports.stream()
                .mapToLong(p -> elements(shape(p, n, length)) * width(p))
                .toArray();
    }

    private long[] shape(Port port, int n, int length) {
        if (roles.get(port.name()) != Role.TASK_ID) {
            return new long[] {n, length};
        }
        return port.shape().length == 0 ? new long[0] : new long[] {port.shape()[0] < 0 ? n : port.shape()[0]};
    }

    private static long elements(long[] shape) {
        long elements = 1;
        for (long size : shape) {
            elements *= size;
        }
        return elements;
    }

    /** @param texts of one task */
    Tensor tensor(int index, ByteBuffer memory, List<Prepared.Text> texts, int length, Tower.Text tower) {
        Port port = ports.get(index);
        Role role = roles.get(port.name());
        long[] shape = shape(port, texts.size(), length);
        if (role == Role.TASK_ID) {
            long task = texts.getFirst().task().orElseThrow();
            for (long i = elements(shape); i > 0; i--) {
                put(memory, port, task);
            }
        } else {
            for (Prepared.Text text : texts) {
                for (int position = 0; position < length; position++) {
                    put(memory, port, role.value(text.ids(), position, tower));
                }
            }
        }
        memory.flip();
        Buffer data = port.element() == Element.INT64 ? memory.asLongBuffer() : memory.asIntBuffer();
        return new Tensor(shape, data);
    }

    private static void put(ByteBuffer memory, Port port, long value) {
        if (port.element() == Element.INT64) {
            memory.putLong(value);
        } else {
            memory.putInt((int) value);
        }
    }

    private static int width(Port port) {
        return port.element() == Element.INT64 ? Long.BYTES : Integer.BYTES;
    }
}
