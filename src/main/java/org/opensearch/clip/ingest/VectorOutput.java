// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.clip.ingest.Options.OnImageError;
import org.opensearch.ingest.IngestDocument;

/**
 * The vectors that one entry of {@code field_map} makes of a document.
 *
 * @param text may be null
 * @param groups the pictures of each vector: one group, which may be empty where there is a text, but for nested vectors
 */
record VectorOutput(FieldMapping mapping, Part text, List<List<Part>> groups) implements Output {

    /** @return {@code null} when the document has nothing for it */
    static VectorOutput read(FieldMapping mapping, DocumentFields fields) {
        Part text = fields.text(mapping.text(), mapping.target());
        List<List<Part>> groups = groups(mapping, fields);
        boolean none = text == null && groups.stream().allMatch(List::isEmpty);
        return none ? null : new VectorOutput(mapping, text, groups);
    }

    private static List<List<Part>> groups(FieldMapping mapping, DocumentFields fields) {
        FieldPath target = mapping.target();
        if (mapping.isBesidePictures()) {
            return fields.imagesByObject(mapping.image(), target.parent(), target);
        }
        List<Part> images = fields.images(mapping.image(), target);
        return switch (mapping.multiValue()) {
            case MEAN -> List.of(images);
            case FIRST -> List.of(images.size() > 1 ? images.subList(0, 1) : images);
            case NESTED -> images.stream().map(List::of).toList();
        };
    }

    @Override
    public FieldPath target() {
        return mapping.target();
    }

    @Override
    public Stream<Part> parts() {
        return Stream.concat(Stream.ofNullable(text), groups.stream().flatMap(List::stream));
    }

    /** A single number is what k-NN leaves of a vector that the reader of a document did not ask for. */
    @Override
    public boolean isThere(IngestDocument document) {
        List<Object> values = target().values(document);
        return values.size() > 1 && values.stream().allMatch(Number.class::isInstance);
    }

    @Override
    public Origin origin(String fingerprint, Options options) {
        String how = String.join(
                "\n",
                "vector 1",
                fingerprint,
                "dimensions " + mapping.dimensions(),
                "normalize " + options.normalize(),
                "kept as " + mapping.type(),
                "several " + mapping.multiValue(),
                "mix " + mapping.mix().technique() + " " + mapping.mix().text() + " "
                        + mapping.mix().image());
        return Origin.of(how, text, groups);
    }

    @Override
    public List<Change> make(Answers answers, Options options) {
        List<List<? extends Number>> vectors = new ArrayList<>();
        for (float[] vector : vectors(answers, options)) {
            vectors.add(vector == null ? null : kept(vector));
        }
        if (mapping.isNested()) {
            return List.of(new Nested(options.nested(mapping), target().name(), vectors));
        }
        return vectors.getFirst() == null ? List.of() : List.of(new Set(target(), vectors.getFirst()));
    }

    /** As the field keeps it. */
    private List<? extends Number> kept(float[] vector) {
        try {
            float[] values = mapping.type().encode(vector);
            if (mapping.type() == EmbeddingType.FLOAT) {
                return new FloatList(values);
            }
            List<Integer> whole = new ArrayList<>(values.length);
            for (float value : values) {
                whole.add((int) value);
            }
            return whole;
        } catch (IllegalArgumentException e) {
            throw noVector(e);
        }
    }

    private IllegalArgumentException noVector(IllegalArgumentException e) {
        return new IllegalArgumentException("[" + mapping.target() + "] has no vector: " + e.getMessage(), e);
    }

    private record Nested(NestedVectors objects, String name, List<List<? extends Number>> vectors) implements Change {
        @Override
        public long values() {
            return vectors.stream()
                    .filter(Objects::nonNull)
                    .mapToLong(List::size)
                    .sum();
        }

        @Override
        public void require(IngestDocument document) {
            objects.requireSettable(document, vectors);
        }

        @Override
        public void apply(IngestDocument document) {
            objects.set(document, name, vectors);
        }
    }

    /** A vector a group, {@code null} where none could be made; of the length of the mapping. */
    private List<float[]> vectors(Answers answers, Options options) {
        List<float[]> vectors = new ArrayList<>();
        float[] ofText = text == null ? null : answers.vector(text, mapping.dimensions());
        for (List<Part> group : groups) {
            List<float[]> images = answers.vectors(group, mapping.dimensions());
            boolean noneLeft = images.isEmpty() && !group.isEmpty();
            boolean skip = noneLeft && options.onImageError() == OnImageError.SKIP;
            vectors.add(skip ? null : fused(ofText, images, options));
        }
        return vectors;
    }

    private float[] fused(float[] ofText, List<float[]> images, Options options) {
        try {
            if (images.isEmpty()) {
                return ofText == null ? null : alone(ofText, options);
            }
            if (ofText == null) {
                return images.size() == 1 ? alone(images.getFirst(), options) : mean(images);
            }
            return mapping.mix().of(Vectors.normalize(ofText), mean(images));
        } catch (IllegalArgumentException e) {
            throw noVector(e);
        }
    }

    /** An only input is the one case where there is a choice: a fusion is of length 1 whatever the processor says. */
    private static float[] alone(float[] values, Options options) {
        return options.normalize() ? Vectors.normalize(values) : values;
    }

    private static float[] mean(List<float[]> vectors) {
        return Fusion.mean(vectors.stream().map(Vectors::normalize).toList());
    }
}
