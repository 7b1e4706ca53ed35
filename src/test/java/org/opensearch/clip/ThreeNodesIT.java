// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.action.bulk.BulkItemResponse;
import org.opensearch.action.bulk.BulkRequest;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.ingest.PutPipelineRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.action.support.WriteRequest;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.transport.client.Client;

/** Ingest and query over three data nodes that hold a tiny model, and a fourth that coordinates and holds nothing. */
@OpenSearchIntegTestCase.ClusterScope(
        scope = OpenSearchIntegTestCase.Scope.SUITE,
        numDataNodes = 3,
        numClientNodes = 1,
        supportsDedicatedMasters = false)
public class ThreeNodesIT extends OpenSearchIntegTestCase {
    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);
    private static final int DOCUMENTS = 150;

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(UntrainedKnnPlugin.class, ClipPlugin.class);
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        return TinyFolder.in(createTempDir());
    }

    private static void prepare(Client client) {
        client.execute(
                        PutModel.ACTION,
                        new PutModel.Request("tiny", Map.of("source", Map.of("path", "tiny")), true, LONG, false))
                .actionGet(LONG);
        client.admin()
                .cluster()
                .putPipeline(new PutPipelineRequest(
                        "clip",
                        new BytesArray(
                                "{\"processors\": [{\"clip_embedding\": {\"model_id\": \"tiny\", \"batch_size\": 20,"
                                        + " \"field_map\": {\"v\": {\"text\": \"t\"}}}}]}"),
                        XContentType.JSON))
                .actionGet(LONG);
        client.admin()
                .indices()
                .prepareCreate("texts")
                .setSettings(Settings.builder()
                        .put("index.knn", true)
                        .put("index.number_of_shards", 3)
                        .put("index.number_of_replicas", 1)
                        .put("index.clip.model_id", "tiny"))
                .setMapping("{\"properties\": {\"v\": {\"type\": \"knn_vector\", \"dimension\": 24, \"method\":"
                        + " {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"cosinesimil\"}}}}")
                .get(LONG);
    }

    private static String text(int i) {
        return "a " + (char) ('a' + i % 26) + (char) ('a' + i / 26) + " thing";
    }

    public void testAnyNodeTakesABulkAndAnswersAQuery() {
        List<Client> clients = Arrays.stream(internalCluster().getNodeNames())
                .map(node -> internalCluster().client(node))
                .toList();
        prepare(clients.getFirst());
        for (Client client : clients) {
            var bulk = new BulkRequest().setRefreshPolicy(WriteRequest.RefreshPolicy.IMMEDIATE);
            for (int i = 0; i < DOCUMENTS; i++) {
                Object value = i % 10 == 9 ? i : text(i);
                bulk.add(new IndexRequest("texts")
                        .id(Integer.toString(i))
                        .setPipeline("clip")
                        .source(Map.of("t", value), XContentType.JSON));
            }
            BulkResponse response = client.bulk(bulk).actionGet(LONG);
            for (BulkItemResponse item : response) {
                assertEquals(item.getFailureMessage(), item.getId().endsWith("9"), item.isFailed());
            }
        }
        ensureGreen("texts");
        List<String> asked = new ArrayList<>();
        for (Client client : clients) {
            for (int i = 0; i < DOCUMENTS; i += 37) {
                SearchResponse response = client.prepareSearch("texts")
                        .setQuery(QueryBuilders.wrapperQuery(
                                "{\"clip\": {\"v\": {\"query_text\": \"" + text(i) + "\", \"k\": 3}}}"))
                        .get(LONG);
                assertEquals(0, response.getFailedShards());
                assertEquals(
                        "its own text is nearest",
                        1,
                        response.getHits().getAt(0).getScore(),
                        1e-4);
                assertEquals(
                        "k of each shard", 9, response.getHits().getTotalHits().value());
                asked.add(response.getHits().getAt(0).getId());
            }
        }
        int queries = asked.size() / clients.size();
        for (int i = queries; i < asked.size(); i++) {
            assertEquals("every node finds the same", asked.get(i % queries), asked.get(i));
        }
    }
}
