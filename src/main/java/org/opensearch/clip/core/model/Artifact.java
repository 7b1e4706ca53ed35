// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Objects;
import org.opensearch.clip.core.message.Shown;

/**
 * One file of a model, pinned.
 *
 * @param path relative to the model's folder, forward slashes, never {@code ..}
 * @param size in bytes
 * @param sha256 64 lower-case hexadecimal digits
 */
public record Artifact(String path, long size, String sha256) {
    public Artifact {
        requireInside(path);
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("sha256 must be 64 hexadecimal digits, got [" + Shown.of(sha256) + "]");
        }
    }

    static void requireInside(String path) {
        Objects.requireNonNull(path, "path");
        if (path.isEmpty() || path.startsWith("/") || path.contains("\\") || ("/" + path + "/").contains("/../")) {
            throw new IllegalArgumentException(
                    "path must be relative and stay inside the model's folder, got [" + Shown.of(path) + "]");
        }
    }
}
