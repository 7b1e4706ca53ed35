// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.ArrayList;
import java.util.List;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.admin.indices.alias.IndicesAliasesRequest;
import org.opensearch.action.admin.indices.alias.IndicesAliasesRequest.AliasActions;
import org.opensearch.action.admin.indices.validate.query.ValidateQueryResponse;
import org.opensearch.action.explain.ExplainResponse;
import org.opensearch.action.search.CreatePitAction;
import org.opensearch.action.search.CreatePitRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.search.builder.PointInTimeBuilder;
import org.opensearch.search.builder.SearchSourceBuilder;

/** The query on a real node with the bundled model. */
public class QueryIT extends ClipSingleNodeTestCase {
    private static final List<String> THINGS =
            List.of("red apple", "shark", "guitar", "pancakes", "butterfly", "clapper board");
    private static final List<String> PICTURES = List.of("1F34E", "1F988", "1F3B8", "1F95E", "1F98B", "1F3AC");

    @Override
    public void setUp() throws Exception {
        super.setUp();
        loadModel();
        createIndex(
                "pictures",
                Settings.builder().put("index.clip.model_id", MODEL).build(),
                DIMENSION,
                "image_vector",
                "both");
        putPipeline("clip", """
                {"clip_embedding": {"model_id": "demo", "remove_source_image": true, "field_map": {
                  "image_vector": {"image": "picture"}, "both": {"text": "title", "image": "picture"}}}}""");
        List<String> documents = new ArrayList<>();
        for (int i = 0; i < THINGS.size(); i++) {
            documents.add("{\"title\": \"" + THINGS.get(i) + "\", \"even\": " + (i % 2 == 0) + ", \"picture\": \""
                    + picture(PICTURES.get(i)) + "\"}");
        }
        assertNoFailures(bulk("pictures", "clip", documents));
    }

    private static String clip(String parameters) {
        return clip("image_vector", parameters);
    }

    private static String clip(String field, String parameters) {
        return "{\"clip\": {\"" + field + "\": {" + parameters + "}}}";
    }

    private String first(String query) {
        return ids(search("pictures", query)).getFirst();
    }

    private Exception refused(String index, String query, RestStatus status, String... reasons) {
        Exception e = expectThrows(Exception.class, () -> search(index, query));
        assertEquals(ExceptionsHelper.stackTrace(e), status, ExceptionsHelper.status(e));
        String message = ExceptionsHelper.detailedMessage(e);
        for (String reason : reasons) {
            assertTrue(message, message.contains(reason));
        }
        return e;
    }

    public void testFindsPicturesByTextByPictureAndByBoth() {
        for (int i = 0; i < THINGS.size(); i++) {
            String id = Integer.toString(i);
            assertEquals(id, first(clip("\"query_text\": \"" + THINGS.get(i) + "\"")));
            assertEquals(id, first(clip("\"query_image\": \"" + picture(PICTURES.get(i)) + "\"")));
            assertEquals(
                    id,
                    first(clip(
                            "both",
                            "\"query_text\": \"" + THINGS.get(i) + "\", \"query_image\": \"" + picture(PICTURES.get(i))
                                    + "\"")));
        }
    }

    public void testScoresAreThoseOfTheVector() {
        SearchResponse response = search("pictures", clip("\"query_text\": \"shark\""));
        float[] text = embed(new Source.Text("shark"));
        float[] image = embed(new Source.Image(picture("1F988")));
        float cosine = 0;
        for (int i = 0; i < DIMENSION; i++) {
            cosine += text[i] * image[i];
        }
        assertEquals((1 + cosine) / 2, response.getHits().getAt(0).getScore(), 1e-3);
    }

    public void testWeightsMoveTheHits() {
        String both = "\"query_text\": \"shark\", \"query_image\": \"" + picture("1F3B8") + "\", \"weights\": ";
        assertEquals("1", first(clip(both + "{\"text\": 1, \"image\": 0}")));
        assertEquals("2", first(clip(both + "{\"text\": 0, \"image\": 1}")));
        assertNotEquals("2", first(clip(both + "{\"text\": 0.5, \"image\": -1}")));
    }

    public void testKFilterAndMinScoreBoundTheHits() {
        assertEquals(
                6, ids(search("pictures", clip("\"query_text\": \"shark\""))).size());
        assertEquals(List.of("1"), ids(search("pictures", clip("\"query_text\": \"shark\", \"k\": 1"))));
        List<String> odd = ids(search(
                "pictures", clip("\"query_text\": \"guitar\", \"k\": 3, \"filter\": {\"term\": {\"even\": false}}")));
        assertEquals(3, odd.size());
        assertFalse("the filter is inside the vector search", odd.contains("2"));
        float score = search("pictures", clip("\"query_image\": \"" + picture("1F3B8") + "\""))
                .getHits()
                .getAt(0)
                .getScore();
        assertEquals(
                List.of("2"),
                ids(search(
                        "pictures",
                        clip("\"query_image\": \"" + picture("1F3B8") + "\", \"min_score\": " + (score - 0.01f)))));
    }

    public void testNestsInOtherQueriesAndKeepsBoostAndName() {
        SearchResponse response = search("pictures", """
                {"bool": {"must": [%s], "should": [%s], "filter": [{"term": {"even": false}}]}}""".formatted(
                        clip("\"query_text\": \"shark\", \"_name\": \"by text\""),
                        clip("\"query_image\": \"" + picture("1F988") + "\", \"boost\": 3")));
        assertEquals("1", response.getHits().getAt(0).getId());
        assertArrayEquals(new String[] {"by text"}, response.getHits().getAt(0).getMatchedQueries());
        assertTrue(response.getHits().getAt(0).getScore() > 3);
        assertEquals(
                "1", first("{\"constant_score\": {\"filter\": " + clip("\"query_text\": \"shark\", \"k\": 1") + "}}"));
        assertEquals(
                "1",
                first("{\"function_score\": {\"query\": " + clip("\"query_text\": \"shark\"")
                        + ", \"functions\": []}}"));
    }

    public void testExplainsAndProfiles() {
        ExplainResponse explained = client().prepareExplain("pictures", "1")
                .setQuery(QueryBuilders.wrapperQuery(clip("\"query_text\": \"shark\"")))
                .get();
        assertTrue(explained.isMatch());
        SearchResponse profiled = client().prepareSearch("pictures")
                .setProfile(true)
                .setQuery(QueryBuilders.wrapperQuery(clip("\"query_text\": \"shark\"")))
                .get();
        assertFalse(profiled.getProfileResults().isEmpty());
    }

    public void testValidates() {
        ValidateQueryResponse good = validate(clip("\"query_text\": \"shark\""));
        assertTrue(good.toString(), good.isValid());
        ValidateQueryResponse bad = validate(clip("\"query_text\": \"shark\", \"dimensions\": 64"));
        assertFalse(bad.isValid());
        assertTrue(
                bad.getQueryExplanation().toString(),
                bad.getQueryExplanation().getFirst().getError().contains("dimension"));
    }

    private ValidateQueryResponse validate(String query) {
        return client().admin()
                .indices()
                .prepareValidateQuery("pictures")
                .setQuery(QueryBuilders.wrapperQuery(query))
                .setExplain(true)
                .get();
    }

    public void testTheModelComesFromTheIndexThroughAliasPatternAndPointInTime() {
        client().admin()
                .indices()
                .aliases(new IndicesAliasesRequest()
                        .addAliasAction(AliasActions.add().index("pictures").alias("things")))
                .actionGet();
        for (String name : List.of("pictures", "things", "pic*", "_all")) {
            assertEquals(
                    "1", ids(search(name, clip("\"query_text\": \"shark\""))).getFirst());
        }
        var pit = client().execute(
                        CreatePitAction.INSTANCE, new CreatePitRequest(TimeValue.timeValueMinutes(1), true, "pictures"))
                .actionGet();
        SearchResponse response = client().prepareSearch()
                .setSource(new SearchSourceBuilder()
                        .query(QueryBuilders.wrapperQuery(clip("\"query_text\": \"shark\"")))
                        .pointInTimeBuilder(new PointInTimeBuilder(pit.getId())))
                .get();
        assertEquals("1", response.getHits().getAt(0).getId());
    }

    public void testIsNoAliasFilter() {
        Exception e = expectThrows(
                IllegalArgumentException.class,
                () -> client().admin()
                        .indices()
                        .aliases(new IndicesAliasesRequest()
                                .addAliasAction(AliasActions.add()
                                        .index("pictures")
                                        .alias("sharks")
                                        .filter(clip("\"query_text\": \"shark\", \"model_id\": \"demo\""))))
                        .actionGet());
        String message = ExceptionsHelper.detailedMessage(e);
        assertTrue(message, message.contains("[image_vector] cannot be used in an alias filter"));
    }

    public void testIndicesThatNameNoModelOrDifferentOnesAreRefused() {
        createIndex("unnamed", DIMENSION, "image_vector");
        createIndex(
                "other", Settings.builder().put("index.clip.model_id", "other").build(), DIMENSION, "image_vector");
        refused(
                "unnamed",
                clip("\"query_text\": \"shark\""),
                RestStatus.BAD_REQUEST,
                "[model_id]",
                "index.clip.model_id");
        refused("pictures,other", clip("\"query_text\": \"shark\""), RestStatus.BAD_REQUEST, "[pictures]", "[other]");
        refused("other", clip("\"query_text\": \"shark\""), RestStatus.NOT_FOUND, "[other]", "not declared");
        assertEquals(
                "1",
                ids(search("pictures,unnamed,other", clip("\"query_text\": \"shark\", \"model_id\": \"demo\"")))
                        .getFirst());
    }

    public void testRefusesByFieldAndReason() {
        refused(
                "pictures",
                clip("\"query_text\": \"shark\", \"model_id\": \"nobody\""),
                RestStatus.NOT_FOUND,
                "[image_vector]",
                "[nobody]");
        refused(
                "pictures",
                clip("\"query_text\": \"shark\", \"dimensions\": 64"),
                RestStatus.BAD_REQUEST,
                "[image_vector]",
                "[256]",
                "[64]");
        refused(
                "pictures",
                clip("\"query_image\": \"bm90IGEgcGljdHVyZQ==\""),
                RestStatus.BAD_REQUEST,
                "[image_vector]",
                "[query_image]");
        refused(
                "pictures",
                clip("title", "\"query_text\": \"shark\""),
                RestStatus.BAD_REQUEST,
                "[title]",
                "knn_vector");
        refused("pictures", clip("nothing", "\"query_text\": \"shark\""), RestStatus.BAD_REQUEST, "[nothing]");
        refused("pictures", clip("\"query_text\": \"shark\", \"kk\": 3"), RestStatus.BAD_REQUEST, "[kk]");
        assertEquals(
                List.of(),
                ids(search(
                        "pictures",
                        clip(
                                "nothing",
                                "\"query_text\": \"shark\", \"model_id\": \"demo\", \"ignore_unmapped\": true"))));
    }
}
