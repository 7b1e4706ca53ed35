// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code qa/fuzz-parsers.sh} has found to be worth keeping: each file took its parser somewhere that no other did. */
class UntrustedTests {

    @ParameterizedTest
    @ValueSource(strings = {"picture-header", "picture", "graph", "tokenizer", "json", "url", "base64"})
    void whatAFuzzerFoundIsReadOrRefused(String name) throws IOException {
        Untrusted parser = Untrusted.parser(name);
        int files = 0;
        try (InputStream corpus = UntrustedTests.class.getResourceAsStream("/untrusted/" + name + ".zip");
                ZipInputStream zip = new ZipInputStream(corpus)) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null; files++) {
                byte[] bytes = zip.readAllBytes();
                String file = entry.getName();
                assertDoesNotThrow(() -> parser.read(bytes), file);
            }
        }
        assertTrue(files > 0);
    }
}
