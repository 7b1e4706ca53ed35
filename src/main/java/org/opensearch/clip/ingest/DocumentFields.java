// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.opensearch.clip.embed.Source;
import org.opensearch.ingest.IngestDocument;

/**
 * Reads inputs out of a document.
 *
 * @param ignoreMissing whether a field may be missing or blank
 */
record DocumentFields(IngestDocument document, boolean ignoreMissing) {

    /**
     * An input.
     *
     * @param field or fields that it was read from
     * @param target that it is for, for messages
     */
    record Part(String field, FieldPath target, Source source) {
        String where() {
            return (source instanceof Source.Text ? "text" : "image") + " field [" + field + "] of [" + target + "]: ";
        }
    }

    /** All values of the fields as one text, joined by a space; {@code null} when there is none. */
    Part text(List<FieldPath> fields, FieldPath target) {
        List<String> texts = new ArrayList<>();
        for (FieldPath field : fields) {
            texts.addAll(strings(field, target, f -> f.values(document)));
        }
        String names = String.join(", ", fields.stream().map(FieldPath::path).toList());
        return texts.isEmpty() ? null : new Part(names, target, new Source.Text(String.join(" ", texts)));
    }

    /** Every picture of the fields, field by field. */
    List<Part> images(List<FieldPath> fields, FieldPath target) {
        return images(fields, target, field -> field.values(document));
    }

    /** The pictures of each object at {@code objects}, inside which the fields lie. */
    List<List<Part>> imagesByObject(List<FieldPath> fields, FieldPath objects, FieldPath target) {
        List<List<Part>> all = new ArrayList<>();
        for (Object object : objects.values(document)) {
            all.add(
                    object instanceof Map<?, ?> map
                            ? images(
                                    fields,
                                    target,
                                    field -> field.within(objects).values(map))
                            : List.of());
        }
        return all;
    }

    private List<Part> images(List<FieldPath> fields, FieldPath target, Function<FieldPath, List<Object>> values) {
        List<Part> images = new ArrayList<>();
        for (FieldPath field : fields) {
            strings(field, target, values)
                    .forEach(image -> images.add(new Part(field.path(), target, new Source.Image(image))));
        }
        return images;
    }

    /** The values of a field that are not blank. */
    private List<String> strings(FieldPath field, FieldPath target, Function<FieldPath, List<Object>> values) {
        List<String> strings = new ArrayList<>();
        for (Object value : values.apply(field)) {
            String s = switch (value) {
                case String string -> string;
                case byte[] bytes -> Base64.getEncoder().encodeToString(bytes);
                default ->
                    throw new IllegalArgumentException("field [" + field + "] of [" + target
                            + "] must be a string or a list of strings, got ["
                            + (value instanceof Map ? "an object" : value) + "]");
            };
            if (!s.isBlank()) {
                strings.add(s);
            }
        }
        if (strings.isEmpty() && !ignoreMissing) {
            throw new IllegalArgumentException("field [" + field + "] of [" + target
                    + "] is missing or blank; [ignore_missing: true] takes such documents without it");
        }
        return strings;
    }
}
