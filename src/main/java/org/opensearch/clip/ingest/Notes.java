// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.ingest.IngestDocument;

/**
 * The {@code error_field} of a document: {@code errors}, a list of pictures that were passed over, and {@code inputs}, the
 * {@link Origin} of each field that was written, by its full name. Gone when there is nothing to say.
 *
 * @param field {@code null} = nothing is noted
 */
record Notes(IngestDocument document, FieldPath field) {
    private static final String ERRORS = "errors";
    private static final String INPUTS = "inputs";

    /** What the document says its field was made of, {@code null} when it says nothing. */
    String origin(FieldPath target) {
        return inputs().get(target.path()) instanceof String origin ? origin : null;
    }

    private Map<?, ?> inputs() {
        List<Object> there = field == null ? List.of() : inner(INPUTS).values(document);
        return there.size() == 1 && there.getFirst() instanceof Map<?, ?> map ? map : Map.of();
    }

    /**
     * What {@link Output.Change}s to make.
     *
     * @param origins of what has been written; an empty text takes an old one out
     */
    Output.Change of(List<Map<String, Object>> errors, Map<FieldPath, String> origins) {
        Map<String, Object> inputs = new HashMap<>();
        inputs().forEach((target, origin) -> inputs.put(String.valueOf(target), origin));
        origins.forEach((target, origin) -> {
            if (origin.isEmpty()) {
                inputs.remove(target.path());
            } else {
                inputs.put(target.path(), origin);
            }
        });
        return new Written(this, errors, inputs);
    }

    private FieldPath inner(String name) {
        return new FieldPath(field.path() + "." + name);
    }

    private record Written(Notes notes, List<Map<String, Object>> errors, Map<String, Object> inputs)
            implements Output.Change {

        @Override
        public void require(IngestDocument document) {
            if (notes.field != null && !(errors.isEmpty() && inputs.isEmpty())) {
                notes.inner(ERRORS).requireSettable(document);
            }
        }

        @Override
        public void apply(IngestDocument document) {
            if (notes.field == null) {
                return;
            }
            put(document, notes.inner(ERRORS), errors, errors.isEmpty());
            put(document, notes.inner(INPUTS), inputs, inputs.isEmpty());
            if (notes.field.values(document).equals(List.of(Map.of()))) {
                notes.field.remove(document);
            }
        }

        private static void put(IngestDocument document, FieldPath path, Object value, boolean empty) {
            if (empty) {
                path.remove(document);
            } else {
                path.set(document, value);
            }
        }
    }
}
