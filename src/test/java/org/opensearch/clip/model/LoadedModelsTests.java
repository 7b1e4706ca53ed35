// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.action.support.clustermanager.AcknowledgedResponse;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.model.LoadedModels.Loaded;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.clip.settings.LifecycleSettings;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.block.ClusterBlocks;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodeRole;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.common.util.set.Sets;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.gateway.GatewayService;
import org.opensearch.test.ClusterServiceUtils;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

/** What a node makes of a sequence of cluster states, with loads that end when the test says so. */
public class LoadedModelsTests extends OpenSearchTestCase {

    private static final TimeValue LONG = TimeValue.timeValueSeconds(60);
    private static final DeclaredModel MODEL = ModelMetadataTests.model("m").with(Desired.LOADED);

    /** One call of the loader, waiting for its outcome. */
    private record Attempt(DeclaredModel model, CompletableFuture<Void> outcome) {
        void succeed() {
            outcome.complete(null);
        }

        void fail(Throwable e) {
            outcome.completeExceptionally(e);
        }
    }

    private final BlockingQueue<Attempt> attempts = new LinkedBlockingQueue<>();
    private final AtomicInteger open = new AtomicInteger();
    private ThreadPool threadPool;
    private ClusterService cluster;
    private LoadedModels models;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threadPool = new TestThreadPool(getTestName(), LoadedModels.pools());
        DiscoveryNode local =
                UpdateModelsTests.node("local", UpdateModelsTests.WITH_PLUGIN, DiscoveryNodeRole.BUILT_IN_ROLES);
        cluster = ClusterServiceUtils.createClusterService(
                threadPool,
                local,
                new ClusterSettings(
                        Settings.EMPTY,
                        Sets.union(ClusterSettings.BUILT_IN_CLUSTER_SETTINGS, Set.of(LifecycleSettings.MODEL_TTL))));
        models = models(cluster, threadPool, this::load);
        models.start();
    }

    @Override
    public void tearDown() throws Exception {
        models.close();
        cluster.close();
        terminate(threadPool);
        super.tearDown();
        assertEquals("models left open", 0, open.get());
    }

    public void testAFolderThatNestsWithoutEndEndsTheTidyingAndNotTheNode() throws Exception {
        models.close();
        models = models(cluster, threadPool, new LoadedModels.Loader() {
            @Override
            public void sweep() {
                throw new StackOverflowError();
            }

            @Override
            public Loaded load(DeclaredModel model, Progress progress) {
                return LoadedModelsTests.this.load(model, progress);
            }
        });
        models.start();
        declare(MODEL);
        attempt().succeed();
        acquire().close();
    }

    /** The models of a cluster of one node, which is its own manager. */
    static LoadedModels models(ClusterService cluster, ThreadPool threadPool, LoadedModels.Loader loader) {
        return new LoadedModels(cluster, threadPool, loader, new LoadTurns(cluster, threadPool, (request, listener) -> {
            ClusterServiceUtils.setState(cluster, request.apply(cluster.state()));
            listener.onResponse(new AcknowledgedResponse(true));
        }));
    }

    private Loaded load(DeclaredModel model, Progress progress) {
        Attempt attempt = new Attempt(model, new CompletableFuture<>());
        attempts.add(attempt);
        try {
            attempt.outcome.get();
        } catch (Exception e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        }
        open.incrementAndGet();
        return new Loaded(null, 1000, "cpu", null, List.of(), open::decrementAndGet);
    }

    private Attempt attempt() throws InterruptedException {
        Attempt attempt = attempts.poll(60, TimeUnit.SECONDS);
        assertNotNull("nothing is being loaded", attempt);
        return attempt;
    }

    private void change(UnaryOperator<ModelMetadata> change) {
        ClusterState state = cluster.state();
        ClusterServiceUtils.setState(
                cluster, change.apply(ModelMetadata.of(state)).in(state));
    }

    private void declare(DeclaredModel model) {
        change(metadata -> metadata.with(model));
    }

    private Ref acquire() {
        PlainActionFuture<Ref> future = new PlainActionFuture<>();
        models.acquire("m", LONG, future);
        return future.actionGet(LONG);
    }

    private String refused(RestStatus status, TimeValue wait) {
        PlainActionFuture<Ref> future = new PlainActionFuture<>();
        models.acquire("m", wait, future);
        Exception e = expectThrows(Exception.class, () -> future.actionGet(LONG));
        assertEquals(e.toString(), status, ExceptionsHelper.status(e));
        return e.getMessage();
    }

    private void assertState(State state, String reason) throws Exception {
        assertBusy(() -> {
            Observed observed = models.observed().getFirst();
            assertEquals(state, observed.state());
            assertEquals(reason, observed.reason());
        });
    }

    private void assertOpen(int expected) throws Exception {
        assertBusy(() -> assertEquals(expected, open.get()));
    }

    public void testLoadsWhatIsWantedAndHandsItOut() throws Exception {
        declare(MODEL);
        attempt().succeed();
        try (Ref ref = acquire()) {
            assertEquals(MODEL, ref.model());
        }
        Observed observed = models.observed().getFirst();
        assertEquals(State.LOADED, observed.state());
        assertEquals(1000, observed.bytes());
        assertEquals("cpu", observed.device());
        assertTrue(models.eligible("m"));
    }

    public void testSaysWhyThereIsNoModel() {
        assertThat(refused(RestStatus.NOT_FOUND, LONG), containsString("model [m] is not declared"));
        declare(MODEL.with(Desired.UNLOADED));
        assertThat(refused(RestStatus.CONFLICT, LONG), containsString("POST /_plugins/_clip/models/m/_load"));
        assertTrue(models.observed().isEmpty());
    }

    public void testModelOfOtherNodesIsNotForThisOne() {
        declare(new DeclaredModel(
                "m",
                MODEL.source(),
                MODEL.files(),
                Map.of(),
                MODEL.fingerprint(),
                256,
                List.of(),
                Desired.LOADED,
                "elsewhere",
                null,
                null));
        assertFalse(models.eligible("m"));
        assertThat(refused(RestStatus.CONFLICT, LONG), containsString("see [nodes] of its declaration"));
    }

    public void testCallerWaitsForTheLoadAndIsCalledUnderHisContextOnGeneric() throws Exception {
        declare(MODEL);
        Attempt attempt = attempt();
        AtomicReference<String> user = new AtomicReference<>();
        AtomicReference<String> thread = new AtomicReference<>();
        PlainActionFuture<Ref> future = new PlainActionFuture<>();
        try (ThreadContext.StoredContext ignored = threadPool.getThreadContext().stashContext()) {
            threadPool.getThreadContext().putHeader("user", "alice");
            models.acquire("m", LONG, ActionListener.runBefore(future, () -> {
                user.set(threadPool.getThreadContext().getHeader("user"));
                thread.set(Thread.currentThread().getName());
            }));
        }
        assertFalse(future.isDone());
        attempt.succeed();
        future.actionGet(LONG).close();
        assertEquals("alice", user.get());
        assertThat(thread.get(), containsString("[generic]"));
    }

    public void testCallerGivesUpWaiting() throws Exception {
        declare(MODEL);
        Attempt attempt = attempt();
        assertThat(
                refused(RestStatus.SERVICE_UNAVAILABLE, TimeValue.timeValueMillis(1)), containsString("still loading"));
        assertThat(refused(RestStatus.SERVICE_UNAVAILABLE, TimeValue.ZERO), containsString("still loading"));
        attempt.succeed();
        acquire().close();
    }

    public void testFailureIsShownToWhoeverWaitsAndTriedAgainWhenAsked() throws Exception {
        declare(MODEL);
        Attempt first = attempt();
        PlainActionFuture<Ref> waiting = new PlainActionFuture<>();
        models.acquire("m", LONG, waiting);
        first.fail(new ModelException("file [config.json] is missing on this node"));
        Exception e = expectThrows(Exception.class, () -> waiting.actionGet(LONG));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, ExceptionsHelper.status(e));
        assertThat(e.getMessage(), containsString("file [config.json] is missing"));
        assertState(State.FAILED, "file [config.json] is missing on this node");
        refused(RestStatus.SERVICE_UNAVAILABLE, LONG);

        models.retry("m");
        attempt().succeed();
        acquire().close();
        assertState(State.LOADED, null);
    }

    public void testARefusalOfItsFilesIsToldFromAFailureThatMayPass() throws Exception {
        declare(MODEL);
        attempt().fail(new ModelException("no room"));
        assertState(State.FAILED, "no room");
        assertFalse(models.observed().getFirst().refused());
        models.retry("m");
        attempt().fail(ModelException.refusal("graph is refused", null));
        assertState(State.FAILED, "graph is refused");
        assertBusy(() -> assertTrue(models.observed().getFirst().refused()));
        models.retry("m");
        attempt().succeed();
        acquire().close();
        assertFalse(models.observed().getFirst().refused());
    }

    /** What the readers' own limits have not stopped; at a load see above. */
    public void testAFileThatNestsWithoutEndFailsItsDeclarationAndNotTheNode() {
        Exception e = expectThrows(
                IllegalArgumentException.class, () -> PutModel.Transport.bounded("m", () -> nested(new Object[1])));
        assertEquals("model [m]: one of its files nests deeper than this node can read", e.getMessage());
        assertEquals("read", PutModel.Transport.bounded("m", () -> "read"));
    }

    private static int nested(Object[] file) {
        return file.length == 0 ? 0 : 1 + nested(new Object[] {file});
    }

    public void testFailureIsTriedAgainByItself() throws Exception {
        declare(MODEL);
        attempt().fail(new ModelException("broken"));
        attempt().succeed();
        acquire().close();
    }

    public void testReasonOfAnUnexpectedFailureHoldsNoPath() throws Exception {
        declare(MODEL);
        attempt().fail(new IllegalStateException("/etc/opensearch/secret"));
        assertState(State.FAILED, "unexpected IllegalStateException, see the log of this node");
    }

    public void testMissingNativeLibraryFailsTheModelAndNotTheNode() throws Exception {
        declare(MODEL);
        attempt().fail(new UnsatisfiedLinkError("libonnxruntime.so"));
        assertState(State.FAILED, "unexpected UnsatisfiedLinkError, see the log of this node");
    }

    public void testAFileThatNestsWithoutEndFailsTheModelAndNotTheNode() throws Exception {
        declare(MODEL);
        attempt().fail(new StackOverflowError());
        assertState(State.FAILED, "one of its files nests deeper than this node can read");
    }

    public void testUnloadsWhenTheLastUserIsDone() throws Exception {
        declare(MODEL);
        attempt().succeed();
        Ref one = acquire();
        Ref two = acquire();
        declare(MODEL.with(Desired.UNLOADED));
        refused(RestStatus.CONFLICT, LONG);
        one.close();
        one.close();
        assertEquals(1, open.get());
        two.close();
        assertOpen(0);
    }

    public void testModelDeletedWhileItLoadsIsClosedAndNeverHandedOut() throws Exception {
        declare(MODEL);
        Attempt attempt = attempt();
        PlainActionFuture<Ref> waiting = new PlainActionFuture<>();
        models.acquire("m", LONG, waiting);
        change(metadata -> metadata.without("m"));
        Exception e = expectThrows(Exception.class, () -> waiting.actionGet(LONG));
        assertEquals(RestStatus.NOT_FOUND, ExceptionsHelper.status(e));
        attempt.succeed();
        assertOpen(0);
        assertTrue(models.observed().isEmpty());
    }

    public void testChangedDeviceLoadsAnewWhileTheOldOneServes() throws Exception {
        declare(MODEL);
        attempt().succeed();
        acquire().close();
        DeclaredModel moved = new DeclaredModel(
                "m",
                MODEL.source(),
                MODEL.files(),
                MODEL.overrides(),
                MODEL.fingerprint(),
                256,
                MODEL.dimensions(),
                Desired.LOADED,
                null,
                "cuda",
                null);
        declare(moved);
        Attempt attempt = attempt();
        assertEquals(moved, attempt.model());
        assertState(State.LOADING, null);
        try (Ref ref = acquire()) {
            assertEquals(MODEL, ref.model());
        }
        attempt.fail(new ModelException("device [cuda] is not available"));
        assertState(State.LOADED, "device [cuda] is not available");
        acquire().close();

        models.retry("m");
        attempt().succeed();
        assertState(State.LOADED, null);
        try (Ref ref = acquire()) {
            assertEquals(moved, ref.model());
        }
        assertOpen(1);
    }

    public void testModelDeclaredAnewUnderAnOldNameNeverServesTheOldVectors() throws Exception {
        declare(MODEL);
        attempt().succeed();
        acquire().close();
        DeclaredModel other = new DeclaredModel(
                "m",
                Map.of("path", "other"),
                MODEL.files(),
                Map.of(),
                "e".repeat(32),
                256,
                List.of(),
                Desired.LOADED,
                null,
                null,
                null);
        declare(other);
        Attempt attempt = attempt();
        refused(RestStatus.SERVICE_UNAVAILABLE, TimeValue.ZERO);
        attempt.succeed();
        try (Ref ref = acquire()) {
            assertEquals(other, ref.model());
        }
        assertOpen(1);
    }

    public void testNodeThatDoesNotKnowTheMetadataYetKeepsWhatItHolds() throws Exception {
        declare(MODEL);
        attempt().succeed();
        acquire().close();
        ClusterState state = cluster.state();
        ClusterServiceUtils.setState(
                cluster,
                ClusterState.builder(ModelMetadata.EMPTY.in(state))
                        .blocks(ClusterBlocks.builder().addGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK)));
        acquire().close();
        ClusterServiceUtils.setState(cluster, state);
        acquire().close();
        assertTrue("nothing was loaded again", attempts.isEmpty());
    }

    public void testClosingTheNodeEndsTheWaiting() throws Exception {
        declare(MODEL);
        Attempt attempt = attempt();
        PlainActionFuture<Ref> waiting = new PlainActionFuture<>();
        models.acquire("m", LONG, waiting);
        models.close();
        assertEquals(
                RestStatus.SERVICE_UNAVAILABLE,
                ExceptionsHelper.status(expectThrows(Exception.class, () -> waiting.actionGet(LONG))));
        attempt.succeed();
    }
}
