// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import static org.opensearch.core.xcontent.ConstructingObjectParser.constructorArg;
import static org.opensearch.core.xcontent.ConstructingObjectParser.optionalConstructorArg;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.query.Part.Given;
import org.opensearch.clip.query.Part.OfDocument;
import org.opensearch.clip.query.Question.Term;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.ParseField;
import org.opensearch.core.common.ParsingException;
import org.opensearch.core.xcontent.ConstructingObjectParser;
import org.opensearch.core.xcontent.ObjectParser;
import org.opensearch.core.xcontent.ObjectParser.ValueType;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.core.xcontent.XContentSubParser;
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
        private List<Term> queries;
        private OfDocument document;
        private String modelId;
        private Integer dimensions;
        private String embeddingType;
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

    /** An entry of {@code queries}. */
    private static final class Entry {
        private String text;
        private String image;
        private OfDocument document;
        private float weight = 1;

        Term term() {
            if (Stream.of(text, image, document).filter(Objects::nonNull).count() != 1) {
                throw new IllegalArgumentException(
                        "[clip] each entry of [queries] needs one of [text], [image] and [document]");
            }
            requireText("text", text);
            requireText("image", image);
            if (document != null) {
                return new Term(document, weight);
            }
            return new Term(new Given(text == null ? new Source.Image(image) : new Source.Text(text)), weight);
        }
    }

    private static final ConstructingObjectParser<OfDocument, Void> DOCUMENT = new ConstructingObjectParser<>(
            "document",
            values -> new OfDocument((String) values[0], (String) values[1], (String) values[2], (String) values[3]));

    private static final ObjectParser<Entry, Void> ENTRY = new ObjectParser<>("queries", Entry::new);

    static {
        DOCUMENT.declareString(constructorArg(), new ParseField("_index"));
        DOCUMENT.declareString(constructorArg(), new ParseField("_id"));
        DOCUMENT.declareString(optionalConstructorArg(), new ParseField("field"));
        DOCUMENT.declareString(optionalConstructorArg(), new ParseField("routing"));
        ENTRY.declareString((e, v) -> e.text = v, new ParseField("text"));
        ENTRY.declareString((e, v) -> e.image = v, new ParseField("image"));
        ENTRY.declareObject((e, v) -> e.document = v, DOCUMENT, new ParseField("document"));
        ENTRY.declareFloat((e, v) -> e.weight = v, new ParseField("weight"));
    }

    private static final ObjectParser<Draft, Void> PARSER = new ObjectParser<>(ClipQueryBuilder.NAME, Draft::new);

    static {
        PARSER.declareString((d, v) -> d.text = v, new ParseField("query_text"));
        PARSER.declareString((d, v) -> d.image = v, new ParseField("query_image"));
        PARSER.declareObject((d, v) -> d.weights = v, WEIGHTS, new ParseField("weights"));
        PARSER.declareObjectArray(
                (d, v) -> d.queries = v, (p, c) -> ENTRY.parse(p, c).term(), new ParseField("queries"));
        PARSER.declareObject((d, v) -> d.document = v, DOCUMENT, new ParseField("query_document"));
        PARSER.declareString((d, v) -> d.modelId = v, new ParseField("model_id"));
        PARSER.declareInt((d, v) -> d.dimensions = v, new ParseField("dimensions"));
        PARSER.declareString((d, v) -> d.embeddingType = v, new ParseField("embedding_type"));
        PARSER.declareString((d, v) -> d.timeout = v, new ParseField("timeout"));
        PARSER.declareInt((d, v) -> d.k = v, new ParseField("k"));
        PARSER.declareFloat((d, v) -> d.minScore = v, new ParseField("min_score"));
        PARSER.declareFloat((d, v) -> d.maxDistance = v, new ParseField("max_distance"));
        PARSER.declareObject(
                (d, v) -> d.filter = v,
                (p, c) -> AbstractQueryBuilder.parseInnerQueryBuilder(new OfFilter(p)),
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

    /** {@code clip} queries in the filters of each other: core's readers take more of the stack for each than JSON's own limit leaves. */
    private static final int DEEPEST = 16;

    /** Knows how many filters of {@code clip} queries it is in, whatever queries are between them. */
    private static final class OfFilter extends XContentSubParser {
        private final int depth;

        OfFilter(XContentParser parser) {
            super(parser);
            depth = depth(parser) + 1;
            if (depth > DEEPEST) {
                throw new ParsingException(
                        parser.getTokenLocation(),
                        "[clip] queries lie in the [filter] of each other more than [" + DEEPEST + "] deep");
            }
        }

        static int depth(XContentParser parser) {
            return parser instanceof OfFilter filter ? filter.depth : 0;
        }

        /** Hands itself on, not what it reads from. */
        @Override
        public <T> T namedObject(Class<T> category, String name, Object context) throws IOException {
            return getXContentRegistry().parseNamedObject(category, name, this, context);
        }
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
                        "[clip] query doesn't support multiple fields, found [" + Shown.of(field) + "] and ["
                                + Shown.of(name) + "]");
            }
            field = name;
            if (parser.nextToken() != XContentParser.Token.START_OBJECT) {
                throw new ParsingException(
                        parser.getTokenLocation(),
                        "[clip] query malformed, [" + Shown.of(field)
                                + "] must be an object with [query_text], [query_image], [queries] or [query_document]");
            }
            draft = draft(parser);
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

    /** Core's parsers repeat what they cannot use. */
    private static Draft draft(XContentParser parser) throws IOException {
        try {
            return PARSER.parse(parser, null);
        } catch (IllegalArgumentException | ParsingException e) {
            if (Shown.isLong(e)) {
                throw new ParsingException(parser.getTokenLocation(), Shown.reason(e));
            }
            throw e;
        }
    }

    private static Question question(Draft draft) {
        requireText("query_text", draft.text);
        requireText("query_image", draft.image);
        requireText("model_id", draft.modelId);
        if (draft.dimensions != null && draft.dimensions < 1) {
            throw new IllegalArgumentException(
                    "[clip] [dimensions] must be at least 1, got [" + draft.dimensions + "]");
        }
        return new Question(
                terms(draft),
                draft.queries != null,
                draft.modelId,
                draft.dimensions == null ? 0 : draft.dimensions,
                embeddingType(draft.embeddingType),
                draft.timeout == null ? null : TimeValue.parseTimeValue(Shown.of(draft.timeout), "timeout"));
    }

    private static EmbeddingType embeddingType(String name) {
        if (name == null) {
            return null;
        }
        return EmbeddingType.of(name)
                .orElseThrow(() -> new IllegalArgumentException("[clip] [embedding_type] must be one of "
                        + List.of(EmbeddingType.values()) + ", got [" + Shown.of(name) + "]"));
    }

    private static List<Term> terms(Draft draft) {
        boolean some = draft.text != null || draft.image != null || draft.weights != null;
        if (Stream.of(some, draft.queries != null, draft.document != null)
                        .filter(given -> given)
                        .count()
                > 1) {
            throw new IllegalArgumentException(
                    "[clip] takes one of [queries], [query_document], and [query_text] and [query_image] with their [weights]:"
                            + " texts, pictures and documents together are entries of [queries]");
        }
        if (draft.queries != null) {
            return draft.queries;
        }
        if (draft.document != null) {
            return List.of(new Term(draft.document, 1));
        }
        boolean both = draft.text != null && draft.image != null;
        if (draft.weights != null && (!both || draft.weights.text == null || draft.weights.image == null)) {
            throw new IllegalArgumentException(
                    "[clip] [weights] needs [query_text] and [query_image] and a weight for each of [text] and [image]");
        }
        List<Term> terms = new ArrayList<>();
        if (draft.text != null) {
            terms.add(new Term(new Given(new Source.Text(draft.text)), draft.weights == null ? 1 : draft.weights.text));
        }
        if (draft.image != null) {
            terms.add(new Term(
                    new Given(new Source.Image(draft.image)), draft.weights == null ? 1 : draft.weights.image));
        }
        return terms;
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
        if (question.listed()) {
            builder.startArray("queries");
            for (Term term : question.terms()) {
                builder.startObject();
                write(term.part(), term.part().name(), builder);
                builder.field("weight", term.weight()).endObject();
            }
            builder.endArray();
        } else {
            for (Term term : question.terms()) {
                write(term.part(), "query_" + term.part().name(), builder);
            }
            if (question.terms().size() > 1) {
                builder.startObject("weights");
                for (Term term : question.terms()) {
                    builder.field(term.part().name(), term.weight());
                }
                builder.endObject();
            }
        }
        if (question.modelId() != null) {
            builder.field("model_id", question.modelId());
        }
        if (question.dimensions() > 0) {
            builder.field("dimensions", question.dimensions());
        }
        if (question.embeddingType() != null) {
            builder.field("embedding_type", question.embeddingType());
        }
        if (question.timeout() != null) {
            builder.field("timeout", question.timeout().getStringRep());
        }
    }

    private static void write(Part part, String name, XContentBuilder builder) throws IOException {
        switch (part) {
            case Given given ->
                builder.field(
                        name,
                        switch (given.source()) {
                            case Source.Text text -> text.text();
                            case Source.Image image -> image.image();
                        });
            case OfDocument document -> {
                builder.startObject(name).field("_index", document.index()).field("_id", document.id());
                if (document.field() != null) {
                    builder.field("field", document.field());
                }
                if (document.routing() != null) {
                    builder.field("routing", document.routing());
                }
                builder.endObject();
            }
        }
    }
}
