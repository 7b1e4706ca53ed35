// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.clip.ingest.Options.OnImageError;

/**
 * The vectors that one entry of {@code field_map} makes of a document.
 *
 * @param text may be null
 * @param groups the pictures of each vector: one group, which may be empty where there is a text, but for nested vectors
 */
record VectorOutput(FieldMapping mapping, Part text, List<List<Part>> groups) {

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

    Stream<Part> parts() {
        return Stream.concat(Stream.ofNullable(text), groups.stream().flatMap(List::stream));
    }

    /**
     * @return a vector a group, {@code null} where none could be made; of the length of the mapping
     * @throws RuntimeException of the status of what went wrong
     */
    List<float[]> vectors(Answers answers, Options options) {
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
            throw new IllegalArgumentException("[" + mapping.target() + "] has no vector: " + e.getMessage(), e);
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
