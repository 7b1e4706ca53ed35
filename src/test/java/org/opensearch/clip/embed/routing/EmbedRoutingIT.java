// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.admin.cluster.node.tasks.cancel.CancelTasksRequest;
import org.opensearch.action.support.IndicesOptions;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.TinyFolder;
import org.opensearch.clip.UntrainedKnnPlugin;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.Target;
import org.opensearch.clip.model.DeleteModel;
import org.opensearch.clip.model.LoadModel;
import org.opensearch.clip.model.LoadedModels;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.model.PutModel;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.test.OpenSearchIntegTestCase.ClusterScope;
import org.opensearch.test.OpenSearchIntegTestCase.Scope;
import org.opensearch.threadpool.ThreadPool;

/** A request finds a node that holds its model, whichever node is asked. */
@SuppressForbidden(reason = "files of this project, and a server for tests")
@ClusterScope(scope = Scope.SUITE, numDataNodes = 2, numClientNodes = 1, supportsDedicatedMasters = false)
public class EmbedRoutingIT extends OpenSearchIntegTestCase {

    /** Nothing here waits for it to pass. */
    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(2);

    /** Whether a node that starts now has the model's files; nodes are configured by whichever instance came first. */
    private static final AtomicBoolean WITH_FILES = new AtomicBoolean(true);

    private String holder;
    private String other;
    private String coordinator;
    private final List<HttpServer> servers = new ArrayList<>();
    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(UntrainedKnnPlugin.class, PainlessModulePlugin.class, ClipPlugin.class);
    }

    @Override
    protected Settings nodeSettings(int nodeOrdinal) {
        return Settings.builder()
                .put(super.nodeSettings(nodeOrdinal))
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.image.url.timeout", "2m")
                .put("plugins.clip.load.wait", "5s")
                .build();
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        Path config = createTempDir();
        return WITH_FILES.get() ? TinyFolder.in(config) : config;
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        for (DiscoveryNode node : clusterService().state().nodes()) {
            if (!node.isDataNode()) {
                coordinator = node.getName();
            } else if (holder == null) {
                holder = node.getName();
            } else {
                other = node.getName();
            }
        }
    }

    @Override
    public void tearDown() throws Exception {
        WITH_FILES.set(true);
        never.countDown();
        servers.forEach(server -> server.stop(0));
        if (ModelMetadata.of(clusterService().state()).model("tiny").isPresent()) {
            client().execute(DeleteModel.ACTION, new DeleteModel.Request("tiny", true))
                    .actionGet(AMPLE);
        }
        super.tearDown();
    }

    private static void declare(String nodes) {
        Map<String, Object> body = Map.of("source", Map.of("path", "tiny"), "nodes", nodes);
        client().execute(PutModel.ACTION, new PutModel.Request("tiny", body, true, AMPLE, false))
                .actionGet(AMPLE);
    }

    private static Request texts(String... texts) {
        List<Source> inputs = Stream.of(texts).<Source>map(Source.Text::new).toList();
        return new Request("tiny", inputs, Lane.SEARCH, Side.QUERY, null, null);
    }

    private static float[] ask(String node, String text) {
        Response response = client(node).execute(Embed.ACTION, texts(text)).actionGet(AMPLE);
        Result result = response.results().getFirst();
        assertTrue(result.toString(), result instanceof Vector);
        return ((Vector) result).values();
    }

    private static long embedded(String node) {
        Map<?, ?> models = (Map<?, ?>)
                internalCluster().getInstance(ClipStats.class, node).snapshot().get("models");
        Map<?, ?> tiny = (Map<?, ?>) models.get("tiny");
        Object texts = tiny == null ? null : ((Map<?, ?>) tiny.get("embedded")).get("texts");
        return texts == null ? 0 : (Long) texts;
    }

    public void testTheNodeThatHoldsTheModelAnswersWhicheverIsAsked() {
        declare(holder);
        long before = embedded(holder);
        float[] vector = ask(holder, "a photo of a dog");
        for (String node : List.of(other, coordinator)) {
            assertArrayEquals(node, vector, ask(node, "a photo of a dog"), 1e-5f);
        }
        assertEquals(3, embedded(holder) - before);
    }

    public void testANodeThatHoldsTheModelKeepsItsRequests() {
        declare("data:true");
        long here = embedded(holder);
        long there = embedded(other);
        for (int i = 0; i < 10; i++) {
            ask(holder, "text " + i);
        }
        assertEquals(10, embedded(holder) - here);
        assertEquals(0, embedded(other) - there);
    }

    public void testGoesOnToTheNextNodeWhenOneFailedToLoad() throws Exception {
        declare("data:true");
        float[] vector = ask(holder, "red shoe");
        WITH_FILES.set(false);
        String empty = internalCluster().startDataOnlyNode(named("empty"));
        for (int i = 0; i < 5; i++) {
            assertArrayEquals(vector, ask(empty, "red shoe"), 1e-5f);
            assertArrayEquals(vector, ask(coordinator, "red shoe"), 1e-5f);
        }
        assertEquals(0, embedded(empty));
        stop(empty);
    }

    public void testVerifiesEveryNodeThatHoldsTheModelAndSaysWhyAnotherDoesNot() throws Exception {
        declare("data:true");
        float[] vector = ask(holder, "red shoe");
        WITH_FILES.set(false);
        String empty = internalCluster().startDataOnlyNode(named("empty"));
        var goldens = new Goldens(List.of(new Source.Text("red shoe")), List.of(vector), Side.QUERY, "fp32", Map.of());
        VerifyModel.Response response = client(coordinator)
                .execute(VerifyModel.ACTION, new VerifyModel.Request("tiny", goldens, AMPLE))
                .actionGet(AMPLE);
        assertTrue(response.passed());
        Map<String, VerifyModel.OnNode> nodes =
                response.nodes().stream().collect(Collectors.toMap(VerifyModel.OnNode::name, node -> node));
        assertEquals(Set.of(holder, other, empty), nodes.keySet());
        assertTrue(nodes.get(holder).verdict().passed());
        assertTrue(nodes.get(other).verdict().passed());
        assertNull(nodes.get(empty).verdict());
        String reason = nodes.get(empty).reason();
        assertTrue(reason, reason.contains("model [tiny]") && !reason.contains("127.0.0.1"));
        stop(empty);
    }

    public void testGoesOnWithTheOtherNodesWhenOneLeaves() throws Exception {
        String leaving = internalCluster().startDataOnlyNode(named("leaving"));
        declare(holder + "," + leaving);
        float[] vector = ask(coordinator, "red shoe");
        stop(leaving);
        long before = embedded(holder);
        for (int i = 0; i < 5; i++) {
            assertArrayEquals(vector, ask(coordinator, "red shoe"), 1e-5f);
        }
        assertEquals(5, embedded(holder) - before);
    }

    private static Settings named(String name) {
        return Settings.builder().put("node.name", name).build();
    }

    private static void stop(String node) throws IOException {
        internalCluster().stopRandomNode(settings -> node.equals(settings.get("node.name")));
    }

    public void testSaysWhyThereIsNoAnswer() {
        var unknown = client(coordinator).execute(Embed.ACTION, texts("a"));
        Exception e = expectThrows(ResourceNotFoundException.class, () -> unknown.actionGet(AMPLE));
        assertTrue(e.getMessage(), e.getMessage().contains("model [tiny] is not declared"));
        declare(holder);
        client().execute(LoadModel.UNLOAD, new LoadModel.Request("tiny", AMPLE, false))
                .actionGet(AMPLE);
        for (String node : List.of(coordinator, holder)) {
            var unloaded = client(node).execute(Embed.ACTION, texts("a"));
            e = expectThrows(OpenSearchStatusException.class, () -> unloaded.actionGet(AMPLE));
            assertEquals(RestStatus.CONFLICT, ExceptionsHelper.status(e));
            assertTrue(e.getMessage(), e.getMessage().contains("/_plugins/_clip/models/tiny/_load"));
        }
    }

    public void testInputsByUrlNeedTheirOwnAction() {
        Request request = new Request(
                "tiny", List.of(new Source.Image("http://127.0.0.1/")), Lane.SEARCH, Side.QUERY, null, null);
        var answer = client().execute(Embed.ACTION, request);
        Exception e = expectThrows(IllegalArgumentException.class, () -> answer.actionGet(AMPLE));
        assertTrue(e.getMessage(), e.getMessage().contains(Embed.BY_URL.name()));
    }

    public void testTheModelMayComeFromTheIndexAndIsCheckedAgainstItsMapping() {
        declare(holder);
        String mapping = """
                {"properties": {"fits": {"type": "knn_vector", "dimension": 24},
                                "short": {"type": "knn_vector", "dimension": 8}, "title": {"type": "text"}}}""";
        client().admin()
                .indices()
                .prepareCreate("pictures")
                .setMapping(mapping)
                .setSettings(Settings.builder().put("index.knn", true).put("index.clip.model_id", "tiny"))
                .get();
        assertEquals(
                1,
                ask(new Target(new String[] {"pict*"}, IndicesOptions.lenientExpandOpen(), "fits", 0))
                        .results()
                        .size());
        assertEquals(
                1,
                ask(new Target(new String[] {"pictures"}, IndicesOptions.lenientExpandOpen(), "short", 8))
                        .results()
                        .size());
        for (Target wrong : List.of(
                new Target(new String[] {"pictures"}, IndicesOptions.lenientExpandOpen(), "short", 0),
                new Target(new String[] {"pictures"}, IndicesOptions.lenientExpandOpen(), "title", 0),
                new Target(new String[] {"pictures"}, IndicesOptions.lenientExpandOpen(), "nothing", 0))) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> ask(wrong));
            assertTrue(e.getMessage(), e.getMessage().contains("field [" + wrong.field() + "]"));
        }
    }

    private Response ask(Target target) {
        Request request = new Request(null, texts("a").inputs(), Lane.SEARCH, Side.QUERY, null, target);
        return client(coordinator).execute(Embed.ACTION, request).actionGet(AMPLE);
    }

    public void testTheCallerGoesOnAsHimselfAfterARequestThatTravelled() throws Exception {
        declare(holder);
        ThreadContext context = client(coordinator).threadPool().getThreadContext();
        Request unknown = new Request("unknown", texts("a").inputs(), Lane.SEARCH, Side.QUERY, null, null);
        for (Request request : List.of(texts("a"), texts(" "), unknown)) {
            PlainActionFuture<List<Object>> end = new PlainActionFuture<>();
            Runnable note = () -> end.onResponse(List.of(
                    context.getHeader("user"),
                    context.getTransient("user"),
                    Thread.currentThread().getName()));
            try (ThreadContext.StoredContext ignored = context.stashContext()) {
                context.putHeader("user", "alice");
                context.putTransient("user", "alice");
                client(coordinator).execute(Embed.ACTION, request, ActionListener.wrap(note));
            }
            List<Object> as = end.actionGet(AMPLE);
            assertEquals(List.of("alice", "alice"), as.subList(0, 2));
            assertTrue(as.toString(), as.get(2).toString().contains("[generic]"));
        }
    }

    public void testARequestThatTravelledIsCancelledWithTheOneWhoAsked() throws Exception {
        declare(holder);
        PlainActionFuture<Response> answer = askWithSlowPicture(coordinator);
        assertEquals(1, searching(holder));
        client().admin()
                .cluster()
                .cancelTasks(new CancelTasksRequest().setActions(Embed.BY_URL.name()))
                .actionGet(AMPLE);
        expectThrows(TaskCancelledException.class, () -> answer.actionGet(AMPLE));
        assertBusy(() -> assertEquals(0, searching(holder)));
    }

    public void testARequestThatIsCancelledWhileItWaitsForALoadIsCounted() throws Exception {
        waitForLoads(AMPLE);
        ThreadPool threadPool = internalCluster().getInstance(ThreadPool.class, holder);
        CountDownLatch mayLoad = new CountDownLatch(1);
        CountDownLatch busy = new CountDownLatch(2);
        try {
            for (int i = 0; i < threadPool.info(LoadedModels.POOL).getMax(); i++) {
                threadPool.executor(LoadedModels.POOL).execute(() -> {
                    busy.countDown();
                    try {
                        mayLoad.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
            }
            busy.await();
            Map<String, Object> body = Map.of("source", Map.of("path", "tiny"), "nodes", holder);
            client(other)
                    .execute(PutModel.ACTION, new PutModel.Request("tiny", body, true, TimeValue.ZERO, false))
                    .actionGet(AMPLE);
            for (String node : List.of(holder, coordinator)) {
                long before = cancelled(holder);
                PlainActionFuture<Response> answer = new PlainActionFuture<>();
                client(node).execute(Embed.ACTION, texts("a dog"), answer);
                String action = node.equals(holder) ? Embed.ACTION.name() : Forward.HOP.name();
                assertBusy(() -> assertFalse(client(holder)
                        .admin()
                        .cluster()
                        .prepareListTasks(holder)
                        .setActions(action)
                        .get()
                        .getTasks()
                        .isEmpty()));
                client().admin()
                        .cluster()
                        .cancelTasks(new CancelTasksRequest().setActions(Embed.ACTION.name()))
                        .actionGet(AMPLE);
                expectThrows(TaskCancelledException.class, () -> answer.actionGet(AMPLE));
                assertBusy(() -> assertEquals(before + 1, cancelled(holder)));
            }
            assertEquals(0, cancelled(coordinator));
        } finally {
            mayLoad.countDown();
            waitForLoads(null);
        }
    }

    private static void waitForLoads(TimeValue wait) {
        Settings.Builder settings = Settings.builder();
        if (wait == null) {
            settings.putNull("plugins.clip.load.wait");
        } else {
            settings.put("plugins.clip.load.wait", wait);
        }
        client().admin()
                .cluster()
                .prepareUpdateSettings()
                .setTransientSettings(settings)
                .get();
    }

    private static long cancelled(String node) {
        Map<?, ?> models = (Map<?, ?>)
                internalCluster().getInstance(ClipStats.class, node).snapshot().get("models");
        Map<?, ?> tiny = (Map<?, ?>) models.get("tiny");
        Object count = tiny == null ? null : ((Map<?, ?>) tiny.get("failures")).get("cancelled");
        return count == null ? 0 : (Long) count;
    }

    public void testANodeThatClosesTellsItsCallers() throws Exception {
        String closing = internalCluster().startDataOnlyNode(named("closing"));
        declare(closing);
        PlainActionFuture<Response> here = askWithSlowPicture(closing);
        PlainActionFuture<Response> there = askWithSlowPicture(coordinator);
        stop(closing);
        for (var answer : List.of(here, there)) {
            OpenSearchException e = expectThrows(OpenSearchException.class, () -> answer.actionGet(AMPLE));
            assertEquals(e.getMessage(), RestStatus.SERVICE_UNAVAILABLE, e.status());
            assertEquals(List.of("5"), e.getHeader("Retry-After"));
        }
    }

    /** @return the answer to a request that waits for a picture, which never comes */
    private PlainActionFuture<Response> askWithSlowPicture(String node) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            asked.countDown();
            try {
                never.await(2, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        server.start();
        servers.add(server);
        Source picture =
                new Source.Image("http://127.0.0.1:" + server.getAddress().getPort() + "/");
        PlainActionFuture<Response> answer = new PlainActionFuture<>();
        client(node)
                .execute(
                        Embed.BY_URL,
                        new Request("tiny", List.of(picture), Lane.SEARCH, Side.QUERY, AMPLE, null),
                        answer);
        assertTrue(asked.await(1, TimeUnit.MINUTES));
        return answer;
    }

    private static int searching(String node) {
        Map<?, ?> lanes = (Map<?, ?>)
                internalCluster().getInstance(ClipStats.class, node).snapshot().get("lanes");
        return (Integer) lanes.get("search_requests");
    }
}
