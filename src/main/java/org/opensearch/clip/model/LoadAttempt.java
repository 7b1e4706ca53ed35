// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.model.LoadedModels.Loaded;
import org.opensearch.common.util.concurrent.AbstractRunnable;
import org.opensearch.threadpool.ThreadPool;

/**
 * One load of a model, from what has to be downloaded to what its slot gets. Each step runs on the pool that is meant for it; the slot is told
 * of the one end that it has, on that pool's thread.
 */
final class LoadAttempt {

    /** Who wants the model. */
    interface Slot {
        /** @return whether it is still wanted */
        boolean loaded(DeclaredModel done, Loaded loaded);

        void failed(DeclaredModel done, Throwable e);

        /**
         * It waits for what other nodes do.
         *
         * @param why {@code null} when there is nothing to say, or any more
         * @param refused until somebody asks for it
         */
        void waits(LoadAttempt attempt, String why, boolean refused);
    }

    private final DeclaredModel model;
    private final LoadedModels.Loader loader;
    private final LoadTurns turns;
    private final ThreadPool threadPool;
    private final Slot slot;
    private final Progress progress;

    LoadAttempt(DeclaredModel model, LoadedModels.Loader loader, LoadTurns turns, ThreadPool threadPool, Slot slot) {
        this.model = model;
        this.loader = loader;
        this.turns = turns;
        this.threadPool = threadPool;
        this.slot = slot;
        this.progress = new Progress(threadPool::relativeTimeInMillis);
    }

    Progress progress() {
        return progress;
    }

    DeclaredModel model() {
        return model;
    }

    void start() {
        if (loader.downloads(model)) {
            execute(LoadedModels.DOWNLOADS, this::fetch);
        } else {
            execute(ThreadPool.Names.GENERIC, this::queue);
        }
    }

    private void fetch() {
        loader.require(model);
        loader.fetch(model, progress);
        queue();
    }

    /** Holds no thread for as long as other nodes take. */
    private void queue() {
        loader.require(model);
        turns.await(this);
        progress.onCancel(() -> execute(ThreadPool.Names.GENERIC, () -> {
            if (turns.leave(this)) {
                progress.check();
            }
        }));
    }

    /** @see Slot#waits */
    void waits(String why, boolean refused) {
        slot.waits(this, why, refused);
    }

    /** There is nothing to wait for any more. */
    void goOn() {
        execute(LoadedModels.POOL, this::load);
    }

    private void load() {
        boolean success = false;
        try {
            Loaded loaded = loader.load(model, progress);
            success = true;
            if (!slot.loaded(model, loaded)) {
                loaded.close().close();
            }
        } finally {
            turns.ended(this, success);
        }
    }

    private void execute(String pool, Runnable step) {
        threadPool.executor(pool).execute(new AbstractRunnable() {
            @Override
            protected void doRun() {
                try {
                    step.run();
                } catch (LinkageError | OutOfMemoryError e) {
                    // a native library that is missing, a model for which the heap is too small: not the node's end
                    slot.failed(model, e);
                } catch (StackOverflowError e) { // nor is a file that nests without end
                    slot.failed(model, ModelException.tooDeep(e));
                }
            }

            @Override
            public void onFailure(Exception e) {
                slot.failed(model, e);
            }
        });
    }

    /** What users are told; nothing that an unexpected failure says itself, which may hold a path. */
    static String reason(Throwable e) {
        return switch (e) {
            case ModelException known -> known.getMessage();
            case DownloadException known -> known.getMessage();
            case CrashedException known -> known.getMessage();
            case IllegalArgumentException known -> known.getMessage();
            case OutOfMemoryError large -> "its load took more heap than this node has; POST _load tries it again";
            default -> "unexpected " + e.getClass().getSimpleName() + ", see the log of this node";
        };
    }

    /** Whether another attempt may go better, so that it is made without being asked for. */
    static boolean again(Throwable e) {
        return !(e instanceof CrashedException || e instanceof OutOfMemoryError);
    }

    /** Whether no attempt goes better, because of what the model's files are. */
    static boolean refused(Throwable e) {
        return e instanceof ModelException known && known.isRefusal();
    }
}
