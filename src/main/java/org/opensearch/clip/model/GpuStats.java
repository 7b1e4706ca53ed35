// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.onnx.Gpus;
import org.opensearch.secure_sm.AccessController;

/** The section {@code gpus} of a node's stats. Safe for use by many threads. */
public final class GpuStats {

    private final Gpus gpus = new Gpus();

    /** @return {@code null} where there is none, which leaves the section out */
    public List<Map<String, Object>> section() {
        List<Gpus.Gpu> read = AccessController.doPrivileged(gpus::read);
        return read.isEmpty() ? null : read.stream().map(GpuStats::map).toList();
    }

    static Map<String, Object> map(Gpus.Gpu gpu) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("index", gpu.index());
        map.put("name", gpu.name());
        map.put("memory_total_in_bytes", gpu.totalBytes());
        map.put("memory_used_in_bytes", gpu.usedBytes());
        gpu.utilizationPercent().ifPresent(percent -> map.put("utilization_percent", percent));
        return map;
    }
}
