// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactTests {

    private static final String HASH = "0".repeat(64);

    @Test
    void acceptsRelativePaths() {
        assertDoesNotThrow(() -> new Artifact("onnx/text_model..onnx_data", 0, HASH));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/etc/passwd", "../x", "a/../../x", "a/..", "a\\..\\x"})
    void refusesPathsThatLeaveTheFolder(String path) {
        assertThrows(IllegalArgumentException.class, () -> new Artifact(path, 0, HASH));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ABCD", "xyz"})
    void refusesOtherHashes(String hash) {
        assertThrows(IllegalArgumentException.class, () -> new Artifact("a", 0, hash));
    }
}
