// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Labels;
import org.opensearch.clip.embed.Labels.Scored;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.clip.ingest.Options.OnImageError;

/** The model's answers to one document's inputs, and the pictures passed over on the way. Used by one thread at a time. */
final class Answers {
    private final Options options;
    private final Reply reply;
    private final Map<Part, Map<String, Object>> errors = new LinkedHashMap<>();

    Answers(Options options, Reply reply) {
        this.options = options;
        this.reply = reply;
    }

    /** The labels, best first, for a vector of length 1. */
    List<Scored> scored(Labels labels, float[] vector) {
        return labels.scored(vector, reply.vectors(labels), reply.logits());
    }

    /**
     * What the model made of an input, cut to the length wanted.
     *
     * @param dimensions 0 = all
     * @throws RuntimeException of the status of what went wrong
     */
    float[] vector(Part part, int dimensions) {
        return values(part, dimensions, reply.result(part.source()));
    }

    /** The same of those pictures that can be used; the others are noted, or an error, as the options say. */
    List<float[]> vectors(List<Part> images, int dimensions) {
        List<float[]> vectors = new ArrayList<>();
        for (Part image : images) {
            Result result = reply.result(image.source());
            if (result instanceof Result.Failure failure && ignorable(failure)) {
                errors.put(image, error(image, failure));
            } else {
                vectors.add(values(image, dimensions, result));
            }
        }
        return vectors;
    }

    /** What a picture is, {@code null} when it was passed over. */
    ImageInfo info(Part image) {
        return reply.result(image.source()) instanceof Result.Vector vector ? vector.info() : null;
    }

    private float[] values(Part part, int dimensions, Result result) {
        return switch (result) {
            case Result.Failure failure ->
                throw Embedder.exception(part.where() + failure.reason(), failure.status(), null);
            case Result.Vector vector
            when dimensions > vector.values().length ->
                throw new IllegalArgumentException("[dimensions] of [" + part.target() + "] is " + dimensions
                        + ", more than the " + vector.values().length + " that model [" + Shown.of(options.modelId())
                        + "] makes");
            case Result.Vector vector ->
                dimensions == 0 ? vector.values() : Vectors.truncate(vector.values(), dimensions);
        };
    }

    /** What is over in a minute, as a full queue is, must not leave a document without its vector. */
    private boolean ignorable(Result.Failure failure) {
        return options.onImageError() != OnImageError.FAIL && failure.isOfImage();
    }

    private static Map<String, Object> error(Part image, Result.Failure failure) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("vector_field", image.target().path());
        error.put("field", image.field());
        error.put("type", failure.type());
        error.put("reason", failure.reason());
        return error;
    }

    /** Whether a picture of this field was passed over. */
    boolean isIncomplete(FieldPath target) {
        return errors.keySet().stream().anyMatch(image -> image.target().equals(target));
    }

    /** One for each picture that was passed over. */
    List<Map<String, Object>> errors() {
        return List.copyOf(errors.values());
    }
}
