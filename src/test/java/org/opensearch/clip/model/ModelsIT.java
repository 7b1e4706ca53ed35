// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.admin.cluster.node.tasks.cancel.CancelTasksRequest;
import org.opensearch.action.ingest.PutPipelineRequest;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.TinyFolder;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.plugins.Plugin;
import org.opensearch.tasks.Task;
import org.opensearch.tasks.TaskListener;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.node.NodeClient;

/** Models of a cluster of three data nodes, each with a real, tiny model in its own folder. */
@OpenSearchIntegTestCase.ClusterScope(
        scope = OpenSearchIntegTestCase.Scope.TEST,
        numDataNodes = 3,
        numClientNodes = 0,
        supportsDedicatedMasters = false)
public class ModelsIT extends OpenSearchIntegTestCase {

    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);

    private final Map<Integer, Path> configs = new ConcurrentHashMap<>();

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(ClipPlugin.class);
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        return configs.computeIfAbsent(nodeOrdinal, ordinal -> TinyFolder.in(createTempDir()));
    }

    public void testARestoreOfTheGlobalStateSaysWhichModelsItTakesAway() throws Exception {
        var tiny = Map.<String, Object>of("source", Map.of("path", "tiny"));
        put("kept", tiny, false);
        put("changed", tiny, false);
        var repository =
                client(internalCluster().getClusterManagerName()).admin().cluster();
        repository
                .preparePutRepository("backup")
                .setType("fs")
                .setSettings(Settings.builder().put("location", randomRepoPath()))
                .get();
        repository
                .prepareCreateSnapshot("backup", "one")
                .setWaitForCompletion(true)
                .get();
        client().execute(DeleteModel.ACTION, new DeleteModel.Request("changed", true))
                .actionGet(LONG);
        put("changed", Map.of("source", Map.of("path", "tiny"), "query_prompt", "a photo of "), false);
        put("later", tiny, false);

        PlainActionFuture<List<String>> warnings = new PlainActionFuture<>();
        ThreadContext context =
                client(internalCluster().getClusterManagerName()).threadPool().getThreadContext();
        repository
                .prepareRestoreSnapshot("backup", "one")
                .setIndices("none*")
                .setRestoreGlobalState(true)
                .execute(ActionListener.wrap(
                        restored ->
                                warnings.onResponse(context.getResponseHeaders().get("Warning")),
                        warnings::onFailure));
        List<String> told = warnings.actionGet(LONG);
        assertTrue(String.valueOf(told), told != null && told.getFirst().contains("the models [changed, later]"));
        assertEquals(
                Set.of("changed", "kept"),
                ModelMetadata.of(clusterService().state()).ids());
    }

    private static PutModel.Response put(String id, Map<String, Object> body, boolean load) {
        return client().execute(PutModel.ACTION, new PutModel.Request(id, body, load, LONG, false))
                .actionGet(LONG);
    }

    private static PutModel.Response putTiny(boolean load) {
        return put("tiny", Map.of("source", Map.of("path", "tiny")), load);
    }

    private static ModelView get(String id) {
        return client().execute(GetModel.ACTION, new GetModel.Request(id))
                .actionGet(LONG)
                .models()
                .getFirst();
    }

    private static ModelView load() {
        return client().execute(LoadModel.LOAD, new LoadModel.Request("tiny", LONG, false))
                .actionGet(LONG)
                .model();
    }

    private static ModelView unload() {
        return client().execute(LoadModel.UNLOAD, new LoadModel.Request("tiny", LONG, false))
                .actionGet(LONG)
                .model();
    }

    private static void assertEverywhere(ModelView view, State state, int nodes) {
        assertEquals(view.toString(), nodes, view.nodes().size());
        view.nodes()
                .values()
                .forEach(node ->
                        assertEquals(view.toString(), state, node.observed().state()));
    }

    private static void assertRefused(RestStatus status, String why, org.junit.function.ThrowingRunnable action) {
        Exception e = (Exception) ExceptionsHelper.unwrapCause(expectThrows(Exception.class, action::run));
        assertEquals(ExceptionsHelper.stackTrace(e), status, ExceptionsHelper.status(e));
        assertThat(e.getMessage(), containsString(why));
    }

    public void testEveryNodeLoadsAndLoadsAgainAfterAFullRestart() throws Exception {
        PutModel.Response put = putTiny(true);
        assertEquals(UpdateModels.Result.CREATED, put.result());
        assertEquals(RestStatus.OK, put.status());
        assertEverywhere(put.loaded().model(), State.LOADED, 3);
        ModelView before = get("tiny");
        assertEquals(24, before.model().dimension());
        before.nodes().values().forEach(node -> assertThat(node.observed().bytes(), greaterThan(0L)));

        internalCluster().fullRestart();
        ensureStableCluster(3);
        ensureGreen(); // red until the state has been recovered

        assertBusy(() -> assertEverywhere(get("tiny"), State.LOADED, 3));
        assertEquals(before.model(), get("tiny").model());
    }

    public void testNodeThatJoinsLaterCatchesUp() throws Exception {
        putTiny(true);
        String late = internalCluster().startDataOnlyNode();
        ensureStableCluster(4);
        assertBusy(() -> assertEverywhere(get("tiny"), State.LOADED, 4));
        internalCluster().stopRandomNode(settings -> late.equals(settings.get("node.name")));
        assertBusy(() -> assertEverywhere(get("tiny"), State.LOADED, 3));
    }

    public void testUnloadsAndLoadsWhenAsked() {
        assertNull(putTiny(false).loaded());
        assertEverywhere(get("tiny"), State.UNLOADED, 3);
        assertEverywhere(load(), State.LOADED, 3);
        assertEverywhere(unload(), State.UNLOADED, 3);
        assertEverywhere(get("tiny"), State.UNLOADED, 3);
        assertEverywhere(load(), State.LOADED, 3);
        assertEverywhere(load(), State.LOADED, 3);
    }

    public void testFolderThatDiffersOnOneNodeFailsThereOnly() throws Exception {
        String good = internalCluster().getNodeNames()[0];
        String bad = internalCluster().getNodeNames()[1];
        Path folder = internalCluster()
                .getInstance(org.opensearch.env.Environment.class, bad)
                .configDir()
                .resolve("opensearch-clip/models/tiny");
        byte[] tokenizer = Files.readAllBytes(folder.resolve("tokenizer.json"));
        Files.write(folder.resolve("tokenizer.json"), new byte[] {'{', '}'});

        PutModel.Request request =
                new PutModel.Request("tiny", Map.of("source", Map.of("path", "tiny")), true, LONG, false);
        PutModel.Response put =
                internalCluster().client(good).execute(PutModel.ACTION, request).actionGet(LONG);

        ModelView view = put.loaded().model();
        assertEquals("PARTIALLY_LOADED", view.state());
        view.nodes()
                .values()
                .forEach(node -> assertEquals(
                        view.toString(),
                        node.name().equals(bad) ? State.FAILED : State.LOADED,
                        node.observed().state()));
        String reason = view.nodes().values().stream()
                .filter(node -> node.name().equals(bad))
                .findFirst()
                .orElseThrow()
                .observed()
                .reason();
        assertThat(reason, containsString("file [tokenizer.json] on this node has 2 bytes"));

        Files.write(folder.resolve("tokenizer.json"), tokenizer);
        assertEverywhere(load(), State.LOADED, 3);
    }

    public void testDeclarationNarrowsTheNodes() throws Exception {
        String one = internalCluster().getNodeNames()[0];
        put("tiny", Map.of("source", Map.of("path", "tiny"), "nodes", one), true);
        ModelView view = get("tiny");
        assertEverywhere(view, State.LOADED, 1);
        assertEquals(one, view.nodes().values().iterator().next().name());

        assertEquals(UpdateModels.Result.UPDATED, putTiny(false).result());
        assertBusy(() -> assertEverywhere(get("tiny"), State.LOADED, 3));

        put("tiny", Map.of("source", Map.of("path", "tiny"), "nodes", "nobody"), false);
        assertRefused(RestStatus.CONFLICT, "no node of the cluster should hold model [tiny]", ModelsIT::load);
    }

    public void testSameSpaceIsANoopAndAnotherIsAConflict() {
        assertEquals(UpdateModels.Result.CREATED, putTiny(false).result());
        assertEquals(UpdateModels.Result.NOOP, putTiny(false).result());
        assertRefused(
                RestStatus.CONFLICT,
                "declare it under a new id",
                () -> put("tiny", Map.of("source", Map.of("path", "tiny"), "resize_mode", "squash"), false));
        assertEquals(
                UpdateModels.Result.CREATED,
                put("squashed", Map.of("source", Map.of("path", "tiny"), "resize_mode", "squash"), false)
                        .result());
        assertEquals(
                List.of("squashed", "tiny"),
                client().execute(GetModel.ACTION, new GetModel.Request((String) null)).actionGet(LONG).models().stream()
                        .map(view -> view.model().id())
                        .toList());
    }

    public void testDeleteTakesTheSectionAndTheMemoryBack() throws Exception {
        putTiny(true);
        client().admin()
                .cluster()
                .putPipeline(new PutPipelineRequest(
                        "p",
                        new BytesArray(
                                "{\"processors\": [{\"clip_embedding\": {\"model_id\": \"tiny\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}]}"),
                        XContentType.JSON))
                .actionGet(LONG);
        assertRefused(RestStatus.CONFLICT, "pipelines [p]", () -> delete(false));

        assertTrue(delete(true).isAcknowledged());

        assertNull(clusterService().state().metadata().custom(ModelMetadata.TYPE));
        for (LoadedModels models : internalCluster().getInstances(LoadedModels.class)) {
            assertTrue(models.observed().isEmpty());
        }
        assertRefused(RestStatus.NOT_FOUND, "model [tiny] is not declared", () -> get("tiny"));
        assertRefused(RestStatus.NOT_FOUND, "model [tiny] is not declared", () -> delete(true));
        assertRefused(RestStatus.NOT_FOUND, "model [tiny] is not declared", ModelsIT::load);
    }

    private static org.opensearch.action.support.clustermanager.AcknowledgedResponse delete(boolean force) {
        return client().execute(DeleteModel.ACTION, new DeleteModel.Request("tiny", force))
                .actionGet(LONG);
    }

    public void testMemoryLimitRefusesWithTheSettingToChange() {
        limit("10kb");
        PutModel.Response put = putTiny(true);
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, put.status());
        assertEverywhere(put.loaded().model(), State.FAILED, 3);
        put.loaded()
                .model()
                .nodes()
                .values()
                .forEach(node -> assertThat(node.observed().reason(), containsString("[plugins.clip.memory.limit]")));

        limit(null);
        assertEverywhere(load(), State.LOADED, 3);
    }

    /** A copy of the tiny model on every node, its text graph changed. */
    private void addChanged(String name, Consumer<ModelProto.Builder> change) throws IOException {
        for (Path config : configs.values()) {
            Path models = config.resolve("opensearch-clip/models");
            try (Stream<Path> files = Files.walk(models.resolve("tiny"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Path copy = models.resolve(name)
                            .resolve(models.resolve("tiny").relativize(file).toString());
                    Files.createDirectories(copy.getParent());
                    Files.copy(file, copy);
                }
            }
            Path graph = models.resolve(name).resolve("onnx/text_model.onnx");
            ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
            change.accept(model);
            Files.write(graph, model.build().toByteArray());
        }
    }

    public void testConstantsThatAreMadeWhileAModelIsLoadedAreChargedBefore() throws Exception {
        addChanged(
                "large",
                model -> model.getGraphBuilder()
                        .addInitializer(TensorProto.newBuilder()
                                .setName("large.c")
                                .setDataType(TensorProto.DataType.INT64_VALUE)
                                .addDims(1)
                                .addInt64Data(20_000_000))
                        .addNode(NodeProto.newBuilder()
                                .setOpType("ConstantOfShape")
                                .addInput("large.c")
                                .addOutput("large.k")));
        limit("100mb");
        PutModel.Response put = put("large", Map.of("source", Map.of("path", "large")), true);
        put.loaded().model().nodes().values().forEach(node -> {
            assertEquals(State.FAILED, node.observed().state());
            assertThat(node.observed().reason(), containsString("the model needs 152.6mb of memory outside the heap"));
            assertThat(node.observed().reason(), containsString("[plugins.clip.memory.limit]"));
        });
        limit("1gb");
        PlainActionFuture<LoadModel.Response> load = new PlainActionFuture<>();
        client().execute(LoadModel.LOAD, new LoadModel.Request("large", LONG, false), load);
        load.actionGet(LONG).model().nodes().values().forEach(node -> {
            assertEquals(State.LOADED, node.observed().state());
            assertTrue(node.observed().bytes() < 150 << 20);
        });
        limit(null);
    }

    public void testAGraphOfThisMachineIsScannedBeforeItIsDeclared() throws Exception {
        addChanged("chain", model -> {
            for (int i = 0; i < 1000; i++) {
                NodeProto.Builder call =
                        NodeProto.newBuilder().setDomain("mine").setOpType("f" + (i + 1) % 1000);
                model.addFunctions(FunctionProto.newBuilder()
                        .setDomain("mine")
                        .setName("f" + i)
                        .addNode(call));
            }
        });
        assertRefused(
                RestStatus.BAD_REQUEST,
                "its subgraphs and functions are deeper than 16",
                () -> put("chain", Map.of("source", Map.of("path", "chain")), true));
    }

    private static void limit(String bytes) {
        client().admin()
                .cluster()
                .prepareUpdateSettings()
                .setPersistentSettings(Settings.builder().put("plugins.clip.memory.limit", bytes))
                .get();
    }

    public void testFolderThatIsNoModelIsABadRequest() throws Exception {
        for (Path config : configs.values()) {
            Files.createDirectories(config.resolve("opensearch-clip/models/empty"));
        }
        assertRefused(
                RestStatus.BAD_REQUEST,
                "config.json",
                () -> put("m", Map.of("source", Map.of("path", "empty")), false));
        assertRefused(
                RestStatus.BAD_REQUEST,
                "[models/absent]",
                () -> put("m", Map.of("source", Map.of("path", "absent")), false));
        assertRefused(
                RestStatus.BAD_REQUEST,
                "[source.path]",
                () -> put("m", Map.of("source", Map.of("path", "../x")), false));
    }

    public void testTaskOfALoadIsSeenAndCancelledAndKeepsItsResult() throws Exception {
        putTiny(false);
        CountDownLatch busy = new CountDownLatch(1);
        String blocked = internalCluster().getNodeNames()[1];
        for (int i = 0; i < 2; i++) { // all threads of the pool
            internalCluster()
                    .getInstance(ThreadPool.class, blocked)
                    .executor(LoadedModels.POOL)
                    .execute(() -> await(busy));
        }
        NodeClient node = internalCluster().getInstance(NodeClient.class);
        PlainActionFuture<LoadModel.Response> cancelled = new PlainActionFuture<>();
        TaskId task = start(node, cancelled);
        assertFalse(
                client().admin().cluster().prepareGetTask(task).get().getTask().isCompleted());
        assertEquals(
                "model [tiny]",
                client().admin()
                        .cluster()
                        .prepareGetTask(task)
                        .get()
                        .getTask()
                        .getTask()
                        .getDescription());
        client().admin()
                .cluster()
                .cancelTasks(new CancelTasksRequest().setTaskId(task))
                .actionGet(LONG);
        assertTrue(
                ExceptionsHelper.unwrapCause(expectThrows(Exception.class, () -> cancelled.actionGet(LONG)))
                        instanceof TaskCancelledException);

        PlainActionFuture<LoadModel.Response> waiting = new PlainActionFuture<>();
        TaskId second = start(node, waiting);
        busy.countDown();
        assertEverywhere(waiting.actionGet(LONG).model(), State.LOADED, 3);
        assertThat(
                client().admin()
                        .cluster()
                        .prepareGetTask(second)
                        .get()
                        .getTask()
                        .getResponseAsMap()
                        .toString(),
                containsString("state=LOADED"));
    }

    private static TaskId start(NodeClient node, PlainActionFuture<LoadModel.Response> future) {
        Task task =
                node.executeLocally(LoadModel.LOAD, new LoadModel.Request("tiny", LONG, true), new TaskListener<>() {
                    @Override
                    public void onResponse(Task done, LoadModel.Response response) {
                        future.onResponse(response);
                    }

                    @Override
                    public void onFailure(Task done, Exception e) {
                        future.onFailure(e);
                    }
                });
        return new TaskId(node.getLocalNodeId(), task.getId());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
