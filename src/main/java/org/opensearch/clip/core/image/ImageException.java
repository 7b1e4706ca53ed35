// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/** A picture that cannot be read. The message is fit for the one who sent it. */
public final class ImageException extends RuntimeException {
    public ImageException(String message) {
        super(message);
    }

    public ImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
