// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/**
 * What is asked for: what the vector of a query is made of.
 *
 * @param terms at least one
 * @param modelId {@code null} = what the indices name
 * @param dimensions length of the vector, 0 = the model's own
 * @param timeout of the model's work, {@code null} = the setting of the search lane
 */
record Question(List<Term> terms, String modelId, int dimensions, TimeValue timeout) implements Writeable {

    /** @param weight of this input's vector among those of the others, of any scale */
    record Term(Source source, float weight) implements Writeable {
        Term(StreamInput in) throws IOException {
            this(Source.read(in), in.readFloat());
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            source.writeTo(out);
            out.writeFloat(weight);
        }

        /** The parameter that names it. */
        String parameter() {
            return source instanceof Source.Text ? "query_text" : "query_image";
        }
    }

    Question {
        terms = List.copyOf(terms);
        if (terms.isEmpty()) {
            throw new IllegalArgumentException("[clip] needs [query_text], [query_image] or both");
        }
        if (dimensions < 0) {
            throw new IllegalArgumentException("[clip] [dimensions] must be at least 1, got [" + dimensions + "]");
        }
        if (timeout != null && timeout.millis() <= 0) {
            throw new IllegalArgumentException("[clip] [timeout] must be longer than 0, got [" + timeout + "]");
        }
        for (Term term : terms) {
            if (!Float.isFinite(term.weight())) {
                throw new IllegalArgumentException("[clip] [weights] must be finite, got [" + term.weight() + "]");
            }
        }
        if (terms.stream().allMatch(term -> term.weight() == 0)) {
            throw new IllegalArgumentException("[clip] [weights] are all 0");
        }
    }

    Question(StreamInput in) throws IOException {
        this(in.readList(Term::new), in.readOptionalString(), in.readVInt(), in.readOptionalTimeValue());
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        out.writeList(terms);
        out.writeOptionalString(modelId);
        out.writeVInt(dimensions);
        out.writeOptionalTimeValue(timeout);
    }

    List<Source> inputs() {
        return terms.stream().map(Term::source).toList();
    }

    /** Whether answering makes a node fetch something. */
    boolean namesUrl() {
        return terms.stream().anyMatch(term -> term.source().isUrl());
    }

    /**
     * The query's vector, of length 1: every input's is cut, then normalised, then fused by weight.
     *
     * @param field the vector field, for messages
     * @param results one an input
     * @throws RuntimeException of the status of the first input that failed, or 400 where the weighted vectors cancel
     */
    float[] vector(String field, List<Result> results) {
        List<float[]> parts = new ArrayList<>();
        double[] weights = new double[terms.size()];
        for (int i = 0; i < weights.length; i++) {
            parts.add(part(field, terms.get(i), results.get(i)));
            weights[i] = terms.get(i).weight();
        }
        try {
            return weights.length == 1 ? parts.getFirst() : Fusion.weightedMean(parts, weights);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[clip] query on field [" + field + "]: " + e.getMessage(), e);
        }
    }

    private float[] part(String field, Term term, Result result) {
        String where = "[clip] query on field [" + field + "]: [" + term.parameter() + "]: ";
        return switch (result) {
            case Result.Failure failure -> throw Embedder.exception(where + failure.reason(), failure.status(), null);
            case Result.Vector vector -> {
                requireLength(field, vector.values().length);
                yield Vectors.normalize(
                        dimensions == 0 ? vector.values() : Vectors.truncate(vector.values(), dimensions));
            }
        };
    }

    /** @throws IllegalArgumentException when the model makes fewer values than asked for */
    void requireLength(String field, int length) {
        if (dimensions > length) {
            throw new IllegalArgumentException("[clip] query on field [" + field + "]: [dimensions] is " + dimensions
                    + ", more than the " + length + " that the model makes");
        }
    }
}
