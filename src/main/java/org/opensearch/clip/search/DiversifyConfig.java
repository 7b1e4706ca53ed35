// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.common.xcontent.support.XContentMapValues;
import org.opensearch.ingest.ConfigurationUtils;

/**
 * What a {@code clip_diversify} was told. Immutable.
 *
 * @param vectorField dotted path of a {@code knn_vector}
 * @param embeddingType of vectors that come in {@code _source}
 * @param candidates hits looked at, and the end of what can be paged through
 * @param clusters for k-means
 * @param diversity for MMR, 0 to 1
 */
record DiversifyConfig(
        String vectorField,
        EmbeddingType embeddingType,
        int candidates,
        Technique technique,
        int clusters,
        double diversity) {

    private static final int MAX_CANDIDATES = 1000;
    /** More do not fit a page, and each looks at every candidate in every round. */
    private static final int MAX_CLUSTERS = 100;

    /** Multiplications of a round of k-means, or of all of MMR: a tenth of a second of a core, and a second. */
    private static final long MOST_OF_A_ROUND = 1 << 27;

    private static final long MOST_OF_MMR = 1 << 30;

    enum Technique {
        KMEANS,
        MMR
    }

    static DiversifyConfig parse(String tag, Map<String, Object> config) {
        String vectorField =
                ConfigurationUtils.readStringProperty(DiversifyProcessor.TYPE, tag, config, "vector_field");
        String kept =
                ConfigurationUtils.readStringProperty(DiversifyProcessor.TYPE, tag, config, "embedding_type", "float");
        EmbeddingType embeddingType = EmbeddingType.of(kept)
                .orElseThrow(() -> ConfigurationUtils.newConfigurationException(
                        DiversifyProcessor.TYPE,
                        tag,
                        "embedding_type",
                        "must be one of " + List.of(EmbeddingType.values()) + ", got [" + Shown.of(kept) + "]"));
        int candidates = inRange(tag, config, "candidates", 50, MAX_CANDIDATES);
        int clusters = inRange(tag, config, "clusters", 5, MAX_CLUSTERS);
        String name =
                ConfigurationUtils.readStringProperty(DiversifyProcessor.TYPE, tag, config, "technique", "kmeans");
        Technique technique = Arrays.stream(Technique.values())
                .filter(t -> t.name().toLowerCase(Locale.ROOT).equals(name))
                .findAny()
                .orElseThrow(() -> ConfigurationUtils.newConfigurationException(
                        DiversifyProcessor.TYPE,
                        tag,
                        "technique",
                        "must be [kmeans] or [mmr], got [" + Shown.of(name) + "]"));
        Object given = config.remove("diversity");
        double diversity = given == null ? 0.5 : number(given);
        if (!(diversity >= 0 && diversity <= 1)) {
            throw ConfigurationUtils.newConfigurationException(
                    DiversifyProcessor.TYPE, tag, "diversity", "must be in [0, 1], got [" + Shown.of(given) + "]");
        }
        return new DiversifyConfig(vectorField, embeddingType, candidates, technique, clusters, diversity);
    }

    private static double number(Object value) {
        try {
            return XContentMapValues.nodeDoubleValue(value);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private static int inRange(String tag, Map<String, Object> config, String name, int fallback, int most) {
        // core repeats what is no number
        config.computeIfPresent(name, (n, given) -> given instanceof Number ? given : Shown.of(given));
        int value = ConfigurationUtils.readIntProperty(DiversifyProcessor.TYPE, tag, config, name, fallback);
        if (value < 1 || value > most) {
            throw ConfigurationUtils.newConfigurationException(
                    DiversifyProcessor.TYPE, tag, name, "must be in [1, " + most + "], got [" + value + "]");
        }
        return value;
    }

    /** Under which a search remembers {@code what} between the halves. */
    String key(String what) {
        return DiversifyProcessor.TYPE + "." + vectorField + "." + what;
    }

    /** @throws IllegalArgumentException when reordering would take too long: the search threads are everybody's */
    void requireBounded(int hits, int dimensions) {
        boolean kmeans = technique == Technique.KMEANS;
        long work = (long) hits * (kmeans ? clusters : hits) * dimensions;
        long most = kmeans ? MOST_OF_A_ROUND : MOST_OF_MMR;
        if (work > most) {
            throw new IllegalArgumentException("[" + DiversifyProcessor.TYPE + "] would compare [" + hits
                    + "] hits with ["
                    + (kmeans ? clusters + "] clusters" : hits + "] hits") + " in [" + dimensions + "] dimensions, ["
                    + work + "] multiplications where at most [" + most + "] are allowed: lower [candidates]"
                    + (kmeans ? " or [clusters]" : ""));
        }
    }
}
