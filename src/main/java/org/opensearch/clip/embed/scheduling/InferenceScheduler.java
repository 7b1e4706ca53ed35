// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Failures;
import org.opensearch.clip.embed.scheduling.FairQueue.Group;
import org.opensearch.clip.embed.scheduling.LaneQueues.Taken;
import org.opensearch.clip.embed.scheduling.Work.Fetched;
import org.opensearch.clip.embed.scheduling.Work.Given;
import org.opensearch.clip.embed.scheduling.Work.Ready;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.clip.stats.ClipStats.OfModel;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext.StoredContext;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.concurrency.OpenSearchRejectedExecutionException;
import org.opensearch.core.indices.breaker.CircuitBreakerService;
import org.opensearch.monitor.jvm.JvmInfo;
import org.opensearch.threadpool.ThreadPool;

/**
 * From requests to vectors on this node, in batches across requests. Searches and ingest have a lane each, with workers, queues and memory for decoding of its own, so that a
 * search never waits for ingest. {@code docs/scheduling.md} has the states of an input, who owns what, and the locks.
 *
 * <p>A request's {@code timeout} counts while an input is fetched, prepared and run; the time in queue is bounded by {@code
 * plugins.clip.ingest.max_queue_time} in the ingest lane and by the timeout once more in the search lane.
 *
 * <p>Workers run in the context in which the node was started, whoever woke them. Safe for use by many threads: one lock, held
 * for bookkeeping only.
 */
public final class InferenceScheduler {

    /** Longer than the pause that core makes between two collections that it asks for. */
    private static final TimeValue PATIENCE = TimeValue.timeValueSeconds(6);

    /** How exactly deadlines are kept, and how soon a run that nobody waits for is stopped at the latest. */
    private static final TimeValue SWEEP = TimeValue.timeValueMillis(100);

    private final ThreadPool threadPool;
    private final ClipSettings settings;
    private final ClipStats stats;
    private final LongSupplier clock;
    private final FetchStage fetchStage;
    private final QueryCache cache;
    private final AdmissionControl admission;
    private final Preparer preparer;
    private final BatchRunner runner;
    private final LaneQueues queues;
    private final Supplier<StoredContext> ownContext;

    /** What was admitted, and what gives its room back. */
    private final Map<PendingRequest, Releasable> requests = new ConcurrentHashMap<>();

    /** What somebody works on. */
    private final Set<PendingInput> active = ConcurrentHashMap.newKeySet();

    @Inject
    public InferenceScheduler(
            ThreadPool threadPool,
            ClipSettings settings,
            ClipStats stats,
            CircuitBreakerService breakers,
            Fetcher fetcher) {
        this(threadPool, settings, stats, breakers, fetcher, Clock.system());
    }

    InferenceScheduler(
            ThreadPool threadPool,
            ClipSettings settings,
            ClipStats stats,
            CircuitBreakerService breakers,
            Fetcher fetcher,
            Clock time) {
        LongSupplier clock = time.now();
        CircuitBreaker breaker = breakers.getBreaker(CircuitBreaker.REQUEST);
        long heap = JvmInfo.jvmInfo().getMem().getHeapMax().getBytes();
        Map<Lane, DecodeMemory> memory = Map.of(
                Lane.SEARCH, new DecodeMemory(breaker, heap / 8, PATIENCE, clock),
                Lane.INGEST, new DecodeMemory(breaker, heap / 4, PATIENCE, clock));
        this.threadPool = threadPool;
        this.settings = settings;
        this.stats = stats;
        this.clock = clock;
        ImageResolver images = new ImageResolver(settings, fetcher);
        this.cache = new QueryCache(() -> settings.lanes().queryCacheBytes());
        this.admission = new AdmissionControl(settings, breaker);
        this.fetchStage = new FetchStage(images, admission, clock);
        this.preparer = new Preparer(settings, images, memory, cache, clock);
        this.runner = new BatchRunner(cache, clock, time.ofThread());
        this.queues = new LaneQueues(
                new LaneQueues.Threads(
                        threadPool.info(WorkerPools.SEARCH).getMax(),
                        threadPool.info(WorkerPools.INGEST).getMax(),
                        threadPool.info(WorkerPools.FETCH).getMax()),
                () -> settings.image().fetchesOfHost());
        this.ownContext = threadPool.getThreadContext().newRestorableContext(false);
        stats.gauge("lanes", this::gauges);
        stats.gauge("query_cache", cache::gauges);
        threadPool.scheduleWithFixedDelay(this::sweep, SWEEP, ThreadPool.Names.SAME);
    }

    // ---- requests

    /**
     * Queues a request, or refuses it with a 429. Never blocks.
     *
     * @param model owned by the scheduler from now on
     */
    public void submit(Request request, Ref model, EmbedTask task, Completion<Response> completion) {
        OfModel ofModel = stats.model(model.model().id());
        ofModel.asked(request.lane().name().toLowerCase(Locale.ROOT));
        RequestLimits limits = RequestLimits.of(request.lane(), request.timeout(), settings.lanes());
        PendingRequest pending = new PendingRequest(request, limits, model, ofModel, completion, this::ended, clock);
        List<Given> given = pending.inputs().stream().map(this::settleIfKnown).toList();
        if (pending.isEnded()) {
            cancel(pending); // where it is not the cache that ended it
            return;
        }
        try {
            requests.put(pending, admission.admit(pending));
        } catch (OpenSearchException full) {
            ofModel.failed("rejected");
            pending.giveUp(full);
            return;
        }
        queues.add(
                request.lane(),
                given.stream().filter(work -> work.input().isWanted()).toList());
        task.whenCancelled(() -> cancel(pending));
        wake();
    }

    private static void cancel(PendingRequest request) {
        if (request.giveUp(Failures.cancelled())) {
            request.stats().failed("cancelled");
        }
    }

    /** A text that is known needs no turn in the queue; a picture must be read before it can be known. */
    private Given settleIfKnown(PendingInput input) {
        QueryCache.Key key = QueryCache.keyOf(input);
        if (key != null) {
            cache.get(key).ifPresent(input::settle);
        }
        return new Given(input, key);
    }

    private void ended(PendingRequest request) {
        Releasable admitted = requests.remove(request);
        if (admitted == null) {
            return;
        }
        removeFromQueues(request);
        admitted.close();
        runner.stopUnwanted();
        wake();
    }

    /** @return its inputs that waited */
    private List<PendingInput> removeFromQueues(PendingRequest request) {
        List<Work> removed = queues.remove(request);
        removed.forEach(Work::close);
        return removed.stream().map(Work::input).toList();
    }

    /** Forgets the vectors of models that are not {@code kept} any more, by id and fingerprint. */
    public void retain(BiPredicate<String, String> kept) {
        cache.retain(key -> kept.test(key.modelId(), key.fingerprint()));
    }

    // ---- workers

    /** Starts as many fetches and workers as there is room and work for. */
    private void wake() {
        for (Lane lane : Lane.values()) {
            Optional<PendingInput> next;
            while ((next = queues.nextFetch(lane, admission::isForFetch)).isPresent()) {
                PendingInput input = next.get();
                Releasable reserved = admission.reserve(lane);
                start(WorkerPools.FETCH, () -> fetch(input, reserved));
            }
            for (int idle = queues.engage(lane); idle > 0; idle--) {
                startWorker(lane);
            }
        }
    }

    private void start(String pool, Runnable work) {
        try (StoredContext ignored = ownContext.get()) {
            threadPool.executor(pool).execute(work);
        } catch (OpenSearchRejectedExecutionException e) {
            // the pools have no bound, so the node is shutting down; nothing will start any more
            List.copyOf(requests.keySet()).forEach(request -> request.giveUp(e));
        }
    }

    private void fetch(PendingInput input, Releasable reserved) {
        Fetched fetched = null;
        boolean entered = input.request().enter();
        if (entered) {
            active.add(input);
            fetched = fetchStage.fetch(input);
            active.remove(input);
        }
        reserved.close();
        boolean wanted = fetched != null && input.isWanted();
        queues.fetched(input, wanted ? fetched : null);
        if (fetched != null && !wanted) {
            fetched.close();
        }
        dropIfEnded(input.request());
        if (entered) {
            input.request().leave();
        }
        wake();
    }

    /** After something of it has been put into a queue: it may have ended, and been taken from the queues, just before. */
    private void dropIfEnded(PendingRequest request) {
        if (request.isEnded()) {
            removeFromQueues(request);
        }
    }

    /** Until nothing waits. A worker that a fault of ours ends has a successor. */
    private void work(Lane lane) {
        boolean done = false;
        try {
            workOff(lane);
            done = true;
        } finally {
            if (!done) {
                startWorker(lane);
            }
        }
    }

    private void startWorker(Lane lane) {
        start(lane == Lane.SEARCH ? WorkerPools.SEARCH : WorkerPools.INGEST, () -> work(lane));
    }

    private void workOff(Lane lane) {
        for (Taken taken = take(lane); !taken.works().isEmpty(); taken = take(lane)) {
            Set<Work> mine = Collections.newSetFromMap(new IdentityHashMap<>());
            for (Work work : taken.works()) {
                if (work.input().request().enter()) {
                    active.add(work.input());
                    mine.add(work);
                } else {
                    work.close();
                }
            }
            if (!mine.isEmpty()) {
                List<Work> entered =
                        taken.works().stream().filter(mine::contains).toList();
                work(lane, entered, mine, taken.share());
            }
        }
    }

    private Taken take(Lane lane) {
        return queues.take(lane, runner::most);
    }

    /** One batch of what was taken, all of one group. */
    private void work(Lane lane, List<Work> taken, Set<Work> mine, int share) {
        Group group = taken.getFirst().input().group();
        List<Ready> later = List.of();
        try {
            List<Ready> batch = prepare(group, taken, mine);
            wake(); // what was fetched is not held any more
            if (group.modality() == Modality.TEXT) {
                List<Ready> all = batch;
                batch = runner.batchOfTexts(group, all, share);
                Set<Work> now = Collections.newSetFromMap(new IdentityHashMap<>());
                now.addAll(batch);
                putBack(lane, all.stream().filter(ready -> !now.contains(ready)).toList(), mine);
            }
            later = runner.run(group, batch, mine, queues::isQuiet);
        } finally {
            putBack(lane, later, mine);
            finish(mine);
        }
    }

    private List<Ready> prepare(Group group, List<Work> taken, Set<Work> mine) {
        List<Ready> all = new ArrayList<>(taken.size());
        for (Work work : taken) {
            Ready ready = preparer.prepare(group.encoder(), work);
            if (ready != null) {
                all.add(ready);
                mine.add(ready);
                if (ready != work) {
                    mine.remove(work);
                    work.close();
                }
            }
        }
        return all;
    }

    /** Back to the front of the queue, in their order. */
    private void putBack(Lane lane, List<Ready> works, Set<Work> mine) {
        if (works.isEmpty()) {
            return;
        }
        List<Ready> wanted =
                works.stream().filter(work -> work.input().isWanted()).toList();
        mine.removeAll(Set.copyOf(wanted));
        wanted.forEach(work -> active.remove(work.input()));
        queues.putBack(lane, wanted);
        for (Ready work : wanted) {
            dropIfEnded(work.input().request());
            work.input().request().leave();
        }
        wake();
    }

    /** The end of what was taken. */
    private void finish(Set<Work> works) {
        for (Work work : works) {
            active.remove(work.input());
            work.close();
            if (work.input().isWanted()) {
                work.input().settle(Failures.of(new IllegalStateException("an input got no result")));
            }
            work.input().request().leave();
        }
    }

    // ---- time and figures

    /** Keeps the deadlines of what is being worked for and of what waits. */
    void sweep() {
        long now = clock.getAsLong();
        for (PendingRequest request : requests.keySet()) {
            if (request.isLateInQueue(now)) {
                removeFromQueues(request)
                        .forEach(input -> input.settle(
                                Failures.queueTimeout(request.limits().inQueue(), request.lane())));
            }
        }
        for (PendingInput input : active) {
            if (input.time().isOver(now)) {
                PendingRequest request = input.request();
                input.settle(Failures.timeout(request.limits().each(), request.lane()));
            }
        }
        runner.stopUnwanted();
    }

    private Map<String, Object> gauges() {
        Map<String, Object> gauges = admission.gauges();
        gauges.putAll(queues.gauges());
        return gauges;
    }
}
