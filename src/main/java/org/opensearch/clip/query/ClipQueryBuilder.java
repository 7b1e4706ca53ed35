// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.lucene.search.Query;
import org.opensearch.ExceptionsHelper;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Target;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.OldForm;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.index.query.AbstractQueryBuilder;
import org.opensearch.index.query.QueryBuilder;
import org.opensearch.index.query.QueryRewriteContext;
import org.opensearch.index.query.QueryShardContext;
import org.opensearch.index.query.WithFieldName;
import org.opensearch.knn.index.query.KNNQueryBuilder;
import org.opensearch.plugins.SearchPlugin.QuerySpec;
import org.opensearch.search.builder.SearchSourceBuilder;

/**
 * Texts, pictures, documents or a weighted mix of them, searched among the vectors of a field.
 *
 * <p>The coordinator's rewrite makes the vector once: the first round {@link Asking asks} for it and returns a copy
 * that waits for the answer, the round after it returns the {@code knn} query. No shard ever needs a model. Immutable but for the
 * answer that the copy waits for, and for {@code k} before the first round.
 */
public final class ClipQueryBuilder extends AbstractQueryBuilder<ClipQueryBuilder> implements WithFieldName {
    public static final String NAME = "clip";

    /**
     * In the place where an older node writes the field, which is never empty: core and k-NN go by the name of a query, so it stays,
     * and cannot tell the forms apart. A query travels only to be refused ({@link #onAShard}): what a shard searches is rewritten.
     */
    private static final String FRAMED = "";

    private final String field;
    private final Question question;
    private Neighbors neighbors;
    private final Embedder embedder;
    /** Where the answer goes; {@code null} until something has been sent. */
    private final AtomicReference<float[]> answer;

    ClipQueryBuilder(String field, Question question, Neighbors neighbors, Embedder embedder) {
        this(field, question, neighbors, embedder, null);
    }

    private ClipQueryBuilder(
            String field, Question question, Neighbors neighbors, Embedder embedder, AtomicReference<float[]> answer) {
        if (field == null || field.isBlank()) {
            throw new IllegalArgumentException("[clip] names no vector field");
        }
        this.field = field;
        this.question = Objects.requireNonNull(question, "question");
        this.neighbors = Objects.requireNonNull(neighbors, "neighbors");
        this.embedder = Objects.requireNonNull(embedder, "embedder");
        this.answer = answer;
    }

    private ClipQueryBuilder(StreamInput in, Embedder embedder) throws IOException {
        super(in);
        String first = in.readString();
        boolean framed = first.equals(FRAMED);
        StreamInput form = framed ? Frame.begin(in) : OldForm.of(in);
        this.field = framed ? form.readString() : first;
        this.question = new Question(form);
        this.neighbors = new Neighbors(form);
        Frame.end(form);
        this.embedder = embedder;
        this.answer = null;
    }

    @Override
    protected void doWriteTo(StreamOutput out) throws IOException {
        if (answer != null) {
            throw new IllegalStateException("[clip] waits for a model, its rewrite must end before it is sent");
        }
        out.writeString(FRAMED);
        Frame.begin(out).writeString(field);
        question.writeTo(out);
        neighbors.writeTo(out);
        Frame.end(out);
    }

    /** For {@code SearchPlugin.getQueries}: {@code {"clip": {"<field>": {...}}}}. */
    public static QuerySpec<ClipQueryBuilder> spec(Embedder embedder) {
        return new QuerySpec<>(
                NAME, in -> new ClipQueryBuilder(in, embedder), parser -> ClipQueryParser.parse(parser, embedder));
    }

    @Override
    protected void doXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject(NAME);
        builder.startObject(field);
        ClipQueryParser.write(question, builder);
        neighbors.toXContent(builder, params);
        printBoostAndQueryName(builder);
        builder.endObject();
        builder.endObject();
    }

    @Override
    public String fieldName() {
        return field;
    }

    @Override
    public String getWriteableName() {
        return NAME;
    }

    /** A filter given from outside stays a filter of the vector search: after it, it would leave fewer hits than asked for. */
    @Override
    public QueryBuilder filter(QueryBuilder other) {
        if (!validateFilterParams(other)) {
            return this;
        }
        QueryBuilder both =
                neighbors.filter() == null ? other : neighbors.filter().filter(other);
        return new ClipQueryBuilder(field, question, neighbors.withFilter(both), embedder, answer)
                .boost(boost())
                .queryName(queryName());
    }

    /**
     * Makes the query of a search look at no fewer vectors than the first hits that somebody will reorder: a larger {@code size}
     * does not widen a vector search. Only a query at the top is widened, and a radial one looks as far as it says.
     */
    public static void widen(SearchSourceBuilder source, int candidates) {
        if (source.query() instanceof ClipQueryBuilder clip) {
            clip.widen(candidates);
        } else if (source.query() instanceof KNNQueryBuilder knn && knn.getK() != null && knn.getK() < candidates) {
            knn.setK(candidates);
        }
    }

    void widen(int candidates) {
        if (neighbors.k() != null && neighbors.k() < candidates) {
            neighbors = neighbors.withK(candidates);
        }
    }

    @Override
    protected QueryBuilder doRewrite(QueryRewriteContext context) throws IOException {
        if (answer == null) {
            return asked(context);
        }
        float[] vector = answer.get();
        return vector == null ? this : neighbors.of(field, vector);
    }

    /** @throws IllegalArgumentException on a shard, or when neither the query nor where it looks names a model */
    private ClipQueryBuilder asked(QueryRewriteContext context) {
        if (context.convertToShardContext() != null) {
            throw onAShard();
        }
        Target target = SearchTarget.of(context, field, question);
        if (question.modelId() == null && target == null && !question.inputs().isEmpty()) {
            throw new IllegalArgumentException("[clip] query on field [" + Shown.of(field)
                    + "] needs [model_id]: the index setting [index.clip.model_id] is read only where a search looks at"
                    + " indices of this cluster");
        }
        AtomicReference<float[]> made = new AtomicReference<>();
        var asking = new Asking(field, question, toCheck(target), embedder, !context.validate());
        context.registerAsyncAction((client, listener) -> asking.ask(client, answering(made, listener)));
        return new ClipQueryBuilder(field, question, neighbors, embedder, made);
    }

    /** A field need not be mapped where the query says so, and needs no index to name its model. */
    private Target toCheck(Target target) {
        boolean knowsItsModel = question.modelId() != null || question.inputs().isEmpty();
        return target != null && neighbors.ignoreUnmapped() && knowsItsModel ? target.orUnmapped() : target;
    }

    private <T> ActionListener<float[]> answering(AtomicReference<float[]> made, ActionListener<T> listener) {
        return new ActionListener<>() {
            @Override
            public void onResponse(float[] vector) {
                made.set(vector);
                listener.onResponse(null);
            }

            @Override
            public void onFailure(Exception e) {
                Throwable cause = ExceptionsHelper.unwrapCause(e);
                listener.onFailure(Embedder.exception(
                        "[clip] query on field [" + Shown.of(field) + "]: " + cause.getMessage(),
                        ExceptionsHelper.status(cause),
                        cause));
            }
        };
    }

    @Override
    protected Query doToQuery(QueryShardContext context) {
        throw onAShard();
    }

    /** Core lets no shard wait for what a rewrite asks for. */
    private IllegalArgumentException onAShard() {
        return new IllegalArgumentException("[clip] query on field [" + Shown.of(field)
                + "] cannot be used in an alias filter or a percolator query: no model runs where those are read;"
                + " use [knn] with a vector");
    }

    @Override
    protected boolean doEquals(ClipQueryBuilder other) {
        return field.equals(other.field)
                && question.equals(other.question)
                && neighbors.equals(other.neighbors)
                && answer == other.answer;
    }

    @Override
    protected int doHashCode() {
        return Objects.hash(field, question, neighbors, System.identityHashCode(answer));
    }
}
