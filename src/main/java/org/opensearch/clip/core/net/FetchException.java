// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

/** A fetch that was refused or failed. The message never tells an inside address, nor whether something answers there. */
public final class FetchException extends Exception {

    public enum Kind {
        /** The policy says no: scheme, host, address, redirect. */
        REFUSED,
        /** More bytes than allowed. */
        TOO_LARGE,
        TIMEOUT,
        /** No connection, or an answer that is not 200. */
        FAILED
    }

    private final Kind kind;

    public FetchException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
