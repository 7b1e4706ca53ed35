// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

/** A model that cannot be read, loaded or run. The message says what was found and what was expected. */
public class ModelException extends RuntimeException {

    private final boolean refused;

    public ModelException(String message) {
        this(message, null);
    }

    public ModelException(String message, Throwable cause) {
        this(message, cause, false);
    }

    private ModelException(String message, Throwable cause, boolean refused) {
        super(message, cause);
        this.refused = refused;
    }

    /** For what its files are: no other attempt goes better. */
    public static ModelException refusal(String message, Throwable cause) {
        return new ModelException(message, cause, true);
    }

    /** Whether it is for what its files are. */
    public boolean isRefusal() {
        return refused;
    }

    /** For what no limit of a reader has caught: an error of this kind ends the node if nobody catches it. */
    public static ModelException tooDeep(StackOverflowError e) {
        return refusal("one of its files nests deeper than this node can read", e);
    }
}
