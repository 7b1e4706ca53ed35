// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.stats;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.opensearch.clip.stats.ClipStats.Stage;
import org.opensearch.test.OpenSearchTestCase;

public class ClipStatsTests extends OpenSearchTestCase {

    private final ClipStats stats = new ClipStats();

    private Map<?, ?> models() {
        return (Map<?, ?>) stats.snapshot().get("models");
    }

    public void testCountsByModelLaneKindAndType() {
        ClipStats.OfModel model = stats.model("m");
        model.asked("search");
        model.asked("search");
        model.asked("ingest");
        model.embedded("texts", 7, true);
        model.embedded("images", 0, false);
        model.failed("invalid_image");
        model.ran(2);
        model.ran(1);
        Map<?, ?> counted = (Map<?, ?>) models().get("m");
        assertEquals(Map.of("search", 2L, "ingest", 1L), counted.get("requests"));
        assertEquals(Map.of("texts", 1L, "images", 1L), counted.get("embedded"));
        assertEquals(Map.of("invalid_image", 1L), counted.get("failures"));
        assertEquals(7L, counted.get("tokens"));
        assertEquals(1L, counted.get("truncated_texts"));
        assertEquals(1.5, counted.get("inputs_per_run"));
    }

    public void testLatenciesAreMicrosecondsOfEachStage() {
        for (int i = 0; i < 99; i++) {
            stats.model("m").took(Stage.DECODE, TimeUnit.MICROSECONDS.toNanos(100));
        }
        stats.model("m").took(Stage.DECODE, TimeUnit.DAYS.toNanos(1));
        Map<?, ?> stages = (Map<?, ?>) ((Map<?, ?>) models().get("m")).get("latency_in_micros");
        Map<?, ?> decode = (Map<?, ?>) stages.get("decode");
        assertEquals(100L, decode.get("count"));
        assertEquals(100L, decode.get("p90"));
        assertTrue("an hour at most", (long) decode.get("max") < TimeUnit.MINUTES.toMicros(61));
        assertEquals(0L, ((Map<?, ?>) stages.get("infer")).get("count"));
    }

    public void testDeletedModelsAreForgotten() {
        stats.model("kept").ran(1);
        stats.model("deleted").ran(1);
        stats.retain(Set.of("kept", "new"));
        assertEquals(Set.of("kept"), models().keySet());
    }

    public void testGaugesAreReadForEachSnapshot() {
        int[] depth = {0};
        stats.gauge("queue", () -> Map.of("depth", ++depth[0]));
        assertEquals(Map.of("depth", 1), stats.snapshot().get("queue"));
        assertEquals(Map.of("depth", 2), stats.snapshot().get("queue"));
    }

    public void testAGaugeThatHasNothingToSayIsLeftOut() {
        stats.gauge("gpus", () -> null);
        assertEquals(Set.of("models"), stats.snapshot().keySet());
    }
}
