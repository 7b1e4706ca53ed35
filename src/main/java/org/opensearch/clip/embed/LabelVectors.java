// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import org.opensearch.common.cache.Cache;
import org.opensearch.common.cache.CacheBuilder;

/** Vectors of labels that were used lately, so that they are embedded once and not with every picture. Safe for use by many threads. */
public final class LabelVectors {
    /** Some ten thousand labels of a usual model. */
    private static final long MOST_BYTES = 32 << 20;

    private record Key(String fingerprint, Labels labels) {}

    private final Cache<Key, List<float[]>> cache = CacheBuilder.<Key, List<float[]>>builder()
            .setMaximumWeight(MOST_BYTES)
            .weigher((key, vectors) -> bytes(key, vectors))
            .build();

    private static long bytes(Key key, List<float[]> vectors) {
        long texts = key.labels().labels().stream()
                .mapToLong(label -> 64 + 2L * label.length())
                .sum();
        long prompts = key.labels().prompts().stream()
                .mapToLong(prompt -> 64 + 2L * prompt.length())
                .sum();
        return texts
                + prompts
                + vectors.stream().mapToLong(v -> 16 + 4L * v.length).sum();
    }

    /**
     * @param fingerprint of the model
     * @return one a label, of length 1; {@code null} when they have to be made
     */
    public List<float[]> get(String fingerprint, Labels labels) {
        return cache.get(new Key(fingerprint, labels));
    }

    public void put(String fingerprint, Labels labels, List<float[]> vectors) {
        cache.put(new Key(fingerprint, labels), vectors);
    }
}
