// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

/** A run was ended before it was done. It says nothing about its inputs. */
public final class StoppedException extends ModelException {

    /** Why a run was ended. */
    public enum Reason {
        /** It took longer than it may. */
        LIMIT,
        /** By {@link RunControl#stop}. */
        UNWANTED,
        /** The node is closing. */
        CLOSING
    }

    private static final long serialVersionUID = 1;

    private final Reason reason;

    public StoppedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
