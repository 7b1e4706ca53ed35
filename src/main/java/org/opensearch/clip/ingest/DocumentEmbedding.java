// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.ingest.Options.OnImageError;
import org.opensearch.ingest.IngestDocument;

/**
 * One document on its way: which inputs it needs, and what it becomes when their vectors are there. The document is changed once
 * all of it is known to succeed, or not at all. Used by one thread at a time.
 */
final class DocumentEmbedding {
    private static final String ERRORS = "errors";

    /** An input and the field or fields that it was read from. */
    private record Part(String field, Source source) {}

    /** One vector to make. {@code text} may be null, {@code images} empty, not both. */
    private record Vector(FieldMapping mapping, Part text, List<Part> images) {}

    private final IngestDocument document;
    private final Options options;
    private final List<Vector> vectors = new ArrayList<>();
    private final List<Source> inputs;

    /** @throws IllegalArgumentException when a field is missing that must not be, or is not what it has to be */
    DocumentEmbedding(IngestDocument document, Options options) {
        this.document = document;
        this.options = options;
        for (FieldMapping mapping : options.fields()) {
            Part text = text(mapping);
            List<Part> images = images(mapping);
            if (text != null || !images.isEmpty()) {
                vectors.add(new Vector(mapping, text, images));
            }
        }
        this.inputs = vectors.stream()
                .flatMap(v -> Stream.concat(Stream.ofNullable(v.text()), v.images().stream()))
                .map(Part::source)
                .toList();
    }

    /** What {@link #complete} wants the results of, in this order. */
    List<Source> inputs() {
        return inputs;
    }

    /**
     * Writes the vectors into the document.
     *
     * @param results one an input
     * @throws RuntimeException of the status of what went wrong, the document being as it was
     */
    void complete(List<Result> results) {
        var next = results.iterator();
        Map<FieldPath, float[]> made = new LinkedHashMap<>();
        List<Map<String, Object>> errors = new ArrayList<>();
        for (Vector vector : vectors) {
            FieldMapping mapping = vector.mapping();
            float[] text = vector.text() == null ? null : values(vector.text(), mapping, next.next());
            List<float[]> images = new ArrayList<>();
            for (Part image : vector.images()) {
                Result result = next.next();
                if (result instanceof Result.Failure failure && ignorable(failure)) {
                    errors.add(error(mapping, image, failure));
                } else {
                    images.add(values(image, mapping, result));
                }
            }
            boolean noneLeft = images.isEmpty() && !vector.images().isEmpty();
            if (noneLeft && (text == null || options.onImageError() == OnImageError.SKIP)) {
                continue;
            }
            made.put(mapping.target(), fuse(mapping, text, images));
        }
        write(made, errors);
    }

    private float[] fuse(FieldMapping mapping, float[] text, List<float[]> images) {
        try {
            if (images.isEmpty()) {
                return alone(text);
            }
            if (text == null) {
                return images.size() == 1 ? alone(images.getFirst()) : mean(images);
            }
            double[] weights = {mapping.textWeight(), mapping.imageWeight()};
            return Fusion.weightedMean(List.of(Vectors.normalize(text), mean(images)), weights);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[" + mapping.target() + "] has no vector: " + e.getMessage(), e);
        }
    }

    /** An only input is the one case where there is a choice: a fusion is of length 1 whatever the processor says. */
    private float[] alone(float[] values) {
        return options.normalize() ? Vectors.normalize(values) : values;
    }

    private static float[] mean(List<float[]> vectors) {
        return Fusion.mean(vectors.stream().map(Vectors::normalize).toList());
    }

    /** Cut to the length wanted. */
    private float[] values(Part part, FieldMapping mapping, Result result) {
        return switch (result) {
            case Result.Failure failure ->
                throw Embedder.exception(where(part, mapping) + failure.reason(), failure.status(), null);
            case Result.Vector vector
            when mapping.dimensions() > vector.values().length ->
                throw new IllegalArgumentException(
                        "[dimensions] of [" + mapping.target() + "] is " + mapping.dimensions() + ", more than the "
                                + vector.values().length + " that model [" + options.modelId() + "] makes");
            case Result.Vector vector ->
                mapping.dimensions() == 0 ? vector.values() : Vectors.truncate(vector.values(), mapping.dimensions());
        };
    }

    /** What is over in a minute, as a full queue is, must not leave a document without its vector. */
    private boolean ignorable(Result.Failure failure) {
        return options.onImageError() != OnImageError.FAIL && failure.isOfImage();
    }

    private static Map<String, Object> error(FieldMapping mapping, Part image, Result.Failure failure) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("vector_field", mapping.target().path());
        error.put("field", image.field());
        error.put("type", failure.type());
        error.put("reason", failure.reason());
        return error;
    }

    private void write(Map<FieldPath, float[]> made, List<Map<String, Object>> errors) {
        made.keySet().forEach(target -> target.requireSettable(document));
        FieldPath errorField = options.errorField();
        FieldPath noted = errorField == null ? null : new FieldPath(errorField.path() + "." + ERRORS);
        if (noted != null && !errors.isEmpty()) {
            noted.requireSettable(document);
        }
        made.forEach((target, vector) -> target.set(document, new FloatList(vector)));
        if (noted != null && errors.isEmpty()) {
            noted.remove(document);
            if (errorField.values(document).equals(List.of(Map.of()))) {
                errorField.remove(document);
            }
        } else if (noted != null) {
            noted.set(document, errors);
        }
        if (options.removeSourceImage() && errors.isEmpty()) {
            options.fields().stream().flatMap(f -> f.image().stream()).forEach(image -> image.remove(document));
        }
    }

    private Part text(FieldMapping mapping) {
        List<String> texts = new ArrayList<>();
        for (FieldPath field : mapping.text()) {
            texts.addAll(strings(field, mapping));
        }
        String names =
                String.join(", ", mapping.text().stream().map(FieldPath::path).toList());
        return texts.isEmpty() ? null : new Part(names, new Source.Text(String.join(" ", texts)));
    }

    private List<Part> images(FieldMapping mapping) {
        List<Part> images = new ArrayList<>();
        for (FieldPath field : mapping.image()) {
            strings(field, mapping).forEach(image -> images.add(new Part(field.path(), new Source.Image(image))));
        }
        return mapping.firstImageOnly() && images.size() > 1 ? images.subList(0, 1) : images;
    }

    /** The values of a field that are not blank. */
    private List<String> strings(FieldPath field, FieldMapping mapping) {
        List<String> strings = new ArrayList<>();
        for (Object value : field.values(document)) {
            String s = switch (value) {
                case String string -> string;
                case byte[] bytes -> Base64.getEncoder().encodeToString(bytes);
                default ->
                    throw new IllegalArgumentException("field [" + field + "] of [" + mapping.target()
                            + "] must be a string or a list of strings, got ["
                            + (value instanceof Map ? "an object" : value) + "]");
            };
            if (!s.isBlank()) {
                strings.add(s);
            }
        }
        if (strings.isEmpty() && !options.ignoreMissing()) {
            throw new IllegalArgumentException("field [" + field + "] of [" + mapping.target()
                    + "] is missing or blank; [ignore_missing: true] takes such documents without it");
        }
        return strings;
    }

    private static String where(Part part, FieldMapping mapping) {
        return (part.source() instanceof Source.Text ? "text" : "image") + " field [" + part.field() + "] of ["
                + mapping.target() + "]: ";
    }
}
