// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.TinyFolder;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.InternalTestCluster;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;

/** A model that no node has ever loaded, on three data nodes beside a manager; loads stay in the middle while their node's threads are busy. */
@OpenSearchIntegTestCase.ClusterScope(
        scope = OpenSearchIntegTestCase.Scope.TEST,
        numDataNodes = 0,
        numClientNodes = 0,
        supportsDedicatedMasters = false)
public class FirstLoadIT extends OpenSearchIntegTestCase {

    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);

    private final Map<String, CountDownLatch> busy = new HashMap<>();
    private String manager;

    /** Of a node that stays. */
    private Client manager() {
        return internalCluster().client(manager);
    }

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(ClipPlugin.class);
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        return TinyFolder.in(createTempDir());
    }

    private List<String> start() {
        manager = internalCluster().startClusterManagerOnlyNode();
        List<String> nodes = internalCluster().startDataOnlyNodes(3);
        manager()
                .execute(
                        PutModel.ACTION,
                        new PutModel.Request("tiny", Map.of("source", Map.of("path", "tiny")), false, LONG, false))
                .actionGet(LONG);
        return nodes;
    }

    /** All threads of the pool that loads. */
    private void occupy(String node) {
        CountDownLatch free = new CountDownLatch(1);
        busy.put(node, free);
        for (int i = 0; i < 2; i++) {
            internalCluster()
                    .getInstance(ThreadPool.class, node)
                    .executor(LoadedModels.POOL)
                    .execute(() -> await(free));
        }
    }

    private PlainActionFuture<LoadModel.Response> load() {
        PlainActionFuture<LoadModel.Response> future = new PlainActionFuture<>();
        manager().execute(LoadModel.LOAD, new LoadModel.Request("tiny", LONG, false), future);
        return future;
    }

    private ClusterState state() {
        return internalCluster().clusterService(manager).state();
    }

    private FirstLoad first() {
        return ModelMetadata.of(state()).model("tiny").orElseThrow().firstLoad();
    }

    private Map<String, ModelView.OnNode> nodes() {
        return manager()
                .execute(GetModel.ACTION, new GetModel.Request("tiny"))
                .actionGet(LONG)
                .models()
                .getFirst()
                .nodes();
    }

    /** @return the name of the node whose turn it is, as soon as it is another one than those */
    private String turn(String... before) throws Exception {
        PlainActionFuture<String> name = new PlainActionFuture<>();
        assertBusy(() -> {
            DiscoveryNode node = state().nodes().get(first().node());
            assertNotNull("nobody's, or of one that has left", node);
            assertFalse(List.of(before).contains(node.getName()));
            name.onResponse(node.getName());
        });
        return name.actionGet();
    }

    private void leave(String node) throws Exception {
        Path markers = internalCluster()
                .getInstance(NodeEnvironment.class, node)
                .nodeDataPaths()[0]
                .resolve("clip/loading");
        Thread stopping = new Thread(() -> {
            try {
                internalCluster().stopRandomNode(InternalTestCluster.nameFilter(node));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        stopping.start();
        assertBusy(() -> assertFalse(state().nodes().getNodes().values().stream()
                .anyMatch(left -> left.getName().equals(node))));
        busy.get(node).countDown();
        stopping.join();
        assertTrue("a node that ends in order leaves no marker", !Files.exists(markers) || isEmpty(markers));
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.noneMatch(file -> file.toString().matches(".*\\.(text|image)"));
        }
    }

    public void testOneNodeLoadsFirstAndTheOthersAfterIt() throws Exception {
        List<String> nodes = start();
        nodes.forEach(this::occupy);
        PlainActionFuture<LoadModel.Response> loading = load();
        String one = turn();
        assertBusy(() -> nodes().values().stream()
                .filter(view -> !view.name().equals(one))
                .forEach(view -> {
                    assertEquals(State.LOADING, view.observed().state());
                    assertThat(
                            String.valueOf(view.observed().reason()), containsString("waits for node [" + one + "]"));
                }));
        assertFalse(first().done());
        nodes.stream()
                .filter(node -> !node.equals(one))
                .forEach(node -> busy.get(node).countDown());
        assertFalse(first().done());
        busy.get(one).countDown();
        assertEquals("LOADED", loading.actionGet(LONG).model().state());
        assertEquals(FirstLoad.DONE, first());
    }

    public void testWhenTwoNodesHaveLeftDuringTheirTurnItIsFailedEverywhereUntilSomebodyAsks() throws Exception {
        List<String> nodes = start();
        nodes.forEach(this::occupy);
        PlainActionFuture<LoadModel.Response> loading = load();
        String one = turn();
        leave(one);
        String two = turn(one);
        leave(two);
        assertEquals("FAILED", loading.actionGet(LONG).model().state());
        ModelView.OnNode last = nodes().values().iterator().next();
        assertEquals(1, nodes().size());
        assertEquals(
                "this model ended two nodes while they were the first to load it; POST _load tries it again",
                last.observed().reason());

        busy.get(last.name()).countDown();
        assertEquals("LOADED", load().actionGet(LONG).model().state());
        assertBusy(() -> assertEquals(FirstLoad.DONE, first()));
        internalCluster().startDataOnlyNode();
        assertBusy(() -> {
            assertEquals(2, nodes().size());
            nodes().values()
                    .forEach(view -> assertEquals(State.LOADED, view.observed().state()));
        });
    }

    public void testANodeThatFailsWithoutLeavingHoldsUpNobody() throws Exception {
        List<String> nodes = start();
        String bad = nodes.get(0);
        Files.delete(internalCluster()
                .getInstance(org.opensearch.env.Environment.class, bad)
                .configDir()
                .resolve("opensearch-clip/models/tiny/config.json"));
        nodes.forEach(this::occupy);
        busy.get(bad).countDown();
        PlainActionFuture<LoadModel.Response> loading = load();
        nodes.forEach(node -> busy.get(node).countDown());
        ModelView view = loading.actionGet(LONG).model();
        view.nodes()
                .values()
                .forEach(node -> assertEquals(
                        node.name().equals(bad) ? State.FAILED : State.LOADED,
                        node.observed().state()));
        assertEquals(FirstLoad.DONE, first());
    }

    public void testANodeThatStartsWithoutLoadingLoadsWhenAsked() throws Exception {
        start();
        assertEquals("LOADED", load().actionGet(LONG).model().state());
        String late = internalCluster()
                .startDataOnlyNode(Settings.builder()
                        .put("plugins.clip.load.at_start", false)
                        .build());
        ModelView.OnNode view = nodes().values().stream()
                .filter(node -> node.name().equals(late))
                .findFirst()
                .orElseThrow();
        assertEquals(State.UNLOADED, view.observed().state());
        assertThat(view.observed().reason(), containsString("[plugins.clip.load.at_start] is false"));
        assertEquals("LOADED", load().actionGet(LONG).model().state());
        assertEquals(4, nodes().size());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
