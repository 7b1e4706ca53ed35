// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

/** What a hub or a mirror did not give. The message is for who declares models: it names server, file and setting. */
final class DownloadException extends RuntimeException {

    /** Whether asking again may help. */
    private final boolean passing;

    /** How long the server wants to be left alone, -1 when it does not say. */
    private final long retryAfterMillis;

    private DownloadException(String message, boolean passing, long retryAfterMillis, Throwable cause) {
        super(message, cause);
        this.passing = passing;
        this.retryAfterMillis = retryAfterMillis;
    }

    static DownloadException lasting(String message) {
        return new DownloadException(message, false, -1, null);
    }

    static DownloadException lasting(String message, Throwable cause) {
        return new DownloadException(message, false, -1, cause);
    }

    static DownloadException passing(String message, Throwable cause) {
        return new DownloadException(message, true, -1, cause);
    }

    static DownloadException passing(String message, long retryAfterMillis) {
        return new DownloadException(message, true, retryAfterMillis, null);
    }

    boolean passing() {
        return passing;
    }

    long retryAfterMillis() {
        return retryAfterMillis;
    }
}
