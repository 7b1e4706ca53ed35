// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.lucene.tests.util.LuceneTestCase;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.model.LoadedModels.Loaded;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.clip.settings.LifecycleSettings;
import org.opensearch.cluster.node.DiscoveryNodeRole;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.set.Sets;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.ClusterServiceUtils;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

/** Models that ended this node while they were loaded, or would have if an error had been let through; loads take what the test gives them. */
@LuceneTestCase.SuppressFileSystems("ExtrasFS") // it puts files of its own into new folders
public class CrashedModelsTests extends OpenSearchTestCase {

    private static final TimeValue LONG = TimeValue.timeValueSeconds(60);
    private static final DeclaredModel MODEL = ModelMetadataTests.model("m").with(Desired.LOADED);

    private final Map<String, AtomicInteger> loads = new ConcurrentHashMap<>();
    private final AtomicInteger scheduled = new AtomicInteger();
    private volatile Runnable load = () -> {};
    private Path folder;
    private LoadMarkers markers;
    private ThreadPool threadPool;
    private ClusterService cluster;
    private LoadedModels models;

    private final class MarkedLoads implements LoadedModels.Loader {
        @Override
        public void require(DeclaredModel model) {
            markers.require(model, "");
        }

        @Override
        public Loaded load(DeclaredModel model, Progress progress) {
            loads.computeIfAbsent(model.id(), id -> new AtomicInteger()).incrementAndGet();
            try (LoadMarkers.Towers towers = markers.towers(model, "")) {
                towers.enter(Modality.TEXT);
                load.run();
                towers.passed();
            }
            return new Loaded(null, 1000, "cpu", null, List.of(), () -> {});
        }

        @Override
        public void forgive(DeclaredModel model) {
            markers.forget(model);
        }

        @Override
        public void stop() {
            markers.stop();
        }
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        folder = createTempDir().resolve("loading");
        threadPool = new TestThreadPool(getTestName(), LoadedModels.pools()) {
            @Override
            public ScheduledCancellable schedule(Runnable command, TimeValue delay, String executor) {
                scheduled.incrementAndGet();
                return super.schedule(command, delay, executor);
            }
        };
        cluster = ClusterServiceUtils.createClusterService(
                threadPool,
                UpdateModelsTests.node("local", UpdateModelsTests.WITH_PLUGIN, DiscoveryNodeRole.BUILT_IN_ROLES),
                new ClusterSettings(
                        Settings.EMPTY,
                        Sets.union(ClusterSettings.BUILT_IN_CLUSTER_SETTINGS, Set.of(LifecycleSettings.MODEL_TTL))));
    }

    @Override
    public void tearDown() throws Exception {
        models.close();
        cluster.close();
        terminate(threadPool);
        super.tearDown();
    }

    /** A process that was killed in the middle of a load. */
    private void crash() {
        new LoadMarkers(folder).towers(MODEL, "").enter(Modality.TEXT);
    }

    private void start() {
        markers = new LoadMarkers(folder);
        models = LoadedModelsTests.models(cluster, threadPool, new MarkedLoads());
        models.start();
    }

    private void declare(DeclaredModel model) {
        ClusterServiceUtils.setState(
                cluster, ModelMetadata.of(cluster.state()).with(model).in(cluster.state()));
    }

    private Observed observed(String id) {
        return models.observed().stream()
                .filter(model -> model.modelId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private void assertState(String id, State state, String reason) throws Exception {
        assertBusy(() -> {
            assertEquals(state, observed(id).state());
            assertEquals(reason, observed(id).reason());
        });
    }

    private int loads() {
        return loads.getOrDefault("m", new AtomicInteger()).get();
    }

    /** What is tried again by itself is scheduled before its state is seen. */
    private void assertNotTriedAgain(int loads) {
        assertEquals(0, scheduled.get());
        assertEquals(loads, loads());
    }

    public void testTheNodeStartsWithoutTheModelThatEndedItAndWithEveryOther() throws Exception {
        crash();
        start();
        declare(MODEL);
        DeclaredModel other = new DeclaredModel(
                "other",
                MODEL.source(),
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
        String why = "this model ended the node while it was loaded; POST _load tries it again";
        assertState("m", State.FAILED, why);
        assertState("other", State.LOADED, null);
        PlainActionFuture<Ref> asking = new PlainActionFuture<>();
        models.acquire("m", LONG, asking);
        Exception refusal = expectThrows(Exception.class, () -> asking.actionGet(LONG));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, ExceptionsHelper.status(refusal));
        assertThat(refusal.getMessage(), containsString(why));
        assertNotTriedAgain(0);

        models.retry("m");
        assertState("m", State.LOADED, null);
        assertEquals(1, loads());
    }

    public void testANodeThatIsStoppedInTheMiddleOfALoadLoadsItAtItsNextStart() throws Exception {
        start();
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        load = () -> {
            busy.countDown();
            await(goOn);
        };
        declare(MODEL);
        assertTrue(busy.await(60, TimeUnit.SECONDS));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(1, files.count());
        }
        models.stop();
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
        goOn.countDown();
        models.close();

        load = () -> {};
        start();
        declare(MODEL.with(Desired.UNLOADED));
        declare(MODEL);
        assertState("m", State.LOADED, null);
    }

    public void testAStackThatOverflowsFailsTheModelAndNotTheNode() throws Exception {
        start();
        load = () -> assertTrue(deep(0) < 0);
        declare(MODEL);
        assertState("m", State.FAILED, "one of its files nests deeper than this node can read");
        load = () -> {};
        models.retry("m");
        assertState("m", State.LOADED, null);
    }

    public void testHeapThatDoesNotSufficeFailsTheModelAndNotTheNode() throws Exception {
        start();
        load = () -> assertEquals(0, new long[1 << 10][1 << 28].length);
        declare(MODEL);
        assertState("m", State.FAILED, "its load took more heap than this node has; POST _load tries it again");
        assertNotTriedAgain(1);
        load = () -> {};
        models.retry("m");
        assertState("m", State.LOADED, null);
    }

    public void testAnyOtherFailureIsTriedAgainByItself() throws Exception {
        start();
        load = () -> {
            throw new ModelException("broken");
        };
        declare(MODEL);
        assertState("m", State.FAILED, "broken");
        assertEquals(1, scheduled.get());
        load = () -> {};
        assertState("m", State.LOADED, null);
    }

    private static int deep(int depth) {
        return depth < 0 ? 0 : 1 + deep(depth + 1);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(60, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
