// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import java.util.Map;
import org.opensearch.clip.LongValues;
import org.opensearch.test.OpenSearchTestCase;

public class LongBodyValuesTests extends OpenSearchTestCase {

    public void testARefusalOfABodyIsShort() throws Exception {
        List<Object> inputs = List.of(Map.of("text", "a"));
        Map<String, Object> embed =
                Map.of("inputs", inputs, "dimensions", 4, "normalize", true, "side", "query", "timeout", "1s");
        assertTrue(LongValues.refused(embed, EmbedBody::parse) > 25);
        Map<String, Object> classify = Map.of(
                "inputs",
                inputs,
                "labels",
                List.of("a"),
                "prompt",
                "a {}",
                "top_k",
                1,
                "min_score",
                0.1,
                "timeout",
                "1s");
        assertTrue(LongValues.refused(classify, body -> Classify.Body.parse("m", body)) > 30);
        Map<String, Object> similarity =
                Map.of("query", "a", "inputs", inputs, "top_k", 1, "dimensions", 4, "timeout", "1s");
        assertTrue(LongValues.refused(similarity, body -> Similarity.Body.parse("m", body)) > 20);
    }

    public void testARefusalInJinasSchemaIsShort() throws Exception {
        Map<String, Object> embeddings = Map.of(
                "model",
                "m",
                "input",
                List.of(Map.of("text", "a")),
                "dimensions",
                4,
                "normalized",
                true,
                "truncate",
                true,
                "task",
                "retrieval.query",
                "embedding_type",
                "float");
        assertTrue(LongValues.refused(embeddings, EmbeddingsBody::parse) > 30);
        Map<String, Object> rerank = Map.of("model", "m", "query", "a", "documents", List.of("b"), "top_n", 1);
        assertTrue(LongValues.refused(rerank, Rerank.Body::parse) > 10);
        Map<String, Object> classify = Map.of("model", "m", "input", List.of("a"), "labels", List.of("a", "b"));
        assertTrue(LongValues.refused(classify, Classify.InJinaSchema::parse) > 10);
    }
}
