// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.embed.Source;
import org.opensearch.ingest.IngestDocument;

/**
 * Reads inputs out of a document, and counts them: a document of some kilobytes may name a field often, and each picture of a list
 * gets a vector, a note or both. Used by one thread at a time.
 */
final class DocumentFields {
    /** Of texts and pictures, each counted for every field that is made of it. */
    private static final int MOST_INPUTS = 2_048;

    /** Of all texts: no tokenizer sees more than a million of one. */
    private static final long MOST_CHARACTERS = 4 << 20;

    private final IngestDocument document;
    private final boolean ignoreMissing;
    private int inputs;
    private long characters;

    /** @param ignoreMissing whether a field may be missing or blank */
    DocumentFields(IngestDocument document, boolean ignoreMissing) {
        this.document = document;
        this.ignoreMissing = ignoreMissing;
    }

    /**
     * An input.
     *
     * @param field or fields that it was read from
     * @param target that it is for, for messages
     */
    record Part(String field, FieldPath target, Source source) {
        String where() {
            return (source instanceof Source.Text ? "text" : "image") + " field [" + Shown.of(field) + "] of [" + target
                    + "]: ";
        }
    }

    /** All values of the fields as one text, joined by a space; {@code null} when there is none. */
    Part text(List<FieldPath> fields, FieldPath target) {
        List<String> texts = new ArrayList<>();
        for (FieldPath field : fields) {
            List<String> strings = strings(field, target, f -> f.values(document));
            strings.forEach(text -> characters += text.length() + 1);
            if (characters > MOST_CHARACTERS) {
                throw new IllegalArgumentException(
                        "the texts of [" + target + "] and of the fields before it have more than [" + MOST_CHARACTERS
                                + "] characters, each text counted for every field that is made of it");
            }
            texts.addAll(strings);
        }
        if (texts.isEmpty()) {
            return null;
        }
        count(1, target);
        String names = String.join(", ", fields.stream().map(FieldPath::path).toList());
        return new Part(names, target, new Source.Text(String.join(" ", texts)));
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
            List<String> strings = strings(field, target, values);
            count(strings.size(), target);
            strings.forEach(image -> images.add(new Part(field.path(), target, new Source.Image(image))));
        }
        return images;
    }

    private void count(int more, FieldPath target) {
        inputs += more;
        if (inputs > MOST_INPUTS) {
            throw new IllegalArgumentException(
                    "[" + target + "] and the fields before it are made of more than [" + MOST_INPUTS
                            + "] texts and pictures of the document, each counted for every field that is made of it");
        }
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
                            + (value instanceof Map ? "an object" : Shown.of(value)) + "]");
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
