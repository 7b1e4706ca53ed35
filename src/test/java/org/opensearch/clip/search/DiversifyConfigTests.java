// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import java.util.HashMap;
import java.util.Map;
import org.opensearch.OpenSearchParseException;
import org.opensearch.clip.LongValues;
import org.opensearch.test.OpenSearchTestCase;

public class DiversifyConfigTests extends OpenSearchTestCase {

    private static DiversifyConfig parse(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("vector_field", "v");
        return DiversifyConfig.parse("tag", config);
    }

    private static String refused(DiversifyConfig config, int hits, int dimensions) {
        return expectThrows(IllegalArgumentException.class, () -> config.requireBounded(hits, dimensions))
                .getMessage();
    }

    public void testARefusalIsShort() throws Exception {
        Map<String, Object> valid = Map.of(
                "vector_field",
                "v",
                "embedding_type",
                "float",
                "candidates",
                10,
                "clusters",
                3,
                "technique",
                "mmr",
                "diversity",
                0.5);
        assertTrue(LongValues.refused(valid, config -> DiversifyConfig.parse("tag", config)) > 30);
    }

    public void testClustersAndCandidatesAreBoundedAlone() {
        for (var wrong : Map.of("clusters", 101, "candidates", 1001).entrySet()) {
            Exception e =
                    expectThrows(OpenSearchParseException.class, () -> parse(Map.of(wrong.getKey(), wrong.getValue())));
            assertTrue(e.getMessage(), e.getMessage().startsWith("[" + wrong.getKey() + "] must be in [1, 1"));
        }
        assertEquals(100, parse(Map.of("clusters", 100)).clusters());
    }

    public void testCandidatesTimesClustersTimesDimensionsAreBounded() {
        DiversifyConfig most = parse(Map.of("clusters", 100, "candidates", 1000));
        most.requireBounded(1000, 1024);
        assertEquals(
                "[clip_diversify] would compare [1000] hits with [100] clusters in [16000] dimensions, [1600000000]"
                        + " multiplications where at most [134217728] are allowed: lower [candidates] or [clusters]",
                refused(most, 1000, 16_000));
        parse(Map.of("candidates", 1000)).requireBounded(1000, 16_000);
    }

    public void testMarginalRelevanceComparesAllHitsWithEachOther() {
        DiversifyConfig mmr = parse(Map.of("technique", "mmr", "candidates", 1000));
        mmr.requireBounded(1000, 1024);
        mmr.requireBounded(250, 16_000);
        assertEquals(
                "[clip_diversify] would compare [1000] hits with [1000] hits in [2048] dimensions, [2048000000]"
                        + " multiplications where at most [1073741824] are allowed: lower [candidates]",
                refused(mmr, 1000, 2048));
    }
}
