// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.util.concurrent.AbstractRefCounted;

/**
 * A loaded model and those who use it: born with one reference, that of its slot. Whoever gives the last one back makes it close, on
 * the thread that {@code closing} chooses.
 */
final class HeldModel extends AbstractRefCounted {

    private final DeclaredModel model;
    private final LoadedModels.Loaded loaded;
    private final Consumer<Releasable> closing;

    HeldModel(DeclaredModel model, LoadedModels.Loaded loaded, Consumer<Releasable> closing) {
        super("clip model [" + model.id() + "]");
        this.model = model;
        this.loaded = loaded;
        this.closing = closing;
    }

    LoadedModels.Loaded loaded() {
        return loaded;
    }

    /** A handle on a reference that the caller has taken. */
    LoadedModels.Ref ref() {
        return new Handle();
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
                decRef();
            }
        }
    }
}
