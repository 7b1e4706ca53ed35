// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.action.search.SearchRequestBuilder;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.index.query.TermQueryBuilder;
import org.opensearch.search.aggregations.bucket.filter.Filter;
import org.opensearch.search.builder.SearchSourceBuilder;

/** The query inside everything that takes a query, and with everything that k-NN takes, on a real k-NN. */
public class QueryShapesIT extends ClipSingleNodeTestCase {
    private static final List<String> THINGS =
            List.of("red apple", "shark", "guitar", "pancakes", "butterfly", "green apple");

    @Override
    public void setUp() throws Exception {
        super.setUp();
        loadModel();
        client().admin()
                .indices()
                .prepareCreate("things")
                .setSettings(Settings.builder()
                        .put("index.knn", true)
                        .put("index.clip.model_id", MODEL)
                        .put("index.number_of_shards", 1)
                        .put("index.number_of_replicas", 0))
                .setMapping("""
                        {"properties": {
                          "v": %1$s,
                          "small": {"type": "knn_vector", "dimension": 64, "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}},
                          "group": {"type": "keyword"},
                          "parts": {"type": "nested", "properties": {"v": %1$s, "title": {"type": "keyword"}}}}}""".formatted("""
                          {"type": "knn_vector", "dimension": 256, "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}}"""))
                .get();
        List<String> documents = new ArrayList<>();
        for (int i = 0; i < THINGS.size(); i++) {
            String own = vector(THINGS.get(i));
            documents.add("""
                    {"v": %s, "small": %s, "group": "%s", "parts": [{"title": "own", "v": %s}, {"title": "pizza", "v": %s}]}""".formatted(
                            own,
                            own.replaceAll("^((?:[^,]*,){63}[^,]*),.*$", "$1]"),
                            i % 2 == 0 ? "even" : "odd",
                            own,
                            vector("pizza")));
        }
        assertNoFailures(bulk("things", "_none", documents));
    }

    private String vector(String text) {
        StringBuilder json = new StringBuilder("[");
        for (float value : embed(new Source.Text(text))) {
            json.append(json.length() == 1 ? "" : ",").append(value);
        }
        return json.append("]").toString();
    }

    private static String clip(String field, String text, String more) {
        return "{\"clip\": {\"" + field + "\": {\"query_text\": \"" + text + "\"" + more + "}}}";
    }

    private SearchRequestBuilder search(String body) {
        try (XContentParser parser = createParser(JsonXContent.jsonXContent, body)) {
            return client().prepareSearch("things").setSource(SearchSourceBuilder.fromXContent(parser));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    protected NamedXContentRegistry xContentRegistry() {
        return getInstanceFromNode(NamedXContentRegistry.class);
    }

    private List<String> hits(String query) {
        return ids(search("{\"query\": " + query + "}").get());
    }

    public void testWhatGoesToKnn() {
        assertEquals(List.of("1"), hits(clip("v", "shark", ", \"k\": 1, \"method_parameters\": {\"ef_search\": 50}")));
        assertEquals(List.of("1"), hits(clip("v", "shark", ", \"k\": 1, \"rescore\": {\"oversample_factor\": 2.0}")));
        assertEquals(List.of("1"), hits(clip("v", "shark", ", \"k\": 1, \"rescore\": false, \"timeout\": \"1m\"")));
        assertEquals(List.of("1"), hits(clip("v", "shark", ", \"min_score\": 0.99")));
        assertEquals(List.of("1"), hits(clip("v", "shark", ", \"max_distance\": 0.01")));
        assertEquals("1", hits(clip("small", "shark", ", \"dimensions\": 64")).getFirst());
        assertEquals(
                List.of("2"), hits(clip("v", "shark", ", \"k\": 1, \"filter\": {\"ids\": {\"values\": [\"2\"]}}")));
    }

    public void testFiltersFromOutsideGoInsideTheVectorSearch() {
        var source = search("{\"query\": " + clip("v", "shark", ", \"k\": 2") + "}")
                .request()
                .source();
        source.query(source.query().filter(new TermQueryBuilder("group", "even")));
        SearchResponse response =
                client().prepareSearch("things").setSource(source).get();
        assertEquals(
                "a filter after it would leave one of two", 2, ids(response).size());
        assertFalse(ids(response).contains("1"));
    }

    public void testNested() {
        String inside = clip("parts.v", "pizza", ", \"k\": 20, \"expand_nested_docs\": %s");
        String nested =
                "{\"nested\": {\"path\": \"parts\", \"score_mode\": \"max\", \"query\": %s, \"inner_hits\": {}}}";
        SearchResponse response = search("{\"query\": " + nested.formatted(inside.formatted(true)) + "}")
                .get();
        assertEquals(6, response.getHits().getHits().length);
        assertEquals(
                "all parts of each",
                2,
                response.getHits()
                        .getAt(0)
                        .getInnerHits()
                        .get("parts")
                        .getTotalHits()
                        .value());
        response = search("{\"query\": " + nested.formatted(inside.formatted(false)) + "}")
                .get();
        var part = response.getHits().getAt(0).getInnerHits().get("parts");
        assertEquals("the best part of each", 1, part.getTotalHits().value());
        assertEquals("pizza", part.getAt(0).getSourceAsMap().get("title"));
        assertEquals(
                "1",
                hits(nested.formatted(clip("parts.v", "shark", ", \"k\": 20"))).getFirst());
    }

    public void testCompoundQueries() {
        String shark = clip("v", "shark", ", \"k\": 1");
        String guitar = clip("v", "guitar", ", \"k\": 1, \"boost\": 2");
        assertEquals(List.of("2", "1"), hits("{\"dis_max\": {\"queries\": [" + shark + ", " + guitar + "]}}"));
        assertEquals(List.of("1"), hits("{\"constant_score\": {\"filter\": " + shark + "}}"));
        assertEquals(
                List.of("1"),
                hits("{\"boosting\": {\"positive\": " + shark + ", \"negative\": " + guitar
                        + ", \"negative_boost\": 0.5}}"));
        assertEquals(List.of("1"), hits("""
                {"function_score": {"query": %s, "functions": [{"filter": %s, "weight": 2}], "boost_mode": "replace"}}""".formatted(shark, guitar)));
        assertEquals(List.of("1"), hits("{\"bool\": {\"filter\": [" + shark + "], \"must_not\": [" + guitar + "]}}"));
        assertEquals(
                List.of("1"),
                hits("{\"script_score\": {\"query\": " + shark + ", \"script\": {\"source\": \"_score * 2\"}}}"));
    }

    public void testAroundTheQuery() {
        SearchResponse response = search("""
                {"query": %s, "collapse": {"field": "group"}, "profile": true,
                 "aggs": {"sharks": {"filter": %s}, "groups": {"terms": {"field": "group"}}},
                 "post_filter": {"bool": {"must_not": %s}}}""".formatted(
                        clip("v", "guitar", ""), clip("v", "shark", ", \"k\": 1"), clip("v", "pancakes", ", \"k\": 1")))
                .get();
        assertEquals("one of each group", 2, response.getHits().getHits().length);
        assertEquals("2", response.getHits().getAt(0).getId());
        assertEquals(1, ((Filter) response.getAggregations().get("sharks")).getDocCount());
        assertFalse(response.getProfileResults().isEmpty());
        response = search("""
                {"query": {"match_all": {}}, "rescore": {"window_size": 10,
                  "query": {"rescore_query": %s, "query_weight": 0.0}}}""".formatted(clip("v", "shark", ""))).get();
        assertEquals("1", response.getHits().getAt(0).getId());
    }

    public void testOneSearchAsksTheModelOnce() {
        String shark = clip("v", "a shark that nobody asked for yet", "");
        long before = runs();
        search("{\"query\": {\"bool\": {\"should\": [" + shark + ", " + shark + "]}}, \"aggs\": {\"a\": {\"filter\": "
                        + shark + "}}}")
                .get();
        assertEquals(1, runs() - before);
        search("{\"query\": " + shark + "}").get();
        assertEquals(1, runs() - before);
    }

    private long runs() {
        var stats = getInstanceFromNode(ClipStats.class).snapshot();
        var model = (Map<?, ?>) ((Map<?, ?>) stats.get("models")).get(MODEL);
        return (Long) model.get("runs");
    }
}
