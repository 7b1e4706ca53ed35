// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.search.CreatePitAction;
import org.opensearch.action.search.CreatePitRequest;
import org.opensearch.action.search.DeleteSearchPipelineRequest;
import org.opensearch.action.search.PutSearchPipelineRequest;
import org.opensearch.action.search.SearchRequestBuilder;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.index.query.AbstractQueryBuilder;
import org.opensearch.index.query.InnerHitBuilder;
import org.opensearch.index.query.QueryBuilder;
import org.opensearch.search.SearchHit;
import org.opensearch.search.aggregations.AggregationBuilders;
import org.opensearch.search.builder.PointInTimeBuilder;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.search.collapse.CollapseBuilder;
import org.opensearch.search.fetch.subphase.FetchSourceContext;

/** Look-alikes spread out over the first page: real pictures and their near-duplicates, in a field with upper case in its name. */
public class DiversifyIT extends ClipSingleNodeTestCase {
    private static final List<String> THINGS = List.of("1F34E", "1F988", "1F3B8", "1F95E", "1F98B");

    private void indexPictures() {
        loadModel();
        createIndex(
                "pictures", Settings.builder().put("index.clip.model_id", MODEL).build(), DIMENSION, "imageVector");
        putPipeline("clip", """
                {"clip_embedding": {"model_id": "demo", "remove_source_image": true,
                  "field_map": {"imageVector": {"image": "picture"}}}}""");
        List<String> documents = new ArrayList<>();
        for (String thing : THINGS) {
            for (String picture : nearDuplicates(thing)) {
                documents.add("{\"thing\": \"" + thing + "\", \"rank\": " + documents.size() + ", \"picture\": \""
                        + picture + "\"}");
            }
        }
        assertNoFailures(bulk("pictures", "clip", documents));
        put("kmeans", "imageVector", "");
    }

    @Override
    public void tearDown() throws Exception {
        client().admin()
                .cluster()
                .deleteSearchPipeline(new DeleteSearchPipelineRequest("*"))
                .actionGet();
        super.tearDown();
    }

    private void put(String id, String field, String more) {
        String half = "[{\"clip_diversify\": {\"vector_field\": \"" + field + "\", \"candidates\": 20" + more + "}}]";
        String body = "{\"request_processors\": " + half + ", \"response_processors\": " + half + "}";
        client().admin()
                .cluster()
                .putSearchPipeline(new PutSearchPipelineRequest(id, new BytesArray(body), MediaTypeRegistry.JSON))
                .actionGet();
    }

    /** The picture, and it darker, in fewer colours, and without its margin. */
    private static List<String> nearDuplicates(String thing) {
        try {
            BufferedImage original =
                    ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(picture(thing))));
            int w = original.getWidth();
            int h = original.getHeight();
            BufferedImage coarser = new BufferedImage(w, h, BufferedImage.TYPE_INT_ARGB);
            BufferedImage darker = new BufferedImage(w, h, BufferedImage.TYPE_INT_ARGB);
            for (int y = 0; y < h; y++) {
                for (int x = 0; x < w; x++) {
                    int pixel = original.getRGB(x, y);
                    coarser.setRGB(x, y, pixel & 0xfff8f8f8);
                    darker.setRGB(x, y, pixel & 0xff000000 | (pixel & 0xfefefe) / 16 * 15 & 0xffffff);
                }
            }
            BufferedImage cropped = original.getSubimage(1, 1, w - 2, h - 2);
            List<String> all = new ArrayList<>();
            for (BufferedImage image : List.of(original, coarser, darker, cropped)) {
                var out = new ByteArrayOutputStream();
                ImageIO.write(image, "png", out);
                all.add(Base64.getEncoder().encodeToString(out.toByteArray()));
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private SearchRequestBuilder apples(String pipeline, int from, int size) {
        return search(
                pipeline,
                "pictures",
                new SearchSourceBuilder()
                        .query(parse("{\"clip\": {\"imageVector\": {\"query_image\": \"" + picture("1F34E") + "\"}}}"))
                        .from(from)
                        .size(size));
    }

    private SearchRequestBuilder search(String pipeline, String index, SearchSourceBuilder source) {
        var search = client().prepareSearch(index == null ? new String[0] : new String[] {index});
        search.request().source(source).pipeline(pipeline);
        return search;
    }

    private QueryBuilder parse(String query) {
        try (XContentParser parser = createParser(JsonXContent.jsonXContent, query)) {
            return AbstractQueryBuilder.parseInnerQueryBuilder(parser);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String thing(SearchHit hit) {
        return THINGS.get(Integer.parseInt(hit.getId()) / 4);
    }

    private static Set<String> things(SearchResponse response) {
        Set<String> things = new HashSet<>();
        response.getHits().forEach(hit -> things.add(thing(hit)));
        return things;
    }

    public void testNearDuplicatesAreSpreadOut() {
        indexPictures();
        assertEquals(
                "the same thing four times",
                Set.of("1F34E"),
                things(apples(null, 0, 4).get()));
        SearchResponse spread = apples("kmeans", 0, 5).get();
        assertEquals("one picture of each", Set.copyOf(THINGS), things(spread));
        assertEquals("the best stays first", "0", spread.getHits().getAt(0).getId());
        assertEquals(Set.copyOf(THINGS), things(apples("kmeans", 5, 5).get()));
        assertEquals(
                "the same for everybody",
                ids(spread),
                ids(apples("kmeans", 0, 5).get()));
        put("mmr", "imageVector", ", \"technique\": \"mmr\", \"diversity\": 0.9");
        assertEquals(Set.copyOf(THINGS), things(apples("mmr", 0, 5).get()));
    }

    public void testNoTraceOfTheVectorIsLeft() {
        indexPictures();
        SearchHit hit = apples("kmeans", 0, 1).get().getHits().getAt(0);
        assertEquals(Map.of(), hit.getFields());
        var request = apples("kmeans", 0, 2);
        request.request().source().fetchSource(false);
        assertFalse(request.get().getHits().getAt(1).hasSource());
        request.request().source().fetchSource(new FetchSourceContext(true, new String[] {"thing"}, null));
        assertEquals(Map.of("thing", "1F34E"), request.get().getHits().getAt(0).getSourceAsMap());
        request.request().source().fetchSource(new FetchSourceContext(true, null, new String[] {"image*", "rank"}));
        assertEquals(
                Set.of("thing"),
                request.get().getHits().getAt(0).getSourceAsMap().keySet());
        request.request()
                .source()
                .collapse(new CollapseBuilder("thing.keyword").setInnerHits(new InnerHitBuilder("others").setSize(2)));
        SearchResponse collapsed = request.get();
        assertEquals(2, things(collapsed).size());
        for (SearchHit other : collapsed.getHits().getAt(0).getInnerHits().get("others")) {
            assertEquals(Map.of(), other.getFields());
        }
    }

    public void testAnyQueryAndAggregationsStay() {
        indexPictures();
        var search = search(
                "kmeans",
                "pictures",
                new SearchSourceBuilder()
                        .query(parse("""
                                {"function_score": {"query": {"match_all": {}},
                                  "script_score": {"script": "20 - doc['rank'].value"}}}"""))
                        .size(5)
                        .aggregation(AggregationBuilders.terms("things").field("thing.keyword")));
        SearchResponse response = search.get();
        assertEquals(Set.copyOf(THINGS), things(response));
        assertEquals(20, response.getHits().getTotalHits().value());
        assertNotNull(response.getAggregations().get("things"));
    }

    public void testAPointInTimeNeedsTheVectorInTheSource() {
        createIndex("lower", Settings.EMPTY, 3, "v");
        put("lower", "v", ", \"clusters\": 2");
        assertNoFailures(bulk(
                "lower", "_none", List.of("{\"v\": [1, 0, 0]}", "{\"v\": [1, 0.01, 0]}", "{\"v\": [0.6, 0.8, 0]}")));
        var pit = client().execute(
                        CreatePitAction.INSTANCE, new CreatePitRequest(TimeValue.timeValueMinutes(1), true, "lower"))
                .actionGet();
        SearchResponse response = search(
                        "lower",
                        null,
                        new SearchSourceBuilder()
                                .query(parse("{\"knn\": {\"v\": {\"vector\": [1, 0, 0], \"k\": 1}}}"))
                                .fetchSource(false)
                                .pointInTimeBuilder(new PointInTimeBuilder(pit.getId())))
                .get();
        assertEquals(List.of("0", "2", "1"), ids(response));
        assertFalse(response.getHits().getAt(0).hasSource());
    }

    public void testWhatIsNoVectorOfTheHitIsRefused() {
        client().admin()
                .indices()
                .prepareCreate("nested")
                .setSettings(Settings.builder().put("index.knn", true).put("index.number_of_shards", 1))
                .setMapping(
                        "{\"properties\": {\"items\": {\"type\": \"nested\", \"properties\": {\"v\": {\"type\": \"knn_vector\","
                                + " \"dimension\": 3, \"method\": {\"name\": \"hnsw\", \"engine\": \"lucene\"}}}}}}")
                .get();
        assertNoFailures(bulk("nested", "_none", List.of("{\"items\": [{\"v\": [1, 0, 0]}, {\"v\": [0, 1, 0]}]}")));
        put("nested", "items.v", "");
        Exception e = expectThrows(
                Exception.class,
                () -> search("nested", "nested", new SearchSourceBuilder()).get());
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        String all = ExceptionsHelper.stackTrace(e);
        assertTrue(all, all.contains("[items.v] is inside a nested object in index [nested]"));
    }

    public void testOnlyThePluginAsksForVectors() {
        Exception e = expectThrows(
                Exception.class,
                () -> SearchSourceBuilder.fromXContent(createParser(
                        JsonXContent.jsonXContent, "{\"ext\": {\"clip_vector\": {\"field\": \"imageVector\"}}}")));
        assertTrue(e.getMessage(), ExceptionsHelper.stackTrace(e).contains("[clip_vector] is not for requests"));
    }

    @Override
    protected NamedXContentRegistry xContentRegistry() {
        return getInstanceFromNode(NamedXContentRegistry.class);
    }
}
