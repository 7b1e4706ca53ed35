// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import java.util.List;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.common.xcontent.support.XContentMapValues;
import org.opensearch.search.SearchHit;

/** The vector that came along with a hit: as {@link VectorPhase} brings it, else in {@code _source}. */
final class HitVector {
    private HitVector() {}

    /**
     * @param type that {@code _source} has vectors as, which does not say it
     * @return of length 1; {@code null} when the hit has none, or a zero vector
     * @throws IllegalArgumentException when k-NN's derived source has lost it, or the hit has several
     */
    static float[] of(SearchHit hit, String field, EmbeddingType type) {
        float[] carried = VectorPhase.take(hit);
        float[] there = carried == null ? inSource(hit, field) : null;
        float[] vector = there == null ? carried : type.decode(there);
        if (vector != null) {
            for (float value : vector) {
                if (value != 0) {
                    return Vectors.normalize(vector);
                }
            }
        }
        return null;
    }

    private static float[] inSource(SearchHit hit, String field) {
        Object value = hit.hasSource() ? XContentMapValues.extractValue(field, hit.getSourceAsMap()) : null;
        if (value instanceof Number) {
            throw new IllegalArgumentException("the vectors of [vector_field] of [clip_diversify], [" + Shown.of(field)
                    + "], are not in _source: k-NN's derived source does not give back those of fields with upper case in their"
                    + " names; use the request half of [clip_diversify] too, name the field in lower case, or set"
                    + " [index.knn.derived_source.enabled: false] on the index");
        }
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            return null;
        }
        if (list.get(0) instanceof List<?>) {
            throw new IllegalArgumentException(
                    "[vector_field] of [clip_diversify] names a field inside a nested object, [" + Shown.of(field)
                            + "]: it must have one vector a hit");
        }
        float[] vector = new float[list.size()];
        for (int i = 0; i < vector.length; i++) {
            if (!(list.get(i) instanceof Number number)) {
                return null;
            }
            vector[i] = number.floatValue();
        }
        return vector;
    }
}
