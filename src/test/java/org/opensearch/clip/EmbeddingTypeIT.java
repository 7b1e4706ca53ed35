// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.List;
import java.util.Map;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.search.DeleteSearchPipelineRequest;
import org.opensearch.action.search.PutSearchPipelineRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.settings.Settings;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.search.builder.SearchSourceBuilder;

/** Vectors in k-NN's bytes and bits, written, searched, and read back by whatever reads vectors back. */
public class EmbeddingTypeIT extends ClipSingleNodeTestCase {
    private static final List<String> THINGS = List.of("apple", "shark", "guitar", "pancakes", "apple");
    private static final String PIPELINE = """
            {"clip_embedding": {"model_id": "demo", "skip_existing": true, "embedding_type": "byte", "field_map": {
              "small.bytes": {"text": "title"}, "floats": {"text": "title", "embedding_type": "float"},
              "bits": {"text": "title", "embedding_type": "binary"}, "theBits": {"text": "title", "embedding_type": "binary"},
              "images.bits": {"image": "pictures", "multi_value": "nested", "embedding_type": "binary"}}}}""";

    private static String vector(String type, String space) {
        return "{\"type\": \"knn_vector\", \"dimension\": 256, \"data_type\": \"" + type
                + "\", \"method\": {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"" + space + "\"}}";
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        loadModel();
        String bits = vector("binary", "hamming");
        client().admin()
                .indices()
                .prepareCreate("things")
                .setSettings(Settings.builder()
                        .put("index.knn", true)
                        .put("index.number_of_shards", 1)
                        .put("index.number_of_replicas", 0))
                .setMapping("{\"properties\": {\"_clip\": {\"type\": \"object\", \"enabled\": false}, \"floats\": "
                        + vector("float", "cosinesimil") + ", \"small\": {\"properties\": {\"bytes\": "
                        + vector("byte", "cosinesimil") + "}}, \"bits\": " + bits + ", \"theBits\": " + bits
                        + ", \"images\": {\"type\": \"nested\", \"properties\": {\"bits\": " + bits + "}}}}")
                .get();
        putPipeline("clip", PIPELINE);
        assertNoFailures(bulk(
                "things",
                "clip",
                THINGS.stream()
                        .map(thing -> "{\"title\": \"" + thing + "\", \"pictures\": [\"" + tinyPicture(thing.length())
                                + "\"]}")
                        .toList()));
    }

    @Override
    public void tearDown() throws Exception {
        client().admin()
                .cluster()
                .deleteSearchPipeline(new DeleteSearchPipelineRequest("*"))
                .actionGet();
        super.tearDown();
    }

    private static String clip(String field, String parameters) {
        return "{\"clip\": {\"" + field + "\": {\"model_id\": \"demo\", " + parameters + "}}}";
    }

    private static float[] floats(Object values) {
        List<?> list = (List<?>) values;
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = ((Number) list.get(i)).floatValue();
        }
        return floats;
    }

    private SearchResponse found(String query) {
        try {
            return search("things", query);
        } catch (RuntimeException e) {
            throw new AssertionError(query, e);
        }
    }

    private void refused(String query, String reason) {
        Exception e = expectThrows(Exception.class, () -> search("things", query));
        String all = ExceptionsHelper.stackTrace(e);
        assertEquals(all, RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        assertTrue(all, all.contains(reason));
    }

    public void testFieldsHaveWhatTheirTypeMakesOfTheVector() {
        Map<String, Object> source = client().prepareGet("things", "1").get().getSourceAsMap();
        float[] vector = floats(source.get("floats"));
        float[] bytes = floats(((Map<?, ?>) source.get("small")).get("bytes"));
        assertEquals(1, Vectors.dot(vector, embed(new Source.Text("shark"))), 1e-3);
        assertArrayEquals(EmbeddingType.BYTE.encode(vector), bytes, 0);
        assertArrayEquals(EmbeddingType.BINARY.encode(vector), floats(source.get("bits")), 0);
        Object nested = ((Map<?, ?>) ((List<?>) source.get("images")).getFirst()).get("bits");
        float[] signs = Vectors.normalize(EmbeddingType.BINARY.decode(floats(nested)));
        assertTrue(Vectors.dot(signs, embed(new Source.Image(tinyPicture(5)))) > 0.7);

        Object hashes = ((Map<?, ?>) source.get("_clip")).get("inputs");
        String again = client().prepareGet("things", "1").get().getSourceAsString();
        assertNoFailures(bulk("again", "clip", List.of(again)));
        var kept = client().prepareGet("again", "0").get().getSourceAsMap();
        assertEquals(source.get("bits"), kept.get("bits"));
        assertEquals(hashes, ((Map<?, ?>) kept.get("_clip")).get("inputs"));
    }

    public void testAQueryIsOfTheTypeOfTheField() {
        for (String field : List.of("floats", "small.bytes", "bits", "theBits")) {
            for (String query : List.of(
                    "\"query_text\": \"shark\"",
                    "\"queries\": [{\"text\": \"shark\"}, {\"text\": \"guitar\", \"weight\": -0.1}]",
                    "\"query_document\": {\"_index\": \"things\", \"_id\": \"1\"}",
                    "\"query_document\": {\"_index\": \"things\", \"_id\": \"1\", \"field\": \"floats\"}",
                    "\"query_document\": {\"_index\": \"things\", \"_id\": \"1\", \"field\": \"bits\"}",
                    "\"query_document\": {\"_index\": \"things\", \"_id\": \"1\", \"field\": \"theBits\"}",
                    "\"queries\": [{\"text\": \"shark\"}, {\"document\": {\"_index\": \"things\", \"_id\": \"1\", \"field\": \"small.bytes\"}}]")) {
                var response = found(clip(field, query));
                assertEquals(field + " " + query, 5, response.getHits().getHits().length);
                assertEquals(field + " " + query, "1", ids(response).getFirst());
            }
            var exact = search("things", clip(field, "\"query_text\": \"shark\""))
                    .getHits()
                    .getAt(0);
            assertEquals(field, 1, exact.getScore(), 1e-3);
        }
        String nested = clip("images.bits", "\"query_image\": \"" + tinyPicture(8) + "\"");
        assertEquals(
                "3",
                ids(search("things", "{\"nested\": {\"path\": \"images\", \"query\": " + nested + "}}"))
                        .getFirst());
        refused(
                clip("bits", "\"query_text\": \"shark\", \"embedding_type\": \"float\""),
                "[embedding_type] is [float], [data_type] of the fields searched is not the same: [bits] of [things]: [binary]");
        refused(clip("bits", "\"query_text\": \"shark\", \"dimensions\": 64"), "leave [dimensions] out");
        refused(clip("bits", "\"query_text\": \"shark\", \"min_score\": 0.5"), "does not support radial search");
        assertEquals(
                List.of("1"),
                ids(search("things", clip("small.bytes", "\"query_text\": \"shark\", \"min_score\": 0.99"))));
    }

    public void testLookAlikesInBytesAndBitsAreSpreadOut() {
        for (String field : List.of("small.bytes", "bits", "theBits")) {
            String half =
                    "[{\"clip_diversify\": {\"vector_field\": \"" + field + "\", \"candidates\": 5, \"clusters\": 4}}]";
            String body = "{\"request_processors\": " + half + ", \"response_processors\": " + half + "}";
            client().admin()
                    .cluster()
                    .putSearchPipeline(
                            new PutSearchPipelineRequest("spread", new BytesArray(body), MediaTypeRegistry.JSON))
                    .actionGet();
            var request = client().prepareSearch("things")
                    .setSource(new SearchSourceBuilder()
                            .size(5)
                            .query(QueryBuilders.wrapperQuery(clip(field, "\"query_text\": \"apple\", \"k\": 5"))));
            request.request().pipeline("spread");
            List<String> ids = ids(request.get());
            assertEquals(field + ids, 5, ids.size());
            assertEquals("one apple first, the other after the other things", 0, Integer.parseInt(ids.getFirst()) % 4);
            assertEquals(field + ids, 0, Integer.parseInt(ids.getLast()) % 4);
        }
    }
}
