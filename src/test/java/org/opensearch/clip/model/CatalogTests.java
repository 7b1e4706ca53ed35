// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.test.OpenSearchTestCase;

public class CatalogTests extends OpenSearchTestCase {

    public void testBundledModelIsThere() {
        Catalog.Entry bundled = Catalog.read().entry("opensearch-clip-demo-v1").orElseThrow();
        assertEquals(true, bundled.about().get("bundled"));
        assertEquals(256, bundled.about().get("dimension"));
        assertTrue(Files.isDirectory(Path.of("config").resolve(bundled.folder())));
    }

    public void testWhereItLiesIsNoOnesBusiness() {
        for (Catalog.Entry entry : Catalog.read().entries()) {
            assertFalse(entry.about().containsKey("folder"));
        }
    }

    public void testResponseSurvivesTheWire() throws Exception {
        List<Map<String, Object>> models =
                Catalog.read().entries().stream().map(Catalog.Entry::about).toList();
        assertEquals(
                models,
                copyWriteable(new Catalog.Response(models), writableRegistry(), Catalog.Response::new)
                        .models());
    }
}
