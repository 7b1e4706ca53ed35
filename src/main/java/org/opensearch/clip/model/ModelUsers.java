// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.ingest.IngestMetadata;
import org.opensearch.ingest.PipelineConfiguration;

/**
 * What in a cluster state names a model, and would be left without it.
 *
 * @param pipelines ids of ingest pipelines
 * @param indices names of indices
 */
record ModelUsers(List<String> pipelines, List<String> indices) {

    static final String PROCESSOR = "clip_embedding";

    static ModelUsers of(String modelId, ClusterState state) {
        List<String> pipelines = new ArrayList<>();
        IngestMetadata ingest = state.metadata().custom(IngestMetadata.TYPE);
        if (ingest != null) {
            for (PipelineConfiguration pipeline : ingest.getPipelines().values()) {
                if (names(modelId, pipeline.getConfigAsMap())) {
                    pipelines.add(pipeline.getId());
                }
            }
        }
        List<String> indices = new ArrayList<>();
        for (IndexMetadata index : state.metadata()) {
            if (modelId.equals(ClipSettings.INDEX_MODEL_ID.get(index.getSettings()))) {
                indices.add(index.getIndex().getName());
            }
        }
        return new ModelUsers(
                pipelines.stream().sorted().toList(), indices.stream().sorted().toList());
    }

    /** At any depth, because processors nest: in {@code on_failure}, in {@code foreach}, in processors that we do not know. */
    private static boolean names(String modelId, Object config) {
        return switch (config) {
            case Map<?, ?> map ->
                map.get(PROCESSOR) instanceof Map<?, ?> processor && modelId.equals(processor.get("model_id"))
                        || map.values().stream().anyMatch(value -> names(modelId, value));
            case List<?> list -> list.stream().anyMatch(value -> names(modelId, value));
            case null, default -> false;
        };
    }

    boolean none() {
        return pipelines.isEmpty() && indices.isEmpty();
    }
}
