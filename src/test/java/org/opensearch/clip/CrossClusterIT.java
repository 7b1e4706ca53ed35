// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.search.PutSearchPipelineRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.action.support.WriteRequest;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.env.Environment;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.test.AbstractMultiClustersTestCase;

/**
 * A search of two clusters: only the one that is asked has this plugin and the model, the other has k-NN alone. The index has one name in
 * both, because k-NN looks mappings up through a static field, which the clusters of one JVM share.
 */
public class CrossClusterIT extends AbstractMultiClustersTestCase {
    private static final String FAR = "far";
    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);

    @Override
    protected Collection<String> remoteClusterAlias() {
        return List.of(FAR);
    }

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins(String cluster) {
        return cluster.equals(LOCAL_CLUSTER)
                ? List.of(UntrainedKnnPlugin.class, PainlessModulePlugin.class, ClipPlugin.class)
                : List.of(UntrainedKnnPlugin.class, PainlessModulePlugin.class);
    }

    private void loadModel() throws IOException {
        Set<Path> configs = new HashSet<>();
        cluster(LOCAL_CLUSTER).getInstances(Environment.class).forEach(node -> configs.add(node.configDir()));
        for (Path config : configs) {
            ClipSingleNodeTestCase.copy(Path.of("config"), config.resolve("opensearch-clip"));
        }
        Map<String, Object> body = Map.of("source", Map.of("catalog", "opensearch-clip-demo-v1"));
        client().execute(PutModel.ACTION, new PutModel.Request("demo", body, true, LONG, false))
                .actionGet(LONG);
    }

    private void index(String cluster, String... titles) {
        client(cluster)
                .admin()
                .indices()
                .prepareCreate("things")
                .setSettings(Settings.builder().put("index.knn", true).put("index.number_of_replicas", 0))
                .setMapping(
                        "{\"properties\": {\"v\": {\"type\": \"knn_vector\", \"dimension\": 256,"
                                + " \"method\": {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"cosinesimil\"}}}}")
                .get();
        for (String title : titles) {
            var request = new Embed.Request(
                    "demo", List.of(new Source.Text(title)), Embed.Lane.SEARCH, Side.PASSAGE, null, null);
            var result = client().execute(Embed.ACTION, request)
                    .actionGet(LONG)
                    .results()
                    .getFirst();
            client(cluster)
                    .prepareIndex("things")
                    .setId(title)
                    .setSource(Map.of("v", ((Embed.Result.Vector) result).values()), XContentType.JSON)
                    .setRefreshPolicy(WriteRequest.RefreshPolicy.IMMEDIATE)
                    .get();
        }
    }

    private SearchResponse search(String parameters, String pipeline, String... indices) {
        var search = client().prepareSearch(indices)
                .setSource(new SearchSourceBuilder()
                        .query(QueryBuilders.wrapperQuery("{\"clip\": {\"v\": {" + parameters + "}}}"))
                        .fetchSource(false));
        search.request().pipeline(pipeline);
        search.request().setCcsMinimizeRoundtrips(randomBoolean());
        return search.get(LONG);
    }

    public void testTheOtherClusterNeedsNeitherModelNorPlugin() throws Exception {
        loadModel();
        index(LOCAL_CLUSTER, "guitar", "red apple");
        index(FAR, "shark", "green apple");

        String shark = "\"query_text\": \"shark\", \"model_id\": \"demo\"";
        for (String[] indices : new String[][] {{"far:things"}, {"things", "far:things"}, {"things", "far:*"}}) {
            SearchResponse response = search(shark, null, indices);
            assertEquals("shark", response.getHits().getAt(0).getId());
            assertEquals(FAR, response.getHits().getAt(0).getClusterAlias());
        }
        assertEquals(4, search(shark, null, "things", "far:things").getHits().getHits().length);

        Exception e = expectThrows(Exception.class, () -> search("\"query_text\": \"shark\"", null, "far:things"));
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        assertTrue(
                ExceptionsHelper.stackTrace(e), ExceptionsHelper.stackTrace(e).contains("needs [model_id]"));

        String half = "[{\"clip_diversify\": {\"vector_field\": \"v\", \"clusters\": 2}}]";
        String pipeline = "{\"request_processors\": " + half + ", \"response_processors\": " + half + "}";
        client().admin()
                .cluster()
                .putSearchPipeline(
                        new PutSearchPipelineRequest("spread", new BytesArray(pipeline), MediaTypeRegistry.JSON))
                .actionGet(LONG);
        SearchResponse spread =
                search("\"query_text\": \"apple\", \"model_id\": \"demo\"", "spread", "things", "far:things");
        assertEquals(4, spread.getHits().getHits().length);
        assertFalse(
                "both apples are one cluster", spread.getHits().getAt(1).getId().endsWith("apple"));
        assertFalse(spread.getHits().getAt(0).hasSource());
    }
}
