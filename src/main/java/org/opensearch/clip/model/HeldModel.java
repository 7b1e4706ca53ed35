// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.util.concurrent.AbstractRefCounted;

/**
 * A loaded model and those who use it: born with one reference, that of its slot. Whoever gives the last one back makes it close, on
 * the thread that {@code closing} chooses. Safe for use by many threads.
 */
final class HeldModel extends AbstractRefCounted {

    private final DeclaredModel model;
    private final LoadedModels.Loaded loaded;
    private final LongSupplier clock;
    private final Consumer<Releasable> closing;
    private volatile long lastUse;

    /** @param clock milliseconds */
    HeldModel(DeclaredModel model, LoadedModels.Loaded loaded, LongSupplier clock, Consumer<Releasable> closing) {
        super("clip model [" + model.id() + "]");
        this.model = model;
        this.loaded = loaded;
        this.clock = clock;
        this.closing = closing;
        this.lastUse = clock.getAsLong();
    }

    DeclaredModel model() {
        return model;
    }

    LoadedModels.Loaded loaded() {
        return loaded;
    }

    /** A handle on a reference that the caller has taken. */
    LoadedModels.Ref ref() {
        lastUse = clock.getAsLong();
        return new Handle();
    }

    /** Since the last reference but the slot's was given back; 0 while there is one. */
    long idleMillis() {
        return refCount() > 1 ? 0 : clock.getAsLong() - lastUse;
    }

    @Override
    protected void closeInternal() {
        closing.accept(loaded.close());
    }

    private final class Handle implements LoadedModels.Ref {
        private final AtomicBoolean open = new AtomicBoolean(true);

        @Override
        public DeclaredModel model() {
            return model;
        }

        @Override
        public DualEncoder encoder() {
            return loaded.encoder();
        }

        @Override
        public void close() {
            if (open.compareAndSet(true, false)) {
                lastUse = clock.getAsLong();
                decRef();
            }
        }
    }
}
