// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.model.LoadedModels.Loaded;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.clip.settings.LifecycleSettings;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.cluster.node.DiscoveryNodeRole;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.set.Sets;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.ClusterServiceUtils;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.Scheduler;
import org.opensearch.threadpool.TestThreadPool;

/** What becomes of a model that nobody asks for, on a clock that moves when the test says so. */
public class IdleModelsTests extends OpenSearchTestCase {

    private static final TimeValue LONG = TimeValue.timeValueSeconds(60);
    private static final TimeValue TTL = TimeValue.timeValueMinutes(30);
    private static final long BYTES = 1000;

    /** Real but for the clock, and what it is to do later on the timer's own thread: that is done when the clock is moved. */
    private static final class HandClock extends TestThreadPool {
        private record Timer(Runnable task, long due) {}

        private final AtomicLong now = new AtomicLong();
        private final List<Timer> timers = new CopyOnWriteArrayList<>();

        HandClock(String name) {
            super(name, LoadedModels.pools());
        }

        @Override
        public long relativeTimeInMillis() {
            return now == null ? 0 : now.get();
        }

        @Override
        public Scheduler.ScheduledCancellable schedule(Runnable task, TimeValue delay, String executor) {
            if (!executor.equals(Names.SAME)) {
                return super.schedule(task, delay, executor);
            }
            Timer timer = new Timer(task, relativeTimeInMillis() + delay.millis());
            timers.add(timer);
            Scheduler.ScheduledCancellable never = super.schedule(() -> {}, TimeValue.timeValueHours(1), executor);
            return new Scheduler.ScheduledCancellable() {
                @Override
                public boolean cancel() {
                    return never.cancel() && timers.remove(timer);
                }

                @Override
                public boolean isCancelled() {
                    return never.isCancelled();
                }

                @Override
                public long getDelay(java.util.concurrent.TimeUnit unit) {
                    return never.getDelay(unit);
                }

                @Override
                public int compareTo(java.util.concurrent.Delayed other) {
                    return never.compareTo(other);
                }
            };
        }

        void pass(TimeValue time) {
            now.addAndGet(time.millis());
            for (Timer timer : timers) {
                if (timer.due <= now.get() && timers.remove(timer)) {
                    timer.task.run();
                }
            }
        }
    }

    private final AtomicInteger loads = new AtomicInteger();
    private final AtomicLong limit = new AtomicLong(Long.MAX_VALUE);
    private final MemoryLedger ledger = new MemoryLedger(limit::get);
    private TestThreadPool threadPool;
    private HandClock clock;
    private ClusterService cluster;
    private LoadedModels models;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        clock = new HandClock(getTestName());
        start(clock);
    }

    private void start(TestThreadPool pool) {
        threadPool = pool;
        cluster = ClusterServiceUtils.createClusterService(
                pool,
                UpdateModelsTests.node("local", UpdateModelsTests.WITH_PLUGIN, DiscoveryNodeRole.BUILT_IN_ROLES),
                new ClusterSettings(
                        Settings.EMPTY,
                        Sets.union(ClusterSettings.BUILT_IN_CLUSTER_SETTINGS, Set.of(LifecycleSettings.MODEL_TTL))));
        models = LoadedModelsTests.models(cluster, pool, this::load);
        models.start();
    }

    @Override
    public void tearDown() throws Exception {
        stop();
        super.tearDown();
        assertEquals("bytes left in the ledger", 0, ledger.used());
    }

    private void stop() throws Exception {
        models.close();
        cluster.close();
        terminate(threadPool);
    }

    private Loaded load(DeclaredModel model, Progress progress) {
        loads.incrementAndGet();
        MemoryLedger.Charge charge = ledger.charge(BYTES);
        return new Loaded(null, BYTES, "cpu", null, List.of(), charge);
    }

    private void declare(TimeValue ttl) {
        DeclaredModel plain = ModelMetadataTests.model("m");
        DeclaredModel model = new DeclaredModel(
                "m",
                plain.source(),
                plain.files(),
                plain.overrides(),
                plain.fingerprint(),
                plain.dimension(),
                plain.dimensions(),
                Desired.LOADED,
                null,
                null,
                ttl);
        ClusterServiceUtils.setState(
                cluster, ModelMetadata.of(cluster.state()).with(model).in(cluster.state()));
    }

    private Ref acquire() {
        PlainActionFuture<Ref> future = new PlainActionFuture<>();
        models.acquire("m", LONG, future);
        Ref ref = future.actionGet(LONG);
        models.observed(); // not before the load has ended, of which a model is handed out a moment earlier
        return ref;
    }

    private String refused() {
        PlainActionFuture<Ref> future = new PlainActionFuture<>();
        models.acquire("m", TimeValue.ZERO, future);
        Exception e = expectThrows(Exception.class, () -> future.actionGet(LONG));
        assertEquals(e.toString(), RestStatus.SERVICE_UNAVAILABLE, ExceptionsHelper.status(e));
        return e.getMessage();
    }

    private Observed observed() {
        return models.observed().getFirst();
    }

    private void assertIdle() throws Exception {
        assertEquals(State.IDLE, observed().state());
        assertEquals(0, observed().bytes());
        assertBusy(() -> assertEquals(0, ledger.used()));
    }

    private void assertLoaded() {
        assertEquals(State.LOADED, observed().state());
        assertEquals(BYTES, ledger.used());
    }

    public void testGivesItsMemoryBackAndIsLoadedByTheNextWhoAsks() throws Exception {
        declare(TTL);
        acquire().close();
        clock.pass(TimeValue.timeValueMinutes(29));
        assertLoaded();
        clock.pass(TimeValue.timeValueMinutes(1));
        assertIdle();
        assertEquals(1, loads.get());

        acquire().close();
        assertLoaded();
        assertEquals(2, loads.get());
        clock.pass(TTL);
        assertIdle();
    }

    public void testTheTimeCountsFromTheLastUse() throws Exception {
        declare(TTL);
        for (int i = 0; i < 5; i++) {
            acquire().close();
            clock.pass(TimeValue.timeValueMinutes(20));
            assertLoaded();
        }
        clock.pass(TimeValue.timeValueMinutes(10));
        assertIdle();
        assertEquals(1, loads.get());
    }

    public void testAskingWithoutWaitingWakesItToo() throws Exception {
        declare(TTL);
        acquire().close();
        clock.pass(TTL);
        assertThat(refused(), containsString("is still loading"));
        assertBusy(this::assertLoaded);
        assertEquals(2, loads.get());
    }

    public void testIsNotTakenFromHimWhoUsesIt() throws Exception {
        declare(TTL);
        Ref ref = acquire();
        for (int i = 0; i < 3; i++) {
            clock.pass(TTL);
            assertLoaded();
        }
        clock.pass(TimeValue.timeValueMinutes(29));
        ref.close();
        clock.pass(TimeValue.timeValueMinutes(29));
        assertLoaded();
        clock.pass(TTL);
        assertIdle();
        assertEquals(1, loads.get());
    }

    public void testLookingIsNoUse() throws Exception {
        declare(TTL);
        acquire().close();
        for (int i = 0; i < 29; i++) {
            clock.pass(TimeValue.timeValueMinutes(1));
            assertLoaded();
        }
        clock.pass(TimeValue.timeValueMinutes(1));
        assertIdle();
        assertEquals(State.IDLE, observed().state());
        assertEquals(1, loads.get());
    }

    public void testTheSettingIsForModelsThatDoNotSayItAndTakesEffectAtOnce() throws Exception {
        declare(null);
        acquire().close();
        clock.pass(TimeValue.timeValueDays(100));
        assertLoaded();
        usually("1h");
        clock.pass(TimeValue.timeValueMinutes(1));
        assertIdle();

        declare(TimeValue.MINUS_ONE);
        acquire().close();
        clock.pass(TimeValue.timeValueDays(100));
        assertLoaded();
        declare(null);
        clock.pass(TimeValue.timeValueMinutes(1));
        assertIdle();
        assertEquals(2, loads.get());
    }

    private void usually(String ttl) {
        Settings settings = Settings.builder()
                .put(LifecycleSettings.MODEL_TTL.getKey(), ttl)
                .build();
        ClusterServiceUtils.setState(
                cluster,
                ClusterState.builder(cluster.state())
                        .metadata(Metadata.builder(cluster.state().metadata()).persistentSettings(settings)));
    }

    public void testAnotherTimeIsNoReasonToLoadAnew() throws Exception {
        declare(TTL);
        acquire().close();
        declare(TimeValue.timeValueMinutes(5));
        clock.pass(TimeValue.timeValueMinutes(5));
        assertIdle();
        declare(TTL);
        assertIdle();
        assertEquals(1, loads.get());
    }

    public void testLoadsWhenToldTo() throws Exception {
        declare(TTL);
        acquire().close();
        clock.pass(TTL);
        models.retry("m");
        assertBusy(this::assertLoaded);
        clock.pass(TTL);
        assertIdle();
    }

    public void testWhenItsRoomIsTakenItSaysSoAndTriesAgain() throws Exception {
        declare(TTL);
        acquire().close();
        clock.pass(TTL);
        assertIdle();
        limit.set(BYTES - 1);
        refused();
        assertBusy(() -> assertEquals(State.FAILED, observed().state()));
        assertThat(observed().reason(), containsString("[plugins.clip.memory.limit]"));
        assertThat(refused(), containsString("[plugins.clip.memory.limit]"));

        limit.set(BYTES);
        clock.pass(TimeValue.timeValueMinutes(10));
        assertBusy(this::assertLoaded);
    }

    public void testNotWantedAnyMoreWhileIdle() throws Exception {
        declare(TTL);
        acquire().close();
        clock.pass(TTL);
        ClusterServiceUtils.setState(
                cluster, ModelMetadata.of(cluster.state()).without("m").in(cluster.state()));
        assertTrue(models.observed().isEmpty());
        clock.pass(TTL);
        assertEquals(1, loads.get());
    }

    public void testManyWhoAskWhileItGoesToSleepAllTheTime() throws Exception {
        stop();
        start(new TestThreadPool(
                getTestName(),
                Settings.builder()
                        .put("thread_pool.estimated_time_interval", "0ms")
                        .build(),
                LoadedModels.pools()));
        declare(TimeValue.timeValueMillis(1));
        var unexpected = new CopyOnWriteArrayList<Throwable>();
        AtomicInteger served = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        List<Thread> callers = java.util.stream.IntStream.range(0, 8)
                .mapToObj(caller -> new Thread(() -> {
                    for (int i = 0; i < 500; i++) {
                        PlainActionFuture<Ref> future = new PlainActionFuture<>();
                        models.acquire("m", i % 5 == 0 ? TimeValue.ZERO : LONG, future);
                        try (Ref ref = future.actionGet(LONG)) {
                            assertEquals("m", ref.model().id());
                            served.incrementAndGet();
                        } catch (RuntimeException | AssertionError e) {
                            if (e instanceof Exception failure
                                    && i % 5 == 0
                                    && ExceptionsHelper.status(failure) == RestStatus.SERVICE_UNAVAILABLE
                                    && failure.getMessage().contains("still loading")) {
                                refused.incrementAndGet();
                            } else {
                                unexpected.add(e);
                            }
                        }
                        if (i % 25 == caller) { // long enough for the others to be done, too
                            java.util.concurrent.locks.LockSupport.parkNanos(3_000_000);
                        }
                    }
                }))
                .toList();
        callers.forEach(Thread::start);
        for (Thread caller : callers) {
            caller.join();
        }
        assertEquals(List.of(), unexpected);
        assertEquals(8 * 500, served.get() + refused.get());
        assertTrue("it never went to sleep", loads.get() > 1);
        assertBusy(this::assertIdle);
    }
}
