// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.ingest.IngestDocument;

/**
 * A field of a document, dotted through objects and arrays of objects. An object's key may itself hold dots, as a mapping would
 * read it. {@code _source.} and {@code _ingest.} in front mean what they mean to other processors.
 */
record FieldPath(String path) {
    private static final String SOURCE = "_source.";
    private static final String INGEST = "_ingest.";

    /** Objects in objects; a mapping has at most 20 of them unless its index says otherwise. */
    private static final int DEEPEST = 100;

    /** @throws IllegalArgumentException when it is deeper than any document of use: every dot is looked at for every document */
    static FieldPath declared(String path) {
        if (path.chars().filter(character -> character == '.').count() >= DEEPEST) {
            throw new IllegalArgumentException("field [" + Shown.of(path) + "] is deeper than " + DEEPEST + " objects");
        }
        return new FieldPath(path);
    }

    /** Whether this is a field of the document, and not of what is known only while it passes the pipeline. */
    boolean isIndexed() {
        return !path.startsWith(INGEST);
    }

    /** The name in a mapping. */
    String field() {
        return inner();
    }

    /** What is before the last dot, or {@code null}. */
    FieldPath parent() {
        int dot = path.lastIndexOf('.');
        return dot < 0 || inner().lastIndexOf('.') < 0 ? null : new FieldPath(path.substring(0, dot));
    }

    /** What is after the last dot. */
    String name() {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** This path as seen from the objects at {@code outer}, which it begins with. */
    FieldPath within(FieldPath outer) {
        return new FieldPath(path.substring(outer.path.length() + 1));
    }

    /** Every value there is, arrays flattened, nulls left out; none when the field is missing. */
    List<Object> values(IngestDocument document) {
        List<Object> values = new ArrayList<>();
        collect(root(document), inner(), values);
        return values;
    }

    /** The same in an object of a document. */
    List<Object> values(Map<?, ?> object) {
        List<Object> values = new ArrayList<>();
        collect(object, path, values);
        return values;
    }

    private static void collect(Object node, String rest, List<Object> values) {
        if (node instanceof List<?> list) {
            list.forEach(element -> collect(element, rest, values));
        } else if (rest.isEmpty()) {
            if (node != null) {
                values.add(node);
            }
        } else if (node instanceof Map<?, ?> map) {
            for (int dot = rest.indexOf('.'); dot > 0; dot = rest.indexOf('.', dot + 1)) {
                collect(map.get(rest.substring(0, dot)), rest.substring(dot + 1), values);
            }
            collect(map.get(rest), "", values);
        }
    }

    /** Takes the field out of every object that has it. */
    void remove(IngestDocument document) {
        remove(root(document), inner());
    }

    private static void remove(Object node, String rest) {
        if (node instanceof List<?> list) {
            list.forEach(element -> remove(element, rest));
        } else if (node instanceof Map<?, ?> map) {
            for (int dot = rest.indexOf('.'); dot > 0; dot = rest.indexOf('.', dot + 1)) {
                remove(map.get(rest.substring(0, dot)), rest.substring(dot + 1));
            }
            map.remove(rest);
        }
    }

    /** @throws IllegalArgumentException when {@link #set} would fail, so that a document is changed in full or not at all */
    void requireSettable(IngestDocument document) {
        String rest = inner();
        Object node = root(document);
        for (int dot = rest.indexOf('.'); dot > 0; dot = rest.indexOf('.')) {
            if (!(node instanceof Map<?, ?> map)) {
                throw notAnObject();
            }
            if (!map.containsKey(rest.substring(0, dot))) {
                return;
            }
            node = map.get(rest.substring(0, dot));
            rest = rest.substring(dot + 1);
        }
        if (!(node instanceof Map)) {
            throw notAnObject();
        }
    }

    private IllegalArgumentException notAnObject() {
        return new IllegalArgumentException(
                "[" + this + "] cannot be written: what the document has before its last dot is not an object");
    }

    void set(IngestDocument document, Object value) {
        document.setFieldValue(path, value);
    }

    private Object root(IngestDocument document) {
        return path.startsWith(INGEST) ? document.getIngestMetadata() : document.getSourceAndMetadata();
    }

    private String inner() {
        if (path.startsWith(INGEST)) {
            return path.substring(INGEST.length());
        }
        return path.startsWith(SOURCE) ? path.substring(SOURCE.length()) : path;
    }

    /** For messages. */
    @Override
    public String toString() {
        return Shown.of(path);
    }
}
