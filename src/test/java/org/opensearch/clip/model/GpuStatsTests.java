// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.Map;
import java.util.OptionalInt;
import org.opensearch.clip.core.onnx.Gpus.Gpu;
import org.opensearch.test.OpenSearchTestCase;

public class GpuStatsTests extends OpenSearchTestCase {

    public void testNothingIsSaidWithoutADriver() {
        assertNull(new GpuStats().section());
    }

    public void testUtilizationIsLeftOutWhereTheDriverDoesNotCountIt() {
        Map<String, Object> map = GpuStats.map(new Gpu(1, "a GPU", 80L << 30, 2L << 30, OptionalInt.of(37)));
        assertEquals(
                Map.of(
                        "index",
                        1,
                        "name",
                        "a GPU",
                        "memory_total_in_bytes",
                        80L << 30,
                        "memory_used_in_bytes",
                        2L << 30,
                        "utilization_percent",
                        37),
                map);
        assertFalse(GpuStats.map(new Gpu(1, "a GPU", 1, 1, OptionalInt.empty())).containsKey("utilization_percent"));
    }
}
