// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

/** What a hub or a mirror did not give, or this node could not keep. The message is for who declares models: it names server, file and setting. */
final class DownloadException extends RuntimeException {

    /** Whether asking again may help. */
    private final boolean passing;

    /** How long the server wants to be left alone, -1 when it does not say. */
    private final long retryAfterMillis;

    /** Whether it is this node that has no place for it. */
    private final boolean ofDisk;

    private DownloadException(String message, boolean passing, long retryAfterMillis, boolean ofDisk, Throwable cause) {
        super(message, cause);
        this.passing = passing;
        this.retryAfterMillis = retryAfterMillis;
        this.ofDisk = ofDisk;
    }

    /** There is no room on the disk of this node, or it cannot be written. */
    static DownloadException ofDisk(String message, Throwable cause) {
        return new DownloadException(message, false, -1, true, cause);
    }

    static DownloadException lasting(String message) {
        return new DownloadException(message, false, -1, false, null);
    }

    static DownloadException lasting(String message, Throwable cause) {
        return new DownloadException(message, false, -1, false, cause);
    }

    static DownloadException passing(String message, Throwable cause) {
        return new DownloadException(message, true, -1, false, cause);
    }

    static DownloadException passing(String message, long retryAfterMillis) {
        return new DownloadException(message, true, retryAfterMillis, false, null);
    }

    boolean passing() {
        return passing;
    }

    boolean isOfDisk() {
        return ofDisk;
    }

    long retryAfterMillis() {
        return retryAfterMillis;
    }
}
