// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.query.Part.Given;
import org.opensearch.clip.wire.Frame;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/**
 * What is asked for: what the vector of a query is made of.
 *
 * @param terms 1 to {@value #MOST}
 * @param listed given as {@code queries}, else as parameters of their own
 * @param modelId {@code null} = what the indices name
 * @param dimensions length of the vector, 0 = the model's own
 * @param embeddingType that the field keeps vectors as, {@code null} = what its mapping says
 * @param timeout of the model's work, {@code null} = the setting of the search lane
 */
record Question(
        List<Term> terms,
        boolean listed,
        String modelId,
        int dimensions,
        EmbeddingType embeddingType,
        TimeValue timeout)
        implements Writeable {

    /** Each may be a picture of megabytes and a run of a model. */
    static final int MOST = 100;

    /** @param weight of this part's vector among those of the others, of any scale; a negative one pushes away */
    record Term(Part part, float weight) implements Writeable {
        Term(StreamInput in) throws IOException {
            this(Part.read(Frame.begin(in)), in.readFloat());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            part.writeTo(out);
            out.writeFloat(weight);
            Frame.end(out);
        }
    }

    Question {
        terms = List.copyOf(terms);
        if (terms.isEmpty()) {
            throw new IllegalArgumentException(
                    "[clip] needs [query_text], [query_image] or both, or [queries], or [query_document]");
        }
        if (terms.size() > MOST) {
            throw new IllegalArgumentException(
                    "[clip] [queries] takes at most [" + MOST + "] entries, got [" + terms.size() + "]");
        }
        if (dimensions < 0) {
            throw new IllegalArgumentException("[clip] [dimensions] must be at least 1, got [" + dimensions + "]");
        }
        if (timeout != null && timeout.millis() <= 0) {
            throw new IllegalArgumentException("[clip] [timeout] must be longer than 0, got [" + timeout + "]");
        }
        String weights = listed ? "[clip] the weights of [queries]" : "[clip] [weights]";
        for (Term term : terms) {
            if (!Float.isFinite(term.weight())) {
                throw new IllegalArgumentException(weights + " must be finite, got [" + term.weight() + "]");
            }
        }
        if (terms.stream().allMatch(term -> term.weight() == 0)) {
            throw new IllegalArgumentException(weights + " are all 0");
        }
    }

    Question(StreamInput in) throws IOException {
        this(
                Frame.begin(in).readList(Term::new),
                in.readBoolean(),
                in.readOptionalString(),
                in.readVInt(),
                in.readBoolean() ? in.readEnum(EmbeddingType.class) : null,
                in.readOptionalTimeValue());
        Frame.end(in);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeList(terms);
        out.writeBoolean(listed);
        out.writeOptionalString(modelId);
        out.writeVInt(dimensions);
        out.writeBoolean(embeddingType != null);
        if (embeddingType != null) {
            out.writeEnum(embeddingType);
        }
        out.writeOptionalTimeValue(timeout);
        Frame.end(out);
    }

    /** What a model has to embed, in the order of the terms. */
    List<Source> inputs() {
        return terms.stream()
                .flatMap(term -> term.part() instanceof Given given ? Stream.of(given.source()) : Stream.empty())
                .toList();
    }

    /** Whether answering makes a node fetch something. */
    boolean namesUrl() {
        return inputs().stream().anyMatch(Source::isUrl);
    }

    /** The parameter that a term was given as. */
    String parameter(int term) {
        String name = terms.get(term).part().name();
        return listed ? "queries[" + term + "]." + name : "query_" + name;
    }

    /**
     * One vector of the question, cut and of length 1.
     *
     * @param vectors of which it is the mean
     * @throws IllegalArgumentException when one is shorter than asked for, or zero, or they cancel each other out
     */
    float[] part(int term, List<float[]> vectors) {
        try {
            List<float[]> units = vectors.stream()
                    .map(vector -> Vectors.normalize(cut(vector)))
                    .toList();
            return units.size() == 1 ? units.getFirst() : Fusion.mean(units);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("[" + parameter(term) + "]: " + e.getMessage(), e);
        }
    }

    private float[] cut(float[] vector) {
        if (dimensions > vector.length) {
            throw new IllegalArgumentException(
                    "[dimensions] is " + dimensions + ", more than the " + vector.length + " of its vector");
        }
        return dimensions == 0 ? vector : Vectors.truncate(vector, dimensions);
    }

    /**
     * The query's vector, of length 1: the weighted sum of its parts.
     *
     * @param parts as {@link #part} makes them, one a term
     * @throws IllegalArgumentException when they differ in length, or cancel each other out
     */
    float[] vector(List<float[]> parts) {
        int length = parts.getFirst().length;
        double[] weights = new double[parts.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = terms.get(i).weight();
            if (parts.get(i).length != length) {
                throw new IllegalArgumentException("[" + parameter(0) + "] has a vector of " + length
                        + " dimensions, [" + parameter(i) + "] one of " + parts.get(i).length
                        + ": set [dimensions] when one is a cut of the other, else they are of different models");
            }
        }
        return weights.length == 1 && weights[0] > 0 ? parts.getFirst() : Fusion.weightedMean(parts, weights);
    }
}
