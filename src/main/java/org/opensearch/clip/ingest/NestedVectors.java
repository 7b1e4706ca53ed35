// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.ingest.IngestDocument;

/**
 * The objects of a nested field that get a vector each: those that hold the pictures, or as many as there are pictures, in their
 * order, so that the offset of an inner hit is the picture's.
 *
 * @param field the nested field
 * @param ours names inside it that this processor writes: objects that hold nothing else may go
 */
record NestedVectors(FieldPath field, Set<String> ours) {

    /**
     * @param vectors one an object, {@code null} = none
     * @throws IllegalArgumentException when the document has other objects there than the vectors are for
     */
    void requireSettable(IngestDocument document, List<?> vectors) {
        List<Object> there = field.values(document);
        if (there.isEmpty()) {
            field.requireSettable(document);
        } else if (!there.stream().allMatch(Map.class::isInstance)) {
            throw new IllegalArgumentException("[" + field
                    + "] cannot take a vector for each picture: what the document has there is not an object");
        } else if (there.size() != vectors.size() && !there.stream().allMatch(this::isOurs)) {
            throw new IllegalArgumentException("[" + field + "] cannot take a vector for each picture: it has "
                    + there.size() + " objects, and there are " + vectors.size() + " pictures");
        }
    }

    private boolean isOurs(Object object) {
        return ours.containsAll(((Map<?, ?>) object).keySet());
    }

    /** As {@link #requireSettable}, which must have been asked before anything is written. */
    @SuppressWarnings("unchecked") // ingest documents have no other keys than strings
    void set(IngestDocument document, String name, List<List<? extends Number>> vectors) {
        List<Object> objects = field.values(document);
        if (objects.size() != vectors.size()) {
            objects = new ArrayList<>();
            for (int i = 0; i < vectors.size(); i++) {
                objects.add(new HashMap<String, Object>());
            }
            field.set(document, objects);
        }
        for (int i = 0; i < vectors.size(); i++) {
            Map<String, Object> object = (Map<String, Object>) objects.get(i);
            if (vectors.get(i) == null) {
                object.remove(name);
            } else {
                object.put(name, vectors.get(i));
            }
        }
    }
}
