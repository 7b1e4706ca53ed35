// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

/** A model that cannot be read, loaded or run. The message says what was found and what was expected. */
public class ModelException extends RuntimeException {

    public ModelException(String message) {
        super(message);
    }

    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }

    /** For what no limit of a reader has caught: an error of this kind ends the node if nobody catches it. */
    public static ModelException tooDeep(StackOverflowError e) {
        return new ModelException("one of its files nests deeper than this node can read", e);
    }
}
