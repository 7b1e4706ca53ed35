// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.List;
import java.util.Map;
import org.opensearch.clip.LongValues;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.test.OpenSearchTestCase;

public class LongPipelineValuesTests extends OpenSearchTestCase {

    public void testARefusalOfAProcessorIsShort() throws Exception {
        Map<String, Object> valid = Map.of(
                "model_id", "m",
                "field_map", Map.of("v", Map.of("text", "t")),
                "classify", Map.of("l", Map.of("text", "t", "labels", List.of("a", "b"))),
                "dimensions", 4,
                "embedding_type", "byte",
                "on_image_error", "skip",
                "error_field", "e",
                "timeout", "1s",
                "normalize", true);
        String tag = "x".repeat(1 << 20);
        assertTrue(LongValues.refused(valid, config -> Options.read(tag, config)) > 30);
        Map<String, Object> entry = Map.of(
                "text",
                "t",
                "image",
                "i",
                "dimensions",
                4,
                "embedding_type",
                "float",
                "multi_value",
                "mean",
                "fusion",
                Map.of("technique", "slerp", "weights", Map.of("text", 1, "image", 1)));
        assertTrue(LongValues.refused(entry, map -> FieldMapping.read("t", "v", map, 0, EmbeddingType.FLOAT)) > 20);
        Map<String, Object> classify = Map.of(
                "text",
                "t",
                "labels",
                List.of("a", "b"),
                "prompt",
                "a {}",
                "top_k",
                1,
                "min_score",
                0.5,
                "scores",
                "s");
        assertTrue(LongValues.refused(classify, map -> Classification.read("t", "l", map)) > 20);
    }
}
