// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.startsWith;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.admin.cluster.node.tasks.cancel.CancelTasksRequest;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.plugins.Plugin;
import org.opensearch.tasks.Task;
import org.opensearch.tasks.TaskListener;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.transport.client.node.NodeClient;

/** A cluster whose nodes download a real, tiny model from a hub on loopback, each by itself. */
@OpenSearchIntegTestCase.ClusterScope(
        scope = OpenSearchIntegTestCase.Scope.TEST,
        numDataNodes = 3,
        numClientNodes = 0,
        supportsDedicatedMasters = false)
public class SourcesIT extends OpenSearchIntegTestCase {

    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);
    private static final String VISION = "onnx/vision_model.onnx";
    private static final Map<String, Object> SOURCE = Map.of("source", Map.of("hub", FakeHub.REPOSITORY));

    private final FakeHub hub = new FakeHub().with(Path.of("src/test/resources/models/tiny-clip"));

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(ClipPlugin.class);
    }

    @Override
    protected Settings nodeSettings(int nodeOrdinal) {
        return Settings.builder()
                .put(super.nodeSettings(nodeOrdinal))
                .put("plugins.clip.hub.url", hub.url())
                .put("plugins.clip.hub.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.disk.min_free", "0b")
                .build();
    }

    @Override
    public void tearDown() throws Exception {
        super.tearDown();
        hub.close();
    }

    private static PutModel.Request put(boolean store) {
        return new PutModel.Request("tiny", SOURCE, true, LONG, store);
    }

    private static ModelView get() {
        return client().execute(GetModel.ACTION, new GetModel.Request("tiny"))
                .actionGet(LONG)
                .models()
                .getFirst();
    }

    private static List<Observed> observed() {
        return get().nodes().values().stream().map(ModelView.OnNode::observed).toList();
    }

    private static void assertLoaded(int nodes) {
        ModelView view = get();
        assertEquals(view.toString(), nodes, view.nodes().size());
        observed().forEach(one -> assertEquals(view.toString(), State.LOADED, one.state()));
    }

    /** What each node keeps: the hashes of the bytes, which are the names too. */
    private static void assertSameFiles(Set<String> hashes) throws IOException {
        for (NodeEnvironment node : internalCluster().getInstances(NodeEnvironment.class)) {
            try (Stream<Path> files = Files.list(node.nodeDataPaths()[0].resolve("clip/files"))) {
                Set<String> found = new TreeSet<>();
                for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    String hash = FakeHub.sha256(Files.readAllBytes(file));
                    assertEquals(hash, file.getFileName().toString());
                    found.add(hash);
                }
                assertEquals(hashes, found);
            }
        }
    }

    public void testEveryNodeEndsWithTheSameBytesAndALaterOneCatchesUp() throws Exception {
        PutModel.Response put = client().execute(PutModel.ACTION, put(false)).actionGet(LONG);
        assertEquals(put.loaded().model().toString(), RestStatus.OK, put.status());
        assertLoaded(3);
        DeclaredModel model = get().model();
        assertEquals(Map.of("hub", FakeHub.REPOSITORY, "revision", FakeHub.COMMIT), model.source());
        assertSameFiles(new TreeSet<>(ModelMetadata.of(clusterService().state()).hashes()));
        assertEquals(3, downloads());

        internalCluster().startDataOnlyNode();
        assertBusy(() -> assertLoaded(4));
        assertSameFiles(new TreeSet<>(ModelMetadata.of(clusterService().state()).hashes()));
        assertEquals(4, downloads());

        internalCluster().restartRandomDataNode();
        ensureStableCluster(4);
        assertBusy(() -> assertLoaded(4));
        assertEquals(4, downloads());
        assertEquals(
                UpdateModels.Result.NOOP,
                client().execute(PutModel.ACTION, put(false)).actionGet(LONG).result());
    }

    private long downloads() {
        return hub.requests(VISION).stream()
                .filter(request -> request.startsWith("storage"))
                .count();
    }

    public void testDownloadIsSeenAndStoppedAndFailsWithItsReason() throws Exception {
        AtomicBoolean slow = new AtomicBoolean(true);
        hub.trouble(VISION, (exchange, bytes) -> {
            if (slow.get()) {
                hub.drip(exchange, bytes);
            } else {
                FakeHub.status(exchange, 404);
            }
            return true;
        });
        NodeClient node = internalCluster().getInstance(NodeClient.class);
        PlainActionFuture<PutModel.Response> waiting = new PlainActionFuture<>();
        TaskId task = start(node, waiting);
        assertBusy(() ->
                assertFalse(ModelMetadata.of(clusterService().state()).models().isEmpty()));
        assertBusy(() -> {
            for (Observed one : observed()) {
                assertEquals(State.LOADING, one.state());
                assertEquals(Progress.Stage.DOWNLOADING, one.progress().stage());
                assertTrue(
                        one.toString(),
                        one.progress().bytes() > 0
                                && one.progress().bytes() < one.progress().total());
            }
            String status = client().admin()
                    .cluster()
                    .prepareGetTask(task)
                    .get()
                    .getTask()
                    .getTask()
                    .getStatus()
                    .toString();
            assertThat(status, startsWith("LoadStatus[state=LOADING"));
            assertThat(status, containsString("stage=DOWNLOADING"));
        });

        client().admin()
                .cluster()
                .cancelTasks(new CancelTasksRequest().setTaskId(task))
                .actionGet(LONG);
        assertTrue(
                ExceptionsHelper.unwrapCause(expectThrows(Exception.class, () -> waiting.actionGet(LONG)))
                        instanceof TaskCancelledException);
        observed().forEach(one -> assertEquals("cancelling ends the waiting only", State.LOADING, one.state()));

        client().execute(LoadModel.UNLOAD, new LoadModel.Request("tiny", LONG, false))
                .actionGet(LONG);
        observed().forEach(one -> assertEquals(State.UNLOADED, one.state()));
        long before = downloads();

        slow.set(false);
        LoadModel.Response failed = client().execute(LoadModel.LOAD, new LoadModel.Request("tiny", LONG, false))
                .actionGet(LONG);
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, failed.status());
        observed()
                .forEach(one -> assertThat(
                        one.reason(), containsString("[" + VISION + "] of [" + FakeHub.REPOSITORY + "] is not there")));
        assertTrue("unloading must have ended the old downloads", downloads() >= before + 3);

        hub.trouble(VISION, (exchange, bytes) -> false);
        assertBusy(() -> assertLoaded(3)); // by itself
    }

    private static TaskId start(NodeClient node, PlainActionFuture<PutModel.Response> future) {
        Task task = node.executeLocally(PutModel.ACTION, put(true), new TaskListener<>() {
            @Override
            public void onResponse(Task done, PutModel.Response response) {
                future.onResponse(response);
            }

            @Override
            public void onFailure(Task done, Exception e) {
                future.onFailure(e);
            }
        });
        return new TaskId(node.getLocalNodeId(), task.getId());
    }
}
