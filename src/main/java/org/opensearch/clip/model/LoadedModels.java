package org.opensearch.clip.model;

import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.common.lease.Releasable;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;

/** The models that this node holds, reconciled towards what the cluster declares. */
public class LoadedModels {

    /** A counted reference: the encoder stays open until it is closed. */
    public interface Ref extends Releasable {
        DeclaredModel model();

        DualEncoder encoder();
    }

    /** Whether this node is one that should hold the model, by role and declaration. */
    public boolean eligible(String modelId) {
        throw new UnsupportedOperationException();
    }

    /**
     * Hands out the model when it is loaded here: at once on the calling thread, or, while it is loading, from a {@code generic}
     * thread within {@code wait}.
     *
     * <p>Failures: {@code ResourceNotFoundException} (404) not declared, 409 not to be loaded, 503 still loading after {@code wait}
     * or its load failed.
     */
    public void acquire(String modelId, TimeValue wait, ActionListener<Ref> listener) {
        throw new UnsupportedOperationException();
    }
}
