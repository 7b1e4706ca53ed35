// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import java.util.Map;
import org.opensearch.clip.LongValues;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.test.OpenSearchTestCase;

public class LongModelValuesTests extends OpenSearchTestCase {

    public void testARefusalOfADeclarationIsShort() throws Exception {
        Map<String, Object> valid = Map.of(
                "source", Map.of("path", "m"),
                "nodes", "a:b",
                "device", "cpu",
                "model_ttl", "1h",
                "max_tokens", 10,
                "towers", List.of("text"),
                "query_prompt", "a");
        assertTrue(LongValues.refused(valid, Declaration::parse) > 30);
        Map<String, Object> overrides = Map.of("device", "cpu", "pooling", "mean", "normalize", true, "logit_scale", 1);
        assertTrue(LongValues.refused(overrides, Overrides::parse) > 20);
    }

    public void testARefusalOfASourceIsShort() throws Exception {
        for (Map<String, Object> valid : List.<Map<String, Object>>of(
                Map.of("path", "m"),
                Map.of("catalog", Catalog.read().entries().getFirst().id()),
                Map.of("hub", "owner/name", "revision", "main"),
                Map.of(
                        "url",
                        "https://models.example/",
                        "files",
                        List.of(Map.of("path", "a", "sha256", "0".repeat(64)))))) {
            assertTrue(LongValues.refused(valid, body -> Source.declared(body, Catalog.read())) > 5);
        }
    }

    public void testARefusalOfASetupIsShort() throws Exception {
        Map<String, Object> valid =
                Map.of("index", "i", "pipeline", "p", "text", "t", "image", "j", "dimensions", 4, "vector_field", "v");
        assertTrue(LongValues.refused(valid, SetupBody::parse) > 30);
    }

    public void testAModelThatNobodyKnowsIsNamedInShort() {
        LongValues.requireShort(expectThrows(Exception.class, () -> ModelMetadata.EMPTY.require("x".repeat(1 << 20))));
    }
}
