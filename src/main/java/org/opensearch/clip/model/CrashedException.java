// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

/** A load that is not begun, because it ended a node: only who asks for it again has it tried again. */
final class CrashedException extends RuntimeException {

    /** This node. */
    CrashedException() {
        this("this model ended the node while it was loaded; POST _load tries it again");
    }

    CrashedException(String message) {
        super(message);
    }
}
