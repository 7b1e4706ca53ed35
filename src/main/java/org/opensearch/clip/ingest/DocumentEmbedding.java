// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.ingest.DocumentFields.Part;
import org.opensearch.ingest.IngestDocument;

/**
 * One document on its way: which inputs it needs, and what it becomes when their vectors are there. The document is changed once
 * all of it is known to succeed, or not at all. Used by one thread at a time.
 */
final class DocumentEmbedding {
    private static final String ERRORS = "errors";

    private final IngestDocument document;
    private final Options options;
    private final List<VectorOutput> outputs = new ArrayList<>();
    private final Set<Source> inputs;

    /** @throws IllegalArgumentException when a field is missing that must not be, or is not what it has to be */
    DocumentEmbedding(IngestDocument document, Options options) {
        this.document = document;
        this.options = options;
        var fields = new DocumentFields(document, options.ignoreMissing());
        for (FieldMapping mapping : options.fields()) {
            VectorOutput output = VectorOutput.read(mapping, fields);
            if (output != null) {
                outputs.add(output);
            }
        }
        this.inputs =
                outputs.stream().flatMap(VectorOutput::parts).map(Part::source).collect(Collectors.toUnmodifiableSet());
    }

    /** What {@link #complete} will ask the results of, each once: several vectors of one picture cost one run. */
    Set<Source> inputs() {
        return inputs;
    }

    /**
     * Writes the vectors into the document.
     *
     * @throws RuntimeException of the status of what went wrong, the document being as it was
     */
    void complete(Function<Source, Result> results) {
        var answers = new Answers(options, results);
        Map<FieldMapping, List<float[]>> made = new LinkedHashMap<>();
        for (VectorOutput output : outputs) {
            List<float[]> vectors = output.vectors(answers, options);
            if (output.mapping().isNested() || vectors.getFirst() != null) {
                made.put(output.mapping(), vectors);
            }
        }
        write(made, answers.errors());
    }

    private void write(Map<FieldMapping, List<float[]>> made, List<Map<String, Object>> errors) {
        made.forEach((mapping, vectors) -> {
            if (mapping.isNested()) {
                options.nested(mapping).requireSettable(document, vectors);
            } else {
                mapping.target().requireSettable(document);
            }
        });
        FieldPath errorField = options.errorField();
        FieldPath noted = errorField == null ? null : new FieldPath(errorField.path() + "." + ERRORS);
        if (noted != null && !errors.isEmpty()) {
            noted.requireSettable(document);
        }
        made.forEach((mapping, vectors) -> {
            if (mapping.isNested()) {
                options.nested(mapping).set(document, mapping.target().name(), vectors);
            } else {
                mapping.target().set(document, new FloatList(vectors.getFirst()));
            }
        });
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
}
