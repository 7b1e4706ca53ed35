// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.opensearch.clip.embed.Labels;
import org.opensearch.clip.embed.Notebook;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.SpaceGuard;
import org.opensearch.clip.ingest.Output.Change;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.ingest.IngestDocument;

/**
 * One document on its way: which inputs it needs, and what it becomes when their vectors are there. The document is changed once
 * all of it is known to succeed, or not at all. Used by one thread at a time.
 */
final class DocumentEmbedding {
    private final IngestDocument document;
    private final Options options;
    private final Notes notes;
    private final List<Output> outputs = new ArrayList<>();
    /** What the document has already, and of which model. */
    private final List<Output> unchanged = new ArrayList<>();

    private final Optional<String> fingerprint;
    private final Set<Source> inputs = new LinkedHashSet<>();

    /**
     * @throws IllegalArgumentException when a field is missing that must not be, or is not what it has to be, or has vectors of
     *     another model in the index that the document is for
     */
    DocumentEmbedding(IngestDocument document, Options options, SpaceGuard guard) {
        this.document = document;
        this.options = options;
        this.notes = new Notes(document, options.errorField());
        String index = String.valueOf(document.getSourceAndMetadata().get("_index"));
        fingerprint = options.skipExisting() ? guard.fingerprint(options.modelId()) : Optional.empty();
        for (Output output : read()) {
            boolean changes = fingerprint.isEmpty() || !isUnchanged(output, fingerprint.get());
            (changes ? outputs : unchanged).add(output);
        }
        for (Output output : outputs) {
            output.parts().forEach(part -> inputs.add(part.source()));
            if (output instanceof VectorOutput && output.target().isIndexed()) {
                guard.checkWrite(index, output.target().field(), options.modelId());
            }
        }
    }

    private List<Output> read() {
        var fields = new DocumentFields(document, options.ignoreMissing());
        List<Output> all = new ArrayList<>();
        options.fields().forEach(mapping -> all.add(VectorOutput.read(mapping, fields)));
        options.classify().forEach(entry -> all.add(LabelOutput.read(entry, fields)));
        all.removeIf(Objects::isNull);
        InfoOutput info = options.imageInfo() == null ? null : InfoOutput.of(options.imageInfo(), all);
        if (info != null) {
            all.add(info);
        }
        return all;
    }

    private boolean isUnchanged(Output output, String fingerprint) {
        String before = notes.origin(output.target());
        return before != null
                && output.isThere(document)
                && output.origin(fingerprint, options).isCoveredBy(before, options.removeSourceImage());
    }

    /** What {@link #complete} will ask the results of, each once: several vectors of one picture cost one run. */
    Set<Source> inputs() {
        return inputs;
    }

    /** Labels whose vectors {@link #complete} will want. */
    Stream<Labels> labels() {
        return outputs.stream()
                .filter(LabelOutput.class::isInstance)
                .map(output -> ((LabelOutput) output).classification().labels());
    }

    /**
     * Writes what was made into the document.
     *
     * @param charge for how many values of vectors, before they are written
     * @throws RuntimeException of the status of what went wrong, the document being as it was
     */
    void complete(Reply reply, LongConsumer charge) {
        var answers = new Answers(options, reply);
        List<Change> changes = new ArrayList<>();
        Map<FieldPath, String> origins = new HashMap<>();
        for (Output output : outputs) {
            List<Change> made = output.make(answers, options);
            changes.addAll(made);
            boolean known = options.skipExisting() && !made.isEmpty() && !answers.isIncomplete(output.target());
            origins.put(
                    output.target(),
                    known ? output.origin(reply.fingerprint(), options).toString() : "");
        }
        List<Map<String, Object>> errors = answers.errors();
        changes.add(notes.of(errors, origins));
        changes.forEach(change -> change.require(document));
        charge.accept(changes.stream().mapToLong(Change::values).sum());
        changes.forEach(change -> change.apply(document));
        if (options.removeSourceImage() && errors.isEmpty()) {
            options.pictures().forEach(image -> image.remove(document));
        }
    }

    /**
     * Notes whose vectors the document has, once it is as it leaves.
     *
     * @param made the model of what {@link #complete} wrote, {@code null} when it had nothing to write
     */
    void tell(ThreadContext context, String made) {
        if (made != null) {
            outputs.forEach(output -> tell(context, output, made));
        }
        unchanged.forEach(output -> tell(context, output, fingerprint.orElseThrow()));
    }

    private void tell(ThreadContext context, Output output, String model) {
        if (output instanceof VectorOutput && output.target().isIndexed()) {
            Notebook.note(
                    context, document.getSourceAndMetadata(), output.target().field(), model);
        }
    }
}
