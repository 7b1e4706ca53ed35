// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.lease.Releasable;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * Native bytes that this node's models are charged for, against {@code plugins.clip.memory.limit}. Our own bookkeeping: what
 * the operating system calls used says nothing about what is left for us. Weights that are mapped from a file count like others: the system could take them
 * back, but every run reads all of them. Safe for use by many threads.
 */
final class MemoryLedger {

    private final LongSupplier limit;
    private long used;

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

    synchronized long used() {
        return used;
    }
}
