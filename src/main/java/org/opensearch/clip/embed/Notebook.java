// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.action.DocWriteRequest;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.util.concurrent.ThreadContext;

/**
 * Which models the vectors of a bulk were made by: the processor writes into it while pipelines run, {@link SpaceRecorder} reads it
 * before a shard is written. It travels in the thread context of the bulk, on the node that coordinates it.
 *
 * <p>A vector is known again by a hash of its values, because a document in a pipeline may have no id yet, and another index in the
 * end. Safe for use by many threads.
 */
public final class Notebook implements Releasable {
    private static final String KEY = "opensearch_clip_spaces";

    /**
     * @param index as the document named it
     * @param id of the document, {@code null} when it had none yet
     */
    private record Note(String index, String id, String fingerprint) {}

    /** @param values a hash of them */
    private record Vector(long values, int length) {}

    /** Of one field. */
    private record Page(Set<String> fingerprints, Map<Vector, Set<Note>> notes) {
        Page() {
            this(ConcurrentHashMap.newKeySet(), new ConcurrentHashMap<>());
        }
    }

    /**
     * A vector that a document brings.
     *
     * @param fingerprints of the models that made it: several when one bulk has the very same vector of each
     */
    record Made(Set<String> fingerprints, int length) {}

    private final Map<String, Page> fields = new ConcurrentHashMap<>();
    private final VectorHeap heap;
    private final List<Releasable> charged = new ArrayList<>();
    private boolean closed;

    /** @return {@code null} outside of a bulk */
    static Notebook of(ThreadContext context) {
        return context.getTransient(KEY);
    }

    Notebook(VectorHeap heap) {
        this.heap = heap;
    }

    /** For what is done in this context. */
    void open(ThreadContext context) {
        context.putTransient(KEY, this);
    }

    /**
     * Has a bulk pay for vectors that a document is about to get, until it is answered. Outside of a bulk it does nothing: a simulated document is an
     * answer.
     *
     * @throws org.opensearch.OpenSearchException 429 when there is no heap for them
     */
    public static void charge(ThreadContext context, long values) {
        Notebook notebook = of(context);
        if (notebook != null && values > 0) {
            notebook.keep(notebook.heap.take(values));
        }
    }

    private synchronized void keep(Releasable taken) {
        if (closed) { // a document that was late
            taken.close();
        } else {
            charged.add(taken);
        }
    }

    /** The bulk has its answer: its documents are nobody's any more. */
    @Override
    public synchronized void close() {
        closed = true;
        charged.forEach(Releasable::close);
        charged.clear();
    }

    /**
     * Notes that a document's vectors in a field are of a model. Outside of a bulk it does nothing: a simulated document is not
     * written.
     *
     * @param document as it leaves the processor, its metadata included
     * @param field the name in a mapping
     */
    public static void note(ThreadContext context, Map<String, Object> document, String field, String fingerprint) {
        Notebook notebook = of(context);
        if (notebook == null) {
            return;
        }
        Page page = notebook.fields.computeIfAbsent(field, f -> new Page());
        page.fingerprints.add(fingerprint);
        var note = new Note(
                String.valueOf(document.get("_index")),
                document.get("_id") instanceof String id ? id : null,
                fingerprint);
        for (Vector vector : vectors(document, field)) {
            page.notes
                    .computeIfAbsent(vector, v -> ConcurrentHashMap.newKeySet())
                    .add(note);
        }
    }

    /** @param wanted is given a field, and the fingerprints of all its vectors */
    Set<String> fields(BiPredicate<String, Set<String>> wanted) {
        return fields.entrySet().stream()
                .filter(field -> wanted.test(field.getKey(), field.getValue().fingerprints))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** Those vectors of a document's field that one of our processors made; others are not known. */
    List<Made> made(DocWriteRequest<?> document, Map<String, Object> source, String field) {
        Page page = fields.get(field);
        List<Made> made = new ArrayList<>();
        for (Vector vector : page == null ? List.<Vector>of() : vectors(source, field)) {
            Set<Note> notes = page.notes.getOrDefault(vector, Set.of());
            // two models that make the very same of a picture are told apart by their documents, as far as a pipeline
            // has left those their names
            Set<String> fingerprints = Stream.<Predicate<Note>>of(
                            note -> note.index().equals(document.index()) && Objects.equals(note.id(), document.id()),
                            note -> note.index().equals(document.index()) && note.id() == null,
                            note -> true)
                    .map(like -> fingerprints(notes, like))
                    .filter(found -> !found.isEmpty())
                    .findFirst()
                    .orElse(Set.of());
            if (!fingerprints.isEmpty()) {
                made.add(new Made(fingerprints, vector.length()));
            }
        }
        return made;
    }

    private static Set<String> fingerprints(Set<Note> notes, Predicate<Note> like) {
        return notes.stream().filter(like).map(Note::fingerprint).collect(Collectors.toSet());
    }

    private static List<Vector> vectors(Map<String, Object> document, String field) {
        List<Vector> vectors = new ArrayList<>();
        collect(document, field, vectors);
        return vectors;
    }

    /** As a mapping reads it: through arrays, and keys that hold dots. */
    private static void collect(Object node, String rest, List<Vector> vectors) {
        if (node instanceof List<?> list) {
            if (rest.isEmpty() && !list.isEmpty() && list.getFirst() instanceof Number) {
                vectors.add(vector(list));
            } else {
                list.forEach(element -> collect(element, rest, vectors));
            }
        } else if (node instanceof Map<?, ?> map && !rest.isEmpty()) {
            for (int dot = rest.indexOf('.'); dot > 0; dot = rest.indexOf('.', dot + 1)) {
                collect(map.get(rest.substring(0, dot)), rest.substring(dot + 1), vectors);
            }
            collect(map.get(rest), "", vectors);
        }
    }

    private static Vector vector(List<?> values) {
        long hash = 0;
        for (Object value : values) {
            int bits = value instanceof Number number ? Float.floatToIntBits(number.floatValue()) : 0;
            hash = (hash ^ bits) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        return new Vector(hash, values.size());
    }
}
