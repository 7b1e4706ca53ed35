// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.wire;

import java.util.function.BooleanSupplier;
import org.opensearch.cluster.service.ClusterService;

/**
 * Which form may go to any node of this cluster: what core sends for us, to nodes that it chooses, has one form for all. For what is
 * made before there is a cluster to ask. Thread-safe.
 */
public final class Peers {

    private volatile BooleanSupplier framed = () -> false;

    /** Called once, when the node has a cluster service. */
    public void of(ClusterService cluster) {
        framed = () -> Frame.isEverywhere(cluster.state().nodes());
    }

    /** Whether every node reads what has a {@link Frame}. */
    public boolean framed() {
        return framed.getAsBoolean();
    }
}
