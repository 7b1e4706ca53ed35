// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.RunMemory;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.lease.Releasables;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * Native bytes that this node's models are charged for, against {@code plugins.clip.memory.limit}. Our own bookkeeping: what
 * the operating system calls used says nothing about what is left for us. Weights that are mapped from a file count like others: the system could take them
 * back, but every run reads all of them. What runs take for a moment counts against what models leave of the limit, for other runs only: a model that
 * is loaded meanwhile does not wait for them. Safe for use by many threads.
 */
final class MemoryLedger implements RunMemory {

    /** A run that takes less never waits and is never refused: short texts go on when models fill the limit. */
    private static final long SMALL = 256L << 20;

    /** The limit may be raised, and a model unloaded, while a run waits. */
    private static final int LOOK_AGAIN_MILLIS = 250;

    private final LongSupplier limit;
    private long used;
    private long running;

    MemoryLedger(LongSupplier limit) {
        this.limit = limit;
    }

    /** Bytes charged; closing it gives them back, once. */
    final class Charge implements Releasable {
        private long bytes;

        private Charge() {}

        /** @throws ModelException when the difference to what was charged before does not fit: nothing changed then */
        void resize(long wanted) {
            synchronized (MemoryLedger.this) {
                long others = used - bytes;
                if (wanted > bytes && wanted > limit.getAsLong() - others) {
                    throw new ModelException("the model needs " + new ByteSizeValue(wanted)
                            + " of memory outside the heap, other models hold "
                            + new ByteSizeValue(others) + " of the " + new ByteSizeValue(limit.getAsLong())
                            + " that [" + ClipSettings.MEMORY_LIMIT.getKey()
                            + "] allows: unload one of them or raise it");
                }
                used = others + wanted;
                bytes = wanted;
            }
        }

        @Override
        public void close() {
            resize(0);
        }
    }

    /** @throws ModelException when {@code bytes} do not fit any more */
    Charge charge(long bytes) {
        Charge charge = new Charge();
        charge.resize(bytes);
        return charge;
    }

    @Override
    public synchronized long most() {
        return Math.max(SMALL, limit.getAsLong() - used);
    }

    /** Holders take nothing else meanwhile and end by their deadlines, so that a large run's waiting ends. */
    @Override
    public synchronized Taken take(long bytes, int tokens) {
        while (bytes > SMALL && bytes > limit.getAsLong() - used - running) {
            if (bytes > limit.getAsLong() - used) {
                throw refused(bytes, tokens);
            }
            await();
        }
        running += bytes;
        return Releasables.releaseOnce(() -> giveBack(bytes))::close;
    }

    private RuntimeException refused(long bytes, int tokens) {
        String needs = " takes about " + new ByteSizeValue(bytes) + " of memory outside the heap, models hold "
                + new ByteSizeValue(used) + " of the " + new ByteSizeValue(limit.getAsLong()) + " that ["
                + ClipSettings.MEMORY_LIMIT.getKey() + "] allows: raise it";
        return tokens == 0
                ? new ModelException("a run of pictures" + needs)
                : new InputException(
                        InputException.Kind.INVALID_TEXT,
                        "a run of a text of [" + tokens + "] tokens" + needs
                                + ", send a shorter text, or declare the model with fewer [max_tokens]");
    }

    private synchronized void giveBack(long bytes) {
        running -= bytes;
        notifyAll();
    }

    private synchronized void await() {
        try {
            TimeUnit.MILLISECONDS.timedWait(this, LOOK_AGAIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException("interrupted: the node is shutting down", e);
        }
    }

    synchronized long used() {
        return used;
    }

    /** By runs, for a moment. */
    synchronized long running() {
        return running;
    }
}
