// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.lucene.codecs.StoredFieldsReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FieldInfos;
import org.apache.lucene.index.FilterDirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.support.WriteRequest.RefreshPolicy;
import org.opensearch.common.lucene.index.SequentialStoredFieldsLeafReader;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.index.IndexModule;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.plugins.Plugin;

/** Wherever a mapping may put a vector, and k-NN may lose it, a query finds it by its document. No model is there. */
public class DocumentQueryIT extends ClipSingleNodeTestCase {

    private static final String VECTOR = "{\"type\": \"knn_vector\", \"dimension\": 3, \"method\":"
            + " {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"cosinesimil\"}}";

    /** Hides {@code v} of the index {@code masked} as field-level security does: its readers do not know the field. */
    public static final class Mask extends Plugin {
        @Override
        public void onIndexModule(IndexModule module) {
            if (module.getIndex().getName().equals("masked")) {
                module.setReaderWrapper(shard -> MaskedReader::new);
            }
        }
    }

    private static final class MaskedReader extends FilterDirectoryReader {
        MaskedReader(DirectoryReader in) throws IOException {
            super(in, new SubReaderWrapper() {
                @Override
                public LeafReader wrap(LeafReader leaf) {
                    return new SequentialStoredFieldsLeafReader(leaf) {
                        @Override
                        public FieldInfos getFieldInfos() {
                            return new FieldInfos(
                                    StreamSupport.stream(in.getFieldInfos().spliterator(), false)
                                            .filter(field -> !field.name.equals("v"))
                                            .toArray(FieldInfo[]::new));
                        }

                        @Override
                        protected StoredFieldsReader doGetSequentialStoredFieldsReader(StoredFieldsReader reader) {
                            return reader;
                        }

                        @Override
                        public CacheHelper getCoreCacheHelper() {
                            return in.getCoreCacheHelper();
                        }

                        @Override
                        public CacheHelper getReaderCacheHelper() {
                            return in.getReaderCacheHelper();
                        }
                    };
                }
            });
        }

        @Override
        protected DirectoryReader doWrapDirectoryReader(DirectoryReader in) throws IOException {
            return new MaskedReader(in);
        }

        @Override
        public CacheHelper getReaderCacheHelper() {
            return in.getReaderCacheHelper();
        }
    }

    @Override
    protected Collection<Class<? extends Plugin>> getPlugins() {
        return Stream.concat(super.getPlugins().stream(), Stream.of(Mask.class)).toList();
    }

    private void create(String index, String mapping) {
        client().admin()
                .indices()
                .prepareCreate(index)
                .setMapping(mapping.replace("VECTOR", VECTOR))
                .setSettings(Settings.builder()
                        .put("index.knn", true)
                        .put("index.number_of_replicas", 0)
                        .put(
                                "index.refresh_interval",
                                -1)) // a refresh of the index's own would decide what a test finds
                .get();
    }

    private void index(String index, String id, RefreshPolicy refresh, String document) {
        client().index(new IndexRequest(index)
                        .id(id)
                        .source(document, XContentType.JSON)
                        .setRefreshPolicy(refresh))
                .actionGet();
    }

    private static String byDocument(String searched, String index, String id, String more) {
        return "{\"clip\": {\"" + searched + "\": {\"query_document\": {\"_index\": \"" + index + "\", \"_id\": \"" + id
                + "\"" + more + "}}}}";
    }

    /** The best of two documents. */
    private void finds(String expected, String index, String query) {
        var response = search(index, query);
        assertEquals(query, 2, response.getHits().getHits().length);
        assertEquals(query, expected, ids(response).getFirst());
        assertEquals(query, 1, response.getHits().getAt(0).getScore(), 1e-4);
    }

    private void refused(String index, String query, RestStatus status, String reason) {
        Exception e = expectThrows(
                Exception.class,
                () -> client().prepareSearch(index)
                        .setQuery(QueryBuilders.wrapperQuery(query))
                        .get());
        String all = ExceptionsHelper.stackTrace(e);
        assertEquals(all, status, ExceptionsHelper.status(e));
        assertTrue(all, all.contains(reason));
    }

    public void testNamesWithUpperCaseAndObjects() {
        create("cased", """
                {"properties": {"imageVector": VECTOR, "media": {"properties": {"theVector": VECTOR, "plain": VECTOR}}}}""");
        index("cased", "a", RefreshPolicy.NONE, """
                {"imageVector": [1, 0, 0], "media": {"theVector": [0, 0, 1], "plain": [0, 1, 0]}}""");
        index("cased", "b", RefreshPolicy.IMMEDIATE, """
                {"imageVector": [0, 1, 0], "media.theVector": [1, 0, 0], "media": {"plain": [1, 0, 0]}}""");
        for (String field : List.of("imageVector", "media.theVector", "media.plain")) {
            finds("a", "cased", byDocument(field, "cased", "a", ""));
            finds("b", "cased", byDocument(field, "cased", "b", ""));
        }
        finds("b", "cased", byDocument("imageVector", "cased", "a", ", \"field\": \"media.plain\""));
        index("cased", "c", RefreshPolicy.NONE, "{\"imageVector\": [0, 3, 0]}");
        refused(
                "cased",
                byDocument("imageVector", "cased", "c", ""),
                RestStatus.BAD_REQUEST,
                "document [c] of index [cased] has no vector in field [imageVector] that could be read before the next"
                        + " refresh");
    }

    public void testAnAliasOfTheMappingAndASourceWithoutVectors() {
        create("aliased", """
                {"_source": {"excludes": ["v"]}, "properties": {"v": VECTOR, "also": {"type": "alias", "path": "v"}}}""");
        index("aliased", "a", RefreshPolicy.NONE, "{\"v\": [1, 0, 0]}");
        index("aliased", "b", RefreshPolicy.IMMEDIATE, "{\"v\": [0, 1, 0]}");
        finds("b", "aliased", byDocument("v", "aliased", "b", ""));
        finds("b", "aliased", byDocument("v", "aliased", "b", ", \"field\": \"also\""));
    }

    public void testAVectorThatTheUserMayNotSeeIsNotReadFromTheIndex() {
        create("masked", "{\"_source\": {\"excludes\": [\"v\"]}, \"properties\": {\"v\": VECTOR}}");
        index("masked", "a", RefreshPolicy.IMMEDIATE, "{\"v\": [1, 0, 0]}");
        refused(
                "masked",
                byDocument("v", "masked", "a", ""),
                RestStatus.BAD_REQUEST,
                "document [a] of index [masked] has no vector in field [v]");
    }

    public void testTheVectorsOfANestedFieldAreTheirMean() {
        create("nested", """
                {"properties": {"v": VECTOR, "images": {"type": "nested", "properties": {"vector": VECTOR, "theVector": VECTOR}}}}""");
        index("nested", "a", RefreshPolicy.NONE, """
                {"v": [1, 1, 0], "images": [{"vector": [1, 0, 0], "theVector": [1, 0, 0]}, {"vector": [0, 5, 0], "theVector": [1, 0, 0]}]}""");
        index("nested", "b", RefreshPolicy.IMMEDIATE, """
                {"v": [0, 0, 1], "images": {"vector": [0, 0, 2], "theVector": [0, 0, 2]}}""");
        finds("a", "nested", byDocument("v", "nested", "a", ", \"field\": \"images.vector\""));
        finds("b", "nested", byDocument("v", "nested", "b", ", \"field\": \"images.vector\""));
        refused(
                "nested",
                byDocument("v", "nested", "a", ", \"field\": \"images.theVector\""),
                RestStatus.BAD_REQUEST,
                "k-NN's derived source does not give back the vectors in field [images.theVector]");
        refused(
                "nested",
                byDocument("v", "nested", "b", ", \"field\": \"images.theVector\""),
                RestStatus.BAD_REQUEST,
                "field [images.theVector] is inside a nested object in index [nested]");
    }
}
