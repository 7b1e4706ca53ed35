// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.message.ParameterizedMessage;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.model.LoadedModels.Loaded;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.unit.ByteSizeValue;
import org.opensearch.threadpool.Scheduler;
import org.opensearch.threadpool.ThreadPool;

/**
 * One model that is wanted on this node, from the first attempt to load it until it is not wanted any more. At most one load runs at a time; one
 * that fails is tried again, later and later; what it would replace stays in use until it has succeeded. What nobody has asked for during the
 * model's {@code model_ttl} is given back, and loaded again when somebody does.
 *
 * <p>Safe for use by many threads: guarded by its monitor, under which nothing blocks and no listener is called. A model that is
 * loaded is handed out without it.
 */
final class ModelSlot implements LoadAttempt.Slot {

    private static final Logger logger = LogManager.getLogger(ModelSlot.class);
    private static final long FIRST_RETRY_SECONDS = 1;
    private static final long LAST_RETRY_SECONDS = 300;

    private final LoadedModels.Loader loader;
    private final LoadTurns turns;
    private final ThreadPool threadPool;
    private final Consumer<Releasable> release;
    private final Supplier<TimeValue> usualTtl;
    private final Waiters waiters;

    private DeclaredModel model;
    private Observed.State state = Observed.State.UNLOADED;
    private String reason;
    private boolean refused;
    private long since;
    private boolean running;
    private int failures;
    private Scheduler.Cancellable retry;
    private Scheduler.Cancellable idle;
    private Exception gone;
    private Progress progress;
    private volatile HeldModel held;

    /**
     * @param release closes what took native memory, on a thread that may block
     * @param usualTtl of models that do not say it, negative = for ever
     */
    ModelSlot(
            LoadedModels.Loader loader,
            LoadTurns turns,
            ThreadPool threadPool,
            Consumer<Releasable> release,
            Supplier<TimeValue> usualTtl) {
        this.loader = loader;
        this.turns = turns;
        this.threadPool = threadPool;
        this.release = release;
        this.usualTtl = usualTtl;
        this.waiters = new Waiters(threadPool, this::unavailable);
    }

    /** Loads {@code wanted}, unless that is what this slot does or has done already. */
    synchronized void want(DeclaredModel wanted) {
        boolean start = model == null || !loadsAs(model, wanted);
        if (start) {
            cancelLoad();
        }
        if (model != null && !model.fingerprint().equals(wanted.fingerprint())) {
            drop(); // deleted and declared anew: vectors of another space must not be handed out under this name
        }
        model = wanted;
        if (start) {
            start();
        }
        watch();
    }

    private static boolean loadsAs(DeclaredModel one, DeclaredModel other) {
        return one.source().equals(other.source())
                && one.files().equals(other.files())
                && one.overrides().equals(other.overrides())
                && Objects.equals(one.device(), other.device());
    }

    /** Tries again what has failed, and loads what is idle, now. */
    synchronized void retry() {
        if ((reason != null || state == Observed.State.IDLE) && gone == null) {
            start();
        }
    }

    /** @param why what callers get from now on */
    synchronized void close(Exception why) {
        gone = why;
        cancelRetry();
        cancelWatch();
        cancelLoad();
        waiters.resolve(null, why);
        drop();
    }

    private void cancelLoad() {
        if (progress != null) {
            progress.cancel();
        }
    }

    private void drop() {
        if (held != null) {
            held.decRef();
            held = null;
        }
    }

    synchronized Observed observed() {
        Loaded here = held == null ? null : held.loaded();
        return new Observed(
                model.id(),
                state,
                here == null ? 0 : here.bytes(),
                here == null ? null : here.device(),
                here == null ? null : here.warning(),
                here == null ? List.of() : here.towers(),
                reason,
                since,
                progress == null ? null : progress.at(),
                refused);
    }

    /** As {@link LoadedModels#acquire}. */
    void acquire(TimeValue wait, ActionListener<Ref> listener) {
        HeldModel here = held;
        Exception refusal = null;
        if (here == null || !here.tryIncRef()) {
            synchronized (this) {
                here = held;
                if (here == null && state == Observed.State.IDLE && gone == null) {
                    wake();
                }
                if (here != null) {
                    here.incRef();
                } else if (gone != null) {
                    refusal = gone;
                } else if (state == Observed.State.FAILED || wait.millis() <= 0) {
                    refusal = unavailable();
                } else {
                    waiters.add(listener, wait);
                    return;
                }
            }
        }
        if (refusal == null) {
            listener.onResponse(here.ref());
        } else {
            listener.onFailure(refusal);
        }
    }

    // ---- one load

    private void start() {
        cancelRetry();
        if (!running) {
            running = true;
            // one that runs as it was declared before is in use, and who waits for the declaration waits
            boolean asDeclared = held != null && loadsAs(held.model(), model);
            enter(asDeclared ? Observed.State.LOADED : Observed.State.LOADING, reason);
            LoadAttempt attempt = new LoadAttempt(model, loader, turns, threadPool, this);
            progress = attempt.progress();
            attempt.start();
        }
    }

    @Override
    public synchronized boolean loaded(DeclaredModel done, Loaded loaded) {
        if (!finished(done)) {
            return false;
        }
        HeldModel before = held;
        HeldModel fresh = new HeldModel(done, loaded, threadPool::relativeTimeInMillis, release);
        held = fresh;
        failures = 0;
        enter(Observed.State.LOADED, null);
        watch();
        logger.info("model [{}] is loaded: {} on {}", done.id(), new ByteSizeValue(loaded.bytes()), loaded.device());
        if (loaded.warning() != null) {
            logger.warn("model [{}] {}", done.id(), loaded.warning());
        }
        waiters.resolve(fresh, null);
        if (before != null) {
            before.decRef();
        }
        return true;
    }

    @Override
    public synchronized void failed(DeclaredModel done, Throwable e) {
        boolean cancelled = progress.cancelled();
        if (!finished(done)) {
            return;
        }
        if (cancelled) { // another declaration came and went meanwhile
            start();
            return;
        }
        String why = LoadAttempt.reason(e);
        if (!why.equals(reason)) {
            logger.warn(() -> new ParameterizedMessage("model [{}] cannot be loaded: {}", done.id(), why), e);
        }
        enter(held == null ? Observed.State.FAILED : Observed.State.LOADED, why);
        refused = LoadAttempt.refused(e);
        waiters.resolve(null, unavailable());
        if (LoadAttempt.again(e)) {
            long delay = Math.min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS << Math.min(failures++, 10));
            retry = threadPool.schedule(this::retry, TimeValue.timeValueSeconds(delay), ThreadPool.Names.SAME);
        }
    }

    @Override
    public synchronized void waits(LoadAttempt attempt, String why, boolean refused) {
        if (gone != null || progress != attempt.progress() || progress.cancelled()) {
            return;
        }
        Observed.State waiting = state == Observed.State.FAILED ? Observed.State.LOADING : state;
        enter(refused && held == null ? Observed.State.FAILED : waiting, why);
        if (refused) {
            waiters.resolve(null, unavailable());
        }
    }

    /** @return whether what was loaded is still what is wanted; if something else is, that is loaded next */
    private boolean finished(DeclaredModel done) {
        running = false;
        progress = null;
        if (gone != null) {
            return false;
        }
        if (!loadsAs(model, done)) {
            start();
            return false;
        }
        return true;
    }

    private void enter(Observed.State next, String why) {
        if (state != next) {
            since = threadPool.absoluteTimeInMillis();
        }
        state = next;
        reason = why;
        refused = false;
    }

    private void cancelRetry() {
        if (retry != null) {
            retry.cancel();
            retry = null;
        }
    }

    // ---- when nobody asks for it

    /** Sets the timer anew: for the end of the time that is left after the last use. */
    synchronized void watch() {
        cancelWatch();
        TimeValue ttl = ttl();
        if (held != null && ttl.millis() >= 0) {
            long left = running ? ttl.millis() : Math.max(0, ttl.millis() - held.idleMillis());
            idle = threadPool.schedule(this::check, TimeValue.timeValueMillis(left), ThreadPool.Names.SAME);
        }
    }

    private synchronized void check() {
        if (held == null || ttl().millis() < 0) {
            return;
        }
        if (running || held.idleMillis() < ttl().millis()) {
            watch();
            return;
        }
        long bytes = held.loaded().bytes();
        cancelRetry();
        drop();
        enter(Observed.State.IDLE, null);
        logger.info("model [{}] is idle: {} are given back", model.id(), new ByteSizeValue(bytes));
    }

    private TimeValue ttl() {
        return model.modelTtl() == null ? usualTtl.get() : model.modelTtl();
    }

    /** The load belongs to the node, not to him who happens to need it. */
    private void wake() {
        try (ThreadContext.StoredContext ignored = threadPool.getThreadContext().stashContext()) {
            start();
        }
    }

    private void cancelWatch() {
        if (idle != null) {
            idle.cancel();
            idle = null;
        }
    }

    private synchronized OpenSearchException unavailable() {
        return Refusal.unavailable(
                state == Observed.State.FAILED
                        ? "model [" + model.id() + "] cannot be loaded on this node: " + reason
                        : "model [" + model.id() + "] is still loading: see GET /_plugins/_clip/models/" + model.id());
    }
}
