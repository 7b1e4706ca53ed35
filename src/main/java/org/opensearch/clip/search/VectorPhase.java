// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.lucene.index.LeafReaderContext;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.Peers;
import org.opensearch.common.document.DocumentField;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.index.fielddata.IndexFieldData;
import org.opensearch.index.fielddata.ScriptDocValues;
import org.opensearch.index.mapper.MappedFieldType;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.knn.index.KNNVectorScriptDocValues;
import org.opensearch.knn.index.VectorDataType;
import org.opensearch.plugins.SearchPlugin.SearchExtSpec;
import org.opensearch.search.SearchExtBuilder;
import org.opensearch.search.SearchHit;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.search.fetch.FetchContext;
import org.opensearch.search.fetch.FetchSubPhase;
import org.opensearch.search.fetch.FetchSubPhaseProcessor;

/**
 * Fetches the vector of each hit from the index itself: {@code docvalue_fields} cannot read a knn_vector, and {@code _source} has it only where
 * the source filter and k-NN's derived source let it through. The vector travels as a field of the hit that {@link #take} takes off again.
 */
public final class VectorPhase implements FetchSubPhase {

    private static final String CARRIER = "_clip_vector";

    /** Makes a search carry the vectors of {@code field}. Only this plugin asks for it: it cannot be written in a request. */
    public static final class Wanted extends SearchExtBuilder {
        /** On the wire, without a frame; and what a user may not write. */
        static final String OLD_NAME = "clip_vector";

        static final String NAME = "clip_vector/2";

        private final String field;
        private final boolean framed;

        Wanted(String field, boolean framed) {
            this.field = field;
            this.framed = framed;
        }

        static Wanted read(StreamInput in) throws IOException {
            Wanted wanted = new Wanted(Frame.begin(in).readString(), true);
            Frame.end(in);
            return wanted;
        }

        /** What an older node sends. */
        static Wanted readOld(StreamInput in) throws IOException {
            return new Wanted(in.readString(), false);
        }

        /** Of the search that a fetch is for; {@code null} when it is for none of ours. */
        private static Wanted of(FetchContext context) {
            SearchExtBuilder ext = context.getSearchExt(NAME);
            return (Wanted) (ext == null ? context.getSearchExt(OLD_NAME) : ext);
        }

        /** For {@code SearchPlugin.getSearchExts}. */
        public static List<SearchExtSpec<?>> specs() {
            return List.of(
                    new SearchExtSpec<>(NAME, Wanted::read, Wanted::refuse),
                    new SearchExtSpec<>(OLD_NAME, Wanted::readOld, Wanted::refuse));
        }

        private static Wanted refuse(XContentParser parser) {
            throw new IllegalArgumentException(
                    "[ext] [" + OLD_NAME + "] is not for requests; the vector is in [_source]");
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            if (!framed) {
                out.writeString(field);
                return;
            }
            Frame.begin(out).writeString(field);
            Frame.end(out);
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            return builder.startObject(OLD_NAME).field("field", field).endObject();
        }

        @Override
        public String getWriteableName() {
            return framed ? NAME : OLD_NAME;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Wanted wanted && field.equals(wanted.field);
        }

        @Override
        public int hashCode() {
            return Objects.hash(OLD_NAME, field);
        }
    }

    /**
     * Lets the hits of a search carry their vectors.
     *
     * @param framed see {@link Peers}
     */
    static void want(SearchSourceBuilder source, String field, boolean framed) {
        List<SearchExtBuilder> exts = new ArrayList<>(source.ext());
        exts.add(new Wanted(field, framed));
        source.ext(exts);
    }

    /**
     * A search for one document, whose hit carries its vector.
     *
     * @param routing {@code null} = by its id
     * @param framed see {@link Peers}
     */
    public static SearchRequest search(String index, String id, String routing, String field, boolean framed) {
        var source = new SearchSourceBuilder()
                .query(QueryBuilders.idsQuery().addIds(id))
                .size(1)
                .fetchSource(false);
        want(source, field, framed);
        return new SearchRequest(index)
                .routing(routing)
                .source(source)
                .allowPartialSearchResults(false)
                .pipeline("_none");
    }

    /** Takes the vector off a hit; {@code null} when it carries none. */
    public static float[] take(SearchHit hit) {
        DocumentField carrier = hit.removeDocumentField(CARRIER);
        if (hit.getInnerHits() != null) {
            hit.getInnerHits().values().forEach(inner -> inner.forEach(VectorPhase::take));
        }
        return carrier == null ? null : carrier.getValue();
    }

    /** @throws IllegalArgumentException when the field is inside a nested object, or no vector */
    @Override
    public FetchSubPhaseProcessor getProcessor(FetchContext context) {
        Wanted wanted = Wanted.of(context);
        if (wanted == null) {
            return null;
        }
        MappedFieldType type = context.mapperService().fieldType(wanted.field);
        if (type == null) {
            return null;
        }
        if (!type.typeName().equals("knn_vector")) {
            throw new IllegalArgumentException("field [" + Shown.of(wanted.field) + "] is mapped as [" + type.typeName()
                    + "] in index [" + context.getIndexName() + "], it must be [knn_vector]");
        }
        if (context.mapperService().documentMapper().mappers().getNestedScope(type.name()) != null) {
            throw new IllegalArgumentException(
                    "field [" + Shown.of(wanted.field) + "] is inside a nested object in index ["
                            + context.getIndexName() + "]: it must have one vector a hit");
        }
        return new Reading(context.getQueryShardContext().getForField(type));
    }

    private static final class Reading implements FetchSubPhaseProcessor {
        private final IndexFieldData<?> field;
        private ScriptDocValues<?> vectors;

        Reading(IndexFieldData<?> field) {
            this.field = field;
        }

        @Override
        public void setNextReader(LeafReaderContext leaf) {
            vectors = field.load(leaf).getScriptValues();
        }

        @Override
        public void process(HitContext context) throws IOException {
            vectors.setNextDocId(context.docId());
            if (vectors.size() > 0 && vectors instanceof KNNVectorScriptDocValues<?> one) {
                context.hit().setDocumentField(CARRIER, new DocumentField(CARRIER, List.of(floats(one))));
            }
        }

        /** A copy: k-NN reads one vector after the other into the same array. */
        private static float[] floats(KNNVectorScriptDocValues<?> doc) {
            if (!(doc.getValue() instanceof byte[] bytes)) {
                return ((float[]) doc.getValue()).clone();
            }
            float[] floats = new float[bytes.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = bytes[i];
            }
            return doc.getVectorDataType() == VectorDataType.BINARY ? EmbeddingType.BINARY.decode(floats) : floats;
        }
    }
}
