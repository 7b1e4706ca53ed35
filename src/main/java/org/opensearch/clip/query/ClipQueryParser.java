// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.query.Question.Term;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.ParseField;
import org.opensearch.core.common.ParsingException;
import org.opensearch.core.xcontent.ObjectParser;
import org.opensearch.core.xcontent.ObjectParser.ValueType;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.index.query.AbstractQueryBuilder;
import org.opensearch.index.query.QueryBuilder;
import org.opensearch.knn.index.query.parser.MethodParametersParser;
import org.opensearch.knn.index.query.parser.RescoreParser;
import org.opensearch.knn.index.query.rescore.RescoreContext;

/** The JSON of a {@code clip} query, both ways. Unknown parameters are refused by name. */
final class ClipQueryParser {

    /** What has been read so far. */
    private static final class Draft {
        private String text;
        private String image;
        private Weights weights;
        private String modelId;
        private Integer dimensions;
        private String timeout;
        private Integer k;
        private Float minScore;
        private Float maxDistance;
        private QueryBuilder filter;
        private Map<String, ?> methodParameters;
        private RescoreContext rescore;
        private Boolean expandNested;
        private boolean ignoreUnmapped;
        private float boost = AbstractQueryBuilder.DEFAULT_BOOST;
        private String queryName;
    }

    private static final class Weights {
        private Float text;
        private Float image;
    }

    private static final ObjectParser<Weights, Void> WEIGHTS = new ObjectParser<>("weights", Weights::new);

    static {
        WEIGHTS.declareFloat((w, v) -> w.text = v, new ParseField("text"));
        WEIGHTS.declareFloat((w, v) -> w.image = v, new ParseField("image"));
    }

    private static final ObjectParser<Draft, Void> PARSER = new ObjectParser<>(ClipQueryBuilder.NAME, Draft::new);

    static {
        PARSER.declareString((d, v) -> d.text = v, new ParseField("query_text"));
        PARSER.declareString((d, v) -> d.image = v, new ParseField("query_image"));
        PARSER.declareObject((d, v) -> d.weights = v, WEIGHTS, new ParseField("weights"));
        PARSER.declareString((d, v) -> d.modelId = v, new ParseField("model_id"));
        PARSER.declareInt((d, v) -> d.dimensions = v, new ParseField("dimensions"));
        PARSER.declareString((d, v) -> d.timeout = v, new ParseField("timeout"));
        PARSER.declareInt((d, v) -> d.k = v, new ParseField("k"));
        PARSER.declareFloat((d, v) -> d.minScore = v, new ParseField("min_score"));
        PARSER.declareFloat((d, v) -> d.maxDistance = v, new ParseField("max_distance"));
        PARSER.declareObject(
                (d, v) -> d.filter = v,
                (p, c) -> AbstractQueryBuilder.parseInnerQueryBuilder(p),
                new ParseField("filter"));
        PARSER.declareObject(
                (d, v) -> d.methodParameters = v,
                (p, c) -> MethodParametersParser.fromXContent(p),
                new ParseField("method_parameters"));
        PARSER.declareField(
                (d, v) -> d.rescore = v, (p, c) -> rescore(p), new ParseField("rescore"), ValueType.OBJECT_OR_BOOLEAN);
        PARSER.declareBoolean((d, v) -> d.expandNested = v, new ParseField("expand_nested_docs"));
        PARSER.declareBoolean((d, v) -> d.ignoreUnmapped = v, new ParseField("ignore_unmapped"));
        PARSER.declareFloat((d, v) -> d.boost = v, AbstractQueryBuilder.BOOST_FIELD);
        PARSER.declareString((d, v) -> d.queryName = v, AbstractQueryBuilder.NAME_FIELD);
    }

    private ClipQueryParser() {}

    static ClipQueryBuilder parse(XContentParser parser, Embedder embedder) throws IOException {
        String field = null;
        Draft draft = null;
        while (parser.nextToken() != XContentParser.Token.END_OBJECT) {
            String name = parser.currentName();
            if (field != null) {
                throw new ParsingException(
                        parser.getTokenLocation(),
                        "[clip] query doesn't support multiple fields, found [" + field + "] and [" + name + "]");
            }
            field = name;
            if (parser.nextToken() != XContentParser.Token.START_OBJECT) {
                throw new ParsingException(
                        parser.getTokenLocation(),
                        "[clip] query malformed, [" + field + "] must be an object with [query_text] or [query_image]");
            }
            draft = PARSER.parse(parser, null);
        }
        if (draft == null) {
            throw new ParsingException(parser.getTokenLocation(), "[clip] query malformed, it names no vector field");
        }
        var neighbors = new Neighbors(
                draft.k,
                draft.minScore,
                draft.maxDistance,
                draft.filter,
                draft.methodParameters,
                draft.rescore,
                draft.expandNested,
                draft.ignoreUnmapped);
        return new ClipQueryBuilder(field, question(draft), neighbors, embedder)
                .boost(draft.boost)
                .queryName(draft.queryName);
    }

    private static Question question(Draft draft) {
        requireText("query_text", draft.text);
        requireText("query_image", draft.image);
        requireText("model_id", draft.modelId);
        boolean both = draft.text != null && draft.image != null;
        if (draft.weights != null && (!both || draft.weights.text == null || draft.weights.image == null)) {
            throw new IllegalArgumentException(
                    "[clip] [weights] needs [query_text] and [query_image] and a weight for each of [text] and [image]");
        }
        List<Term> terms = new ArrayList<>();
        if (draft.text != null) {
            terms.add(new Term(new Source.Text(draft.text), draft.weights == null ? 1 : draft.weights.text));
        }
        if (draft.image != null) {
            terms.add(new Term(new Source.Image(draft.image), draft.weights == null ? 1 : draft.weights.image));
        }
        if (draft.dimensions != null && draft.dimensions < 1) {
            throw new IllegalArgumentException(
                    "[clip] [dimensions] must be at least 1, got [" + draft.dimensions + "]");
        }
        return new Question(
                terms,
                draft.modelId,
                draft.dimensions == null ? 0 : draft.dimensions,
                draft.timeout == null ? null : TimeValue.parseTimeValue(draft.timeout, "timeout"));
    }

    private static void requireText(String parameter, String value) {
        if (value != null && value.isBlank()) {
            throw new IllegalArgumentException("[clip] [" + parameter + "] is blank");
        }
    }

    private static RescoreContext rescore(XContentParser parser) throws IOException {
        return parser.currentToken() == XContentParser.Token.VALUE_BOOLEAN
                ? Neighbors.rescore(parser.booleanValue())
                : RescoreParser.fromXContent(parser);
    }

    /** The fields of a question inside the object that names them. */
    static void write(Question question, XContentBuilder builder) throws IOException {
        for (Term term : question.terms()) {
            switch (term.source()) {
                case Source.Text text -> builder.field("query_text", text.text());
                case Source.Image image -> builder.field("query_image", image.image());
            }
        }
        if (question.terms().size() > 1) {
            builder.startObject("weights");
            for (Term term : question.terms()) {
                builder.field(term.source() instanceof Source.Text ? "text" : "image", term.weight());
            }
            builder.endObject();
        }
        if (question.modelId() != null) {
            builder.field("model_id", question.modelId());
        }
        if (question.dimensions() > 0) {
            builder.field("dimensions", question.dimensions());
        }
        if (question.timeout() != null) {
            builder.field("timeout", question.timeout().getStringRep());
        }
    }
}
