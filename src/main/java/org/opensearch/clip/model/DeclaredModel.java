package org.opensearch.clip.model;

import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.model.Artifact;

/**
 * A model as the cluster knows it: the value of {@link ModelMetadata}.
 *
 * @param source as declared: {@code {"catalog": ..}} or {@code {"path": ..}}
 * @param files what each node must hold, pinned by hash
 * @param overrides as declared, checked
 * @param fingerprint hash of what defines the space
 * @param dimension floats of an embedding
 * @param dimensions Matryoshka lengths, may be empty
 * @param load the desired state: loaded on every eligible node, or not
 * @param nodes node filter, {@code null} = every data, ingest and search node
 */
public record DeclaredModel(
        String id,
        Map<String, Object> source,
        List<Artifact> files,
        Map<String, Object> overrides,
        String fingerprint,
        int dimension,
        List<Integer> dimensions,
        boolean load,
        String nodes) {}
