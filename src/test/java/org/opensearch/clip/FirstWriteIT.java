// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.opensearch.action.admin.cluster.state.ClusterStateRequest;
import org.opensearch.action.admin.indices.datastream.DeleteDataStreamAction;
import org.opensearch.action.admin.indices.template.put.PutComposableIndexTemplateAction;
import org.opensearch.action.bulk.BulkItemResponse;
import org.opensearch.action.bulk.BulkRequest;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.ingest.PutPipelineRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.action.support.WriteRequest;
import org.opensearch.action.update.UpdateRequest;
import org.opensearch.clip.model.PutModel;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.ComposableIndexTemplate;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.Template;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.Priority;
import org.opensearch.common.action.ActionFuture;
import org.opensearch.common.compress.CompressedXContent;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.knn.plugin.KNNPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.test.disruption.BusyClusterManagerServiceDisruption;
import org.opensearch.transport.client.Client;

/**
 * Two models fill the vector fields of new indices at once, over three data nodes and a fourth that only coordinates: an index knows
 * whose vectors it has before it has the first.
 */
@OpenSearchIntegTestCase.ClusterScope(
        scope = OpenSearchIntegTestCase.Scope.SUITE,
        numDataNodes = 3,
        numClientNodes = 1,
        supportsDedicatedMasters = false)
public class FirstWriteIT extends OpenSearchIntegTestCase {
    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);
    private static final String MAPPING =
            "{\"properties\": {\"v\": {\"type\": \"knn_vector\", \"dimension\": 24, \"method\":"
                    + " {\"name\": \"hnsw\", \"engine\": \"lucene\", \"space_type\": \"cosinesimil\"}}}}";

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(KNNPlugin.class, ClipPlugin.class);
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        return TinyFolder.in(createTempDir());
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        for (String model : List.of("one", "two")) {
            Map<String, Object> body = model.equals("one")
                    ? Map.of("source", Map.of("path", "tiny"))
                    : Map.of("source", Map.of("path", "tiny"), "max_tokens", 20);
            client().execute(PutModel.ACTION, new PutModel.Request(model, body, true, LONG, false))
                    .actionGet(LONG);
            client().admin()
                    .cluster()
                    .putPipeline(new PutPipelineRequest(
                            model,
                            new BytesArray("{\"processors\": [{\"clip_embedding\": {\"model_id\": \"" + model
                                    + "\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}]}"),
                            XContentType.JSON))
                    .actionGet(LONG);
        }
    }

    private void create(String index, int shards, int dimension) {
        client().admin()
                .indices()
                .prepareCreate(index)
                .setSettings(Settings.builder()
                        .put("index.knn", true)
                        .put("index.number_of_shards", shards)
                        .put("index.number_of_replicas", 1))
                .setMapping(MAPPING.replace("24", Integer.toString(dimension)))
                .get(LONG);
        ensureGreen(index);
    }

    private static IndexRequest document(String index, String id, String pipeline) {
        return new IndexRequest(index)
                .id(id)
                .setPipeline(pipeline)
                .source(Map.of("t", "a text of " + id), XContentType.JSON);
    }

    private static BulkRequest bulk() {
        return new BulkRequest().setRefreshPolicy(WriteRequest.RefreshPolicy.IMMEDIATE);
    }

    private static List<ClusterState> statesOfAllNodes() {
        return Arrays.stream(internalCluster().getNodeNames())
                .map(node -> internalCluster()
                        .client(node)
                        .admin()
                        .cluster()
                        .state(new ClusterStateRequest().local(true))
                        .actionGet(LONG)
                        .getState())
                .toList();
    }

    /** The last there is. */
    private static ClusterState stateOfTheManager() {
        return client().admin().cluster().prepareState().get().getState();
    }

    private static Map<String, String> recorded(ClusterState state, String index) {
        return state.metadata().index(index).getCustomData("clip");
    }

    private static SearchResponse search(Client client, String index, String more) {
        return client.prepareSearch(index)
                .setQuery(QueryBuilders.wrapperQuery(
                        "{\"clip\": {\"v\": {\"query_text\": \"a text\", \"k\": 3" + more + "}}}"))
                .get(LONG);
    }

    private static void assertRefused(BulkItemResponse item, String index) {
        assertEquals(item.getFailureMessage(), RestStatus.BAD_REQUEST, item.status());
        assertTrue(
                item.getFailureMessage(),
                item.getFailureMessage().contains("field [v] of index [" + index + "] has vectors of model ["));
    }

    public void testOfTwoModelsThatFillAFieldAtOnceOneWins() throws Exception {
        client().admin()
                .indices()
                .preparePutTemplate("new")
                .setPatterns(List.of("auto*"))
                .setSettings(Settings.builder().put("index.knn", true).put("index.number_of_shards", 2))
                .setMapping(MAPPING, XContentType.JSON)
                .get(LONG);
        for (int round = 0; round < 8; round++) {
            boolean auto = round % 2 == 0;
            String index = (auto ? "auto" : "made") + round;
            if (!auto) {
                create(index, 3, 24);
            }
            List<Map<String, String>> changes = new CopyOnWriteArrayList<>();
            ClusterService manager = internalCluster().getCurrentClusterManagerNodeInstance(ClusterService.class);
            manager.addListener(event -> {
                IndexMetadata before = event.previousState().metadata().index(index);
                IndexMetadata after = event.state().metadata().index(index);
                Map<String, String> now = after == null ? null : after.getCustomData("clip");
                if (now != null && !now.equals(before == null ? null : before.getCustomData("clip"))) {
                    changes.add(now);
                }
            });
            List<String> models = new ArrayList<>();
            List<ActionFuture<BulkResponse>> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String model = i % 2 == 0 ? "one" : "two";
                var bulk = bulk();
                for (int j = 0; j < 5; j++) {
                    bulk.add(document(index, j == 0 ? null : model + i + j, model));
                }
                models.add(model);
                answers.add(client().bulk(bulk));
            }
            List<String> winners = new ArrayList<>();
            int written = 0;
            for (int i = 0; i < 4; i++) {
                BulkResponse answer = answers.get(i).actionGet(LONG);
                if (answer.hasFailures()) {
                    answer.forEach(item -> assertRefused(item, index));
                } else {
                    winners.add(models.get(i));
                    written += answer.getItems().length;
                    for (String node : internalCluster().getNodeNames()) {
                        assertEquals(
                                0,
                                search(internalCluster().client(node), index, "")
                                        .getFailedShards());
                    }
                }
            }
            assertEquals(winners.toString(), 1, winners.stream().distinct().count());
            assertEquals("every bulk of the winner", 2, winners.size());
            assertEquals(
                    1,
                    statesOfAllNodes().stream()
                            .map(state -> recorded(state, index))
                            .distinct()
                            .count());
            assertEquals("one change, whatever the shards and the bulks", 1, changes.size());
            client().admin().indices().prepareRefresh(index).get();
            assertEquals(
                    written,
                    client().prepareSearch(index)
                            .setSize(0)
                            .get()
                            .getHits()
                            .getTotalHits()
                            .value());
            search(client(), index, ", \"model_id\": \"" + winners.getFirst() + "\"");
            String loser = winners.getFirst().equals("one") ? "two" : "one";
            expectThrows(Exception.class, () -> search(client(), index, ", \"model_id\": \"" + loser + "\""));
            client().admin().indices().prepareDelete(index).get();
        }
    }

    public void testWhatIsKnownMakesNoClusterState() {
        create("known", 2, 24);
        assertFalse(client().bulk(bulk().add(document("known", "0", "one")))
                .actionGet(LONG)
                .hasFailures());
        ensureGreen("known");
        long version = stateOfTheManager().version();
        for (String node : internalCluster().getNodeNames()) {
            for (int i = 0; i < 5; i++) {
                assertFalse(internalCluster()
                        .client(node)
                        .bulk(bulk().add(document("known", node + i, "one")))
                        .actionGet(LONG)
                        .hasFailures());
            }
        }
        assertEquals(version, stateOfTheManager().version());
    }

    public void testOfTwoModelsInOneBulkTheFirstWinsAndNeighboursPass() {
        create("both", 1, 24);
        float[] vector = new float[24];
        Arrays.fill(vector, 1);
        BulkResponse answer = client().bulk(bulk().add(document("both", "0", "one"))
                        .add(new IndexRequest("both").id("1").source(Map.of("t", "none"), XContentType.JSON))
                        // the very same vector
                        .add(document("both", "2", "two").source(Map.of("t", "a text of 0"), XContentType.JSON))
                        .add(new IndexRequest("both").id("3").source(Map.of("v", vector), XContentType.JSON))
                        .add(document("both", null, "two").source(Map.of("t", "another"), XContentType.JSON))
                        .add(document("both", "5", "one"))
                        .add(new UpdateRequest("both", "6").doc(Map.of("n", 1)).upsert(document("both", "6", "two")))
                        .add(new UpdateRequest("both", "7").docAsUpsert(true).doc(document("both", "7", "one"))))
                .actionGet(LONG);
        List<Integer> refused = new ArrayList<>();
        for (BulkItemResponse item : answer) {
            if (item.isFailed()) {
                assertRefused(item, "both");
                refused.add(item.getItemId());
            }
        }
        assertEquals(List.of(2, 4, 6), refused);
    }

    public void testTheSameVectorOfTwoModelsGoesToAnIndexOfEach() {
        create("of_one", 1, 24);
        create("of_two", 1, 24);
        for (String id : Arrays.asList("0", null)) {
            assertFalse(client().bulk(bulk().add(document("of_one", id, "one")).add(document("of_two", id, "two")))
                    .actionGet(LONG)
                    .hasFailures());
        }
        search(client(), "of_one", ", \"model_id\": \"one\"");
        search(client(), "of_two", ", \"model_id\": \"two\"");
        assertNotEquals(
                recorded(statesOfAllNodes().getFirst(), "of_one"),
                recorded(statesOfAllNodes().getFirst(), "of_two"));
    }

    public void testAnIndexThatATemplatePinsIsNobodyElses() {
        client().admin()
                .indices()
                .preparePutTemplate("pinned")
                .setPatterns(List.of("pinned*"))
                .setSettings(Settings.builder().put("index.knn", true).put("index.clip.model_id", "one"))
                .setMapping(MAPPING, XContentType.JSON)
                .get(LONG);
        for (int round = 0; round < 5; round++) {
            var bulk = bulk().add(document("pinned" + round, null, "two")).add(document("pinned" + round, "1", "one"));
            BulkItemResponse[] items = client().bulk(bulk).actionGet(LONG).getItems();
            assertRefused(items[0], "pinned" + round);
            assertFalse(items[1].getFailureMessage(), items[1].isFailed());
        }
        client().admin().indices().prepareDelete("pinned*").get();
    }

    public void testAVectorThatTheMappingRefusesDoesNotDecideWhoseTheFieldIs() {
        create("short", 1, 8);
        BulkItemResponse item = client().bulk(bulk().add(document("short", "0", "one")))
                .actionGet(LONG)
                .getItems()[0];
        assertEquals(item.getFailureMessage(), RestStatus.BAD_REQUEST, item.status());
        assertTrue(statesOfAllNodes().stream()
                .map(state -> recorded(state, "short"))
                .allMatch(Objects::isNull));
    }

    public void testADataStreamThatRollsOverBelongsToWhoeverWritesFirst() throws Exception {
        var request = new PutComposableIndexTemplateAction.Request("ds");
        request.indexTemplate(new ComposableIndexTemplate(
                List.of("stream*"),
                new Template(Settings.builder().put("index.knn", true).build(), new CompressedXContent(MAPPING), null),
                null,
                null,
                null,
                null,
                new ComposableIndexTemplate.DataStreamTemplate()));
        client().execute(PutComposableIndexTemplateAction.INSTANCE, request).actionGet(LONG);
        for (String model : List.of("one", "two")) {
            String other = model.equals("one") ? "two" : "one";
            for (boolean right : List.of(true, false)) {
                BulkItemResponse item = client().bulk(bulk().add(new IndexRequest("stream")
                                .create(true)
                                .setPipeline(right ? model : other)
                                .source(Map.of("@timestamp", 1, "t", "x"), XContentType.JSON)))
                        .actionGet(LONG)
                        .getItems()[0];
                assertEquals(
                        item.getFailureMessage(), right ? RestStatus.CREATED : RestStatus.BAD_REQUEST, item.status());
            }
            client().admin().indices().prepareRolloverIndex("stream").get();
        }
        client().execute(DeleteDataStreamAction.INSTANCE, new DeleteDataStreamAction.Request(new String[] {"stream"}))
                .actionGet(LONG);
    }

    public void testNothingIsWrittenThatCannotBeRecorded() {
        create("busy", 1, 24);
        var busy = new BusyClusterManagerServiceDisruption(random(), Priority.IMMEDIATE);
        setDisruptionScheme(busy);
        busy.startDisrupting();
        BulkResponse answer;
        try {
            answer = client().bulk(bulk().timeout(TimeValue.timeValueSeconds(1))
                            .add(document("busy", "0", "one"))
                            .add(new IndexRequest("busy").id("1").source(Map.of(), XContentType.JSON)))
                    .actionGet(LONG);
        } finally {
            busy.stopDisrupting();
        }
        BulkItemResponse item = answer.getItems()[0];
        assertEquals(item.getFailureMessage(), RestStatus.SERVICE_UNAVAILABLE, item.status());
        assertTrue(
                item.getFailureMessage(),
                item.getFailureMessage()
                        .contains(
                                "that field [v] of index [busy] has vectors of model [one] could not be recorded by the"
                                        + " cluster manager: send the document again"));
        assertFalse("a neighbour", answer.getItems()[1].isFailed());
        assertFalse(client().prepareGet("busy", "0").get().isExists());
        assertFalse(client().bulk(bulk().add(document("busy", "0", "one")))
                .actionGet(LONG)
                .hasFailures());
    }
}
