// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.settings.FetchSettings;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.clip.stats.ClipStats.OfModel;
import org.opensearch.clip.stats.ClipStats.Stage;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext.StoredContext;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.concurrency.OpenSearchRejectedExecutionException;
import org.opensearch.core.indices.breaker.CircuitBreakerService;
import org.opensearch.monitor.jvm.JvmInfo;
import org.opensearch.threadpool.ExecutorBuilder;
import org.opensearch.threadpool.FixedExecutorBuilder;
import org.opensearch.threadpool.ThreadPool;

/**
 * Batches across requests. {@code plugins.clip.threads} symmetric workers keep the cores in {@code Session.run}: each takes
 * what can share a run, prepares it and runs it, one task of the pool a run, so that a search overtakes between runs. Pictures
 * by URL are fetched on a pool of their own while there is {@link Room}, a few of each host at a time.
 *
 * <p>A request's {@code timeout} counts while an input is fetched, prepared and run; the time in queue is bounded by {@code
 * plugins.clip.ingest.max_queue_time} in the ingest lane and by the timeout once more in the search lane.
 *
 * <p>Workers run in the context in which the node was started, whoever woke them. Safe for use by many threads: one lock, held
 * for bookkeeping only.
 */
public final class Lanes {

    static final String INFERENCE = "clip_inference";
    static final String FETCH = "clip_fetch";

    /** Texts that are tokenised before the next run is cut from them by length. */
    private static final int WINDOW = 128;

    /** Longer than the pause that core makes between two collections that it asks for. */
    private static final TimeValue PATIENCE = TimeValue.timeValueSeconds(6);

    /** How exactly deadlines are kept. */
    private static final TimeValue SWEEP = TimeValue.timeValueMillis(100);

    private final ThreadPool threadPool;
    private final ClipSettings settings;
    private final ClipStats stats;
    private final ImageResolver images;
    private final Runs runs;
    private final QueryCache cache;
    private final Supplier<StoredContext> ownContext;
    private final int workers;
    private final int fetchers;

    private final Set<Job> jobs = ConcurrentHashMap.newKeySet();
    private final Set<Item> taken = ConcurrentHashMap.newKeySet();

    private final Object lock = new Object();
    private final Room room;
    private final FetchQueue toFetch;
    private final Backlog toRun = new Backlog();
    private int fetching;
    private int working;

    /** For {@code Plugin.getExecutorBuilders}. */
    public static List<ExecutorBuilder<?>> executors(Settings settings, ExecutorBuilder<?>... more) {
        List<ExecutorBuilder<?>> all = new ArrayList<>(List.of(more));
        all.add(fixed(settings, INFERENCE, ClipSettings.THREADS.get(settings)));
        all.add(fixed(settings, FETCH, FetchSettings.IMAGE_URL_MAX_CONCURRENT.get(settings)));
        return all;
    }

    private static FixedExecutorBuilder fixed(Settings settings, String name, int size) {
        return new FixedExecutorBuilder(settings, name, size, -1, "thread_pool." + name);
    }

    @Inject
    public Lanes(
            ThreadPool threadPool,
            ClipSettings settings,
            ClipStats stats,
            CircuitBreakerService breakers,
            Fetcher fetcher) {
        CircuitBreaker breaker = breakers.getBreaker(CircuitBreaker.REQUEST);
        this.threadPool = threadPool;
        this.settings = settings;
        this.stats = stats;
        this.images = new ImageResolver(settings, fetcher);
        this.cache = new QueryCache(() -> settings.lanes().queryCacheBytes());
        long heap = JvmInfo.jvmInfo().getMem().getHeapMax().getBytes();
        this.runs = new Runs(settings, images, new DecodingSpace(breaker, heap / 4, PATIENCE), cache);
        this.room = new Room(settings, breaker);
        this.toFetch = new FetchQueue(() -> settings.image().fetchesOfHost());
        this.ownContext = threadPool.getThreadContext().newRestorableContext(false);
        this.workers = threadPool.info(INFERENCE).getMax();
        this.fetchers = threadPool.info(FETCH).getMax();
        stats.gauge("lanes", this::gauges);
        stats.gauge("query_cache", cache::gauges);
        threadPool.scheduleWithFixedDelay(this::sweep, SWEEP, ThreadPool.Names.SAME);
    }

    /**
     * Queues a request, or refuses it with a 429. Never blocks.
     *
     * @param model owned by the lanes from now on
     */
    void submit(Request request, Ref model, EmbedTask task, Completion<Response> completion) {
        ClipSettings.Lanes limits = settings.lanes();
        boolean search = request.lane() == Lane.SEARCH;
        TimeValue usual = search ? limits.searchTimeout() : limits.ingestTimeout();
        TimeValue timeout = request.timeout() == null ? usual : request.timeout();
        TimeValue inQueue = search ? timeout : limits.ingestMaxQueueTime();
        OfModel ofModel = stats.model(model.model().id());
        ofModel.asked(request.lane().name().toLowerCase(Locale.ROOT));
        Job job = new Job(request, timeout, inQueue, model, ofModel, completion, this::ended);
        job.items().forEach(this::settleFromCache);
        if (job.isEnded()) {
            return;
        }
        try {
            enqueue(job);
        } catch (OpenSearchException full) {
            model.close();
            ofModel.failed("rejected");
            completion.onFailure(full);
            return;
        }
        task.whenCancelled(() -> {
            if (job.giveUp(Failures.cancelled())) {
                ofModel.failed("cancelled");
            }
        });
        wake();
    }

    /** A text that is known needs no turn in the queue; a picture must be read before it can be known. */
    private void settleFromCache(Item item) {
        item.key = QueryCache.keyOf(item);
        Vector known = item.key == null ? null : cache.get(item.key);
        if (known != null) {
            item.settle(known);
        }
    }

    /** Forgets the vectors of models that are not {@code kept} any more, by id and fingerprint. */
    void retain(BiPredicate<String, String> kept) {
        cache.retain(key -> kept.test(key.modelId(), key.fingerprint()));
    }

    private void enqueue(Job job) {
        synchronized (lock) {
            room.admit(job);
            jobs.add(job);
            job.items().stream().filter(Item::isWanted).forEach(item -> {
                if (item.isToFetch()) {
                    toFetch.addLast(item);
                } else {
                    toRun.addLast(item);
                }
            });
        }
    }

    private void ended(Job job) {
        synchronized (lock) {
            if (!jobs.remove(job)) {
                return;
            }
            room.leave(job);
            removeFromQueues(job);
        }
        wake();
    }

    private List<Item> removeFromQueues(Job job) {
        List<Item> removed = toFetch.remove(job);
        removed.addAll(toRun.remove(job));
        removed.forEach(room::drop);
        return removed;
    }

    /** Starts as many fetches and workers as there is room and work for. */
    private void wake() {
        synchronized (lock) {
            while (fetching < fetchers) {
                List<Item> next = take(() -> toFetch.take(room.isForFetch()));
                if (next.isEmpty()) {
                    break;
                }
                room.reserve(next.getFirst());
                toFetch.started(next.getFirst());
                fetching++;
                start(FETCH, () -> fetch(next.getFirst()));
            }
            for (int i = toRun.size(); i > 0 && working < workers; i--) {
                working++;
                start(INFERENCE, this::work);
            }
        }
    }

    private void start(String pool, Runnable work) {
        try (StoredContext ignored = ownContext.get()) {
            threadPool.executor(pool).execute(work);
        } catch (OpenSearchRejectedExecutionException e) {
            // the pools have no bound, so the node is shutting down; nothing will start any more
            fetching = fetchers;
            working = workers;
            List.copyOf(jobs).forEach(job -> job.giveUp(e));
        }
    }

    /** Under the lock. What is taken keeps its model open until it is left. */
    private List<Item> take(Supplier<List<Item>> queue) {
        long now = System.nanoTime();
        while (true) {
            List<Item> next = queue.get();
            List<Item> entered = new ArrayList<>(next.size());
            for (Item item : next) {
                if (item.job().enter()) {
                    item.take(now);
                    entered.add(item);
                } else {
                    room.drop(item);
                }
            }
            if (next.isEmpty() || !entered.isEmpty()) {
                taken.addAll(entered);
                return entered;
            }
        }
    }

    private void fetch(Item item) {
        byte[] bytes = null;
        try {
            if (item.isWanted()) {
                long start = System.nanoTime();
                byte[] fetched = images.fetch(((Source.Image) item.source()).image(), item.remaining());
                item.job().stats().took(Stage.FETCH, System.nanoTime() - start);
                room.charge(fetched); // not under the lock: a breaker may wait for the garbage collector
                bytes = fetched;
            }
        } catch (FetchException | RuntimeException e) {
            item.settle(Failures.of(e));
        }
        synchronized (lock) {
            fetching--;
            toFetch.ended(item);
            room.release(item);
            if (bytes != null) {
                room.keep(item, bytes);
            }
        }
        if (item.fetched == null) {
            finish(List.of(item));
        } else {
            rest(List.of(item), toRun::addLast);
        }
        wake();
    }

    /** One run. */
    private void work() {
        List<Item> batch;
        int share;
        synchronized (lock) {
            batch = take(() -> toRun.take(true, this::most));
            if (batch.isEmpty()) {
                working--;
                return;
            }
            share = share(batch.size() + toRun.size());
        }
        Set<Item> mine = new LinkedHashSet<>(batch);
        try {
            DualEncoder encoder = batch.getFirst().job().model().encoder();
            List<Item> ready = runs.prepare(encoder, batch);
            if (batch.getFirst().group().modality() == Modality.TEXT) {
                List<Item> later = new ArrayList<>(ready);
                ready = Runs.batchOfTexts(encoder, ready, share);
                later.removeAll(Set.copyOf(ready));
                mine.removeAll(Set.copyOf(later));
                rest(later.reversed(), toRun::addFirst);
                wake();
            }
            runs.encode(encoder, ready, mine);
        } finally {
            finish(mine);
            start(INFERENCE, this::work);
            wake();
        }
    }

    private int most(Backlog.Group group, int waiting) {
        return switch (group.modality()) {
            case TEXT -> WINDOW;
            case IMAGE -> Math.min(Runs.pictures(group.encoder()), share(waiting));
        };
    }

    /** Of one worker. */
    private int share(int waiting) {
        return Math.ceilDiv(waiting, workers);
    }

    /** Back to the queue. */
    private void rest(List<Item> items, Consumer<Item> queue) {
        long now = System.nanoTime();
        synchronized (lock) {
            for (Item item : items) {
                taken.remove(item);
                item.rest(now);
                if (item.isWanted()) {
                    queue.accept(item);
                } else {
                    room.drop(item);
                }
            }
        }
        items.forEach(item -> item.job().leave());
    }

    /** The end of what was taken. */
    private void finish(Collection<Item> items) {
        synchronized (lock) {
            for (Item item : items) {
                taken.remove(item);
                room.drop(item);
            }
        }
        for (Item item : items) {
            if (item.isWanted()) {
                item.settle(Failures.of(new IllegalStateException("an input got no result")));
            }
            item.job().leave();
        }
    }

    private Map<String, Object> gauges() {
        synchronized (lock) {
            Map<String, Object> gauges = room.gauges();
            gauges.put("waiting_inputs", toFetch.size() + toRun.size());
            gauges.put("fetching", fetching);
            gauges.put("running_workers", working);
            return gauges;
        }
    }

    /** Keeps the deadlines of what is being worked for and of what waits. */
    private void sweep() {
        long now = System.nanoTime();
        for (Item item : taken) {
            if (item.isLate(now)) {
                item.settle(Failures.timeout(item.job().timeout(), item.job().lane()));
            }
        }
        for (Job job : jobs) {
            if (job.isLateInQueue(now)) {
                List<Item> late;
                synchronized (lock) {
                    late = removeFromQueues(job);
                }
                late.forEach(item -> item.settle(Failures.queueTimeout(job.maxQueueTime(), job.lane())));
            }
        }
    }
}
