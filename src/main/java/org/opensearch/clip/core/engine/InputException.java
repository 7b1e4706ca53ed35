// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

/**
 * An input that cannot be embedded, by its own fault: it never concerns the other inputs of its batch. The message
 * names the limit and the setting where there is one, and is fit for the caller's eyes.
 */
public final class InputException extends RuntimeException {

    /** Why; {@code embed.Failures} is the only place that turns it into a status. */
    public enum Kind {
        INVALID_TEXT,
        INVALID_IMAGE,
        IMAGE_TOO_LARGE
    }

    private final Kind kind;

    public InputException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public InputException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
