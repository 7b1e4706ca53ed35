// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.get.GetAction;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.support.WriteRequest;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.plugins.Plugin;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.transport.client.Client;

/** What the vector of a query is made of, on a real node with the bundled model. */
public class QuestionIT extends ClipSingleNodeTestCase {
    private static final List<String> THINGS =
            List.of("red apple", "shark", "guitar", "pancakes", "butterfly", "green apple");

    @Override
    protected Collection<Class<? extends Plugin>> getPlugins() {
        List<Class<? extends Plugin>> plugins = new ArrayList<>(super.getPlugins());
        plugins.add(Gatekeeper.class);
        return plugins;
    }

    @Override
    protected Settings nodeSettings() {
        return Settings.builder()
                .put(super.nodeSettings())
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .build();
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        loadModel();
        createIndex(
                "things", Settings.builder().put("index.clip.model_id", MODEL).build(), DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {\"v\": {\"text\": \"title\"}}}}");
        assertNoFailures(bulk(
                "things",
                "clip",
                THINGS.stream().map(t -> "{\"title\": \"" + t + "\"}").toList()));
    }

    private static String clip(String parameters) {
        return "{\"clip\": {\"v\": {" + parameters + "}}}";
    }

    private String first(String parameters) {
        return ids(search("things", clip(parameters))).getFirst();
    }

    private void refused(String parameters, RestStatus status, String... reasons) {
        refused(client(), parameters, status, reasons);
    }

    private void refused(Client as, String parameters, RestStatus status, String... reasons) {
        Exception e = expectThrows(
                Exception.class,
                () -> as.prepareSearch("things")
                        .setSource(new SearchSourceBuilder().query(QueryBuilders.wrapperQuery(clip(parameters))))
                        .get());
        String all = ExceptionsHelper.stackTrace(e);
        assertEquals(all, status, ExceptionsHelper.status(e));
        for (String reason : reasons) {
            assertTrue(all, all.contains(reason));
        }
    }

    public void testAnotherTextPullsAndANegativeOnePushesAway() {
        assertEquals("0", first("\"queries\": [{\"text\": \"red apple\"}]"));
        assertEquals("1", first("\"queries\": [{\"text\": \"shark\", \"weight\": 2}, {\"text\": \"guitar\"}]"));
        assertEquals("2", first("\"queries\": [{\"text\": \"shark\"}, {\"text\": \"guitar\", \"weight\": 2}]"));
        assertEquals(
                "1",
                first("\"queries\": [{\"text\": \"shark\", \"weight\": 0.6}, {\"image\": \"" + picture("1F3B8")
                        + "\", \"weight\": 0.1}]"));
        List<String> away = ids(search("things", clip("\"queries\": [{\"text\": \"shark\", \"weight\": -1}]")));
        assertEquals("the shark is last", "1", away.getLast());
    }

    public void testScoresAreThoseOfTheWeightedSum() {
        var response = search(
                "things",
                clip("\"queries\": [{\"text\": \"shark\", \"weight\": 0.7}, {\"text\": \"pancakes\", \"weight\": -0.2},"
                        + " {\"image\": \"" + picture("1F98B") + "\", \"weight\": 0.5}]"));
        List<Source> inputs =
                List.of(new Source.Text("shark"), new Source.Text("pancakes"), new Source.Image(picture("1F98B")));
        var embedded = client().execute(
                        Embed.ACTION, new Embed.Request(MODEL, inputs, Embed.Lane.SEARCH, Side.QUERY, null, null))
                .actionGet();
        double[] weights = {0.7, -0.2, 0.5};
        float[] sum = new float[DIMENSION];
        for (int part = 0; part < weights.length; part++) {
            float[] unit =
                    Vectors.normalize(((Embed.Result.Vector) embedded.results().get(part)).values());
            for (int i = 0; i < DIMENSION; i++) {
                sum[i] += (float) (weights[part] * unit[i]);
            }
        }
        float[] query = Vectors.normalize(sum);
        for (var hit : response.getHits()) {
            List<?> values = (List<?>) hit.getSourceAsMap().get("v");
            float[] document = new float[DIMENSION];
            for (int i = 0; i < DIMENSION; i++) {
                document[i] = ((Number) values.get(i)).floatValue();
            }
            assertEquals((1 + Vectors.dot(query, document)) / 2, hit.getScore(), 1e-5);
        }
    }

    public void testWeightsThatCancelAreRefused() {
        refused(
                "\"queries\": [{\"text\": \"shark\"}, {\"text\": \"shark\", \"weight\": -1}]",
                RestStatus.BAD_REQUEST,
                "[clip] query on field [v]: the weighted vectors cancel each other out");
    }

    public void testSearchesByTheVectorOfADocument() {
        var response = search("things", clip("\"query_document\": {\"_index\": \"things\", \"_id\": \"2\"}"));
        assertEquals("2", ids(response).getFirst());
        assertEquals(1, response.getHits().getAt(0).getScore(), 1e-4);
        assertEquals(
                "1",
                first("\"queries\": [{\"document\": {\"_index\": \"things\", \"_id\": \"2\"}, \"weight\": 0.2},"
                        + " {\"text\": \"shark\"}]"));
    }

    public void testADocumentNeedsNoModelAndNoRefresh() {
        createIndex("others", 3, "v", "w");
        client().index(new IndexRequest("others")
                        .id("a")
                        .source("{\"v\": [0, 0, 2], \"w\": [1, 0, 0]}", XContentType.JSON)
                        .setRefreshPolicy(WriteRequest.RefreshPolicy.IMMEDIATE))
                .actionGet();
        client().index(new IndexRequest("others")
                        .id("b")
                        .source("{\"v\": [0, 1, 0], \"w\": [0, 0, 1]}", XContentType.JSON))
                .actionGet();
        var byOther = search(
                "others", clip("\"query_document\": {\"_index\": \"others\", \"_id\": \"b\", \"field\": \"w\"}"));
        assertEquals(List.of("a"), ids(byOther));
        assertEquals(1, byOther.getHits().getAt(0).getScore(), 1e-4);
    }

    public void testADocumentOfARoutedIndex() {
        client().admin()
                .indices()
                .prepareCreate("routed")
                .setMapping(
                        "{\"_routing\": {\"required\": true}, \"properties\": {\"v\": {\"type\": \"knn_vector\","
                                + " \"dimension\": 256, \"method\": {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"cosinesimil\"}}}}")
                .setSettings(Settings.builder().put("index.knn", true))
                .get();
        client().index(new IndexRequest("routed")
                        .id("a")
                        .routing("r")
                        .source(Map.of("v", embed(new Source.Text("shark"))), XContentType.JSON))
                .actionGet();
        String document = "\"query_document\": {\"_index\": \"routed\", \"_id\": \"a\"";
        assertEquals("1", first(document + ", \"routing\": \"r\"}"));
        refused(document + "}", RestStatus.BAD_REQUEST, "[query_document]", "routing is required");
    }

    public void testADocumentThatIsNotThereOrHasNoVectorSaysWhat() {
        createIndex("small", 3, "v");
        client().index(new IndexRequest("small")
                        .id("a")
                        .source("{\"v\": [0, 0, 2], \"t\": [\"x\"]}", XContentType.JSON)
                        .setRefreshPolicy(WriteRequest.RefreshPolicy.IMMEDIATE))
                .actionGet();
        String document = "\"query_document\": {\"_index\": \"%s\", \"_id\": \"%s\", \"field\": \"%s\"}";
        refused(
                document.formatted("nowhere", "a", "v"),
                RestStatus.NOT_FOUND,
                "[clip] query on field [v]: [query_document]: no such index [nowhere]");
        refused(
                document.formatted("small", "nobody", "v"),
                RestStatus.NOT_FOUND,
                "[query_document]: document [nobody] of index [small] does not exist");
        refused(document.formatted("small", "a", "w"), RestStatus.BAD_REQUEST, "has no vector in field [w]");
        refused(document.formatted("small", "a", "t"), RestStatus.BAD_REQUEST, "in field [t] not one vector");
        // k-NN writes its numbers in the locale of the node, which tests choose at random
        refused(
                document.formatted("small", "a", "v"),
                RestStatus.BAD_REQUEST,
                String.format(Locale.getDefault(), "invalid dimension: %d. Dimension should be: %d", 3, 256));
        refused(
                "\"queries\": [{\"text\": \"shark\"}, {\"document\": {\"_index\": \"small\", \"_id\": \"a\"}}]",
                RestStatus.BAD_REQUEST,
                "[queries[0].text] has a vector of 256 dimensions, [queries[1].document] one of 3");
    }

    public void testADocumentIsReadAsTheUser() {
        Client user = client().filterWithHeader(Map.of(Gatekeeper.DENIED, GetAction.NAME));
        refused(
                user,
                "\"query_document\": {\"_index\": \"things\", \"_id\": \"2\"}",
                RestStatus.FORBIDDEN,
                "[query_document]: no permissions for [indices:data/read/get]");
        Client other = client().filterWithHeader(Map.of(Gatekeeper.DENIED, Embed.ACTION.name()));
        var response = other.prepareSearch("things")
                .setSource(
                        new SearchSourceBuilder().query(QueryBuilders.wrapperQuery(clip("\"query_text\": \"shark\""))))
                .get();
        assertEquals(
                "texts are embedded as the plugin",
                "1",
                response.getHits().getAt(0).getId());
    }

    public void testWhatAnotherUserHasAskedForIsNotTold() throws Exception {
        byte[] picture = Base64.getDecoder().decode(picture("1F988"));
        AtomicInteger fetched = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            fetched.incrementAndGet();
            exchange.sendResponseHeaders(200, picture.length);
            try (var out = exchange.getResponseBody()) {
                out.write(picture);
            }
        });
        server.start();
        try {
            String byUrl =
                    "\"query_image\": \"http://127.0.0.1:" + server.getAddress().getPort() + "/shark.png\"";
            assertEquals("1", first(byUrl));
            Client user = client().filterWithHeader(Map.of(Gatekeeper.DENIED, Embed.BY_URL.name()));
            refused(user, byUrl, RestStatus.FORBIDDEN, "no permissions for [cluster:admin/opensearch/clip/embed/url]");
            assertEquals("nothing is fetched for who may not", 1, fetched.get());
            assertEquals("1", first(byUrl));
        } finally {
            server.stop(0);
        }
    }
}
