// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import static org.opensearch.ingest.ConfigurationUtils.newConfigurationException;

import java.util.List;
import java.util.Map;

/**
 * One entry of {@code field_map}: a vector field and what it is made of.
 *
 * @param text fields whose values become one text, joined by a space; may be empty
 * @param image fields whose values are pictures; may be empty
 * @param textWeight weight of the text's vector where there are also pictures
 * @param imageWeight weight of the pictures' vector where there is also a text
 * @param dimensions length of the vector, 0 = the model's own
 * @param firstImageOnly the first picture alone, or else the mean of all
 */
record FieldMapping(
        FieldPath target,
        List<FieldPath> text,
        List<FieldPath> image,
        double textWeight,
        double imageWeight,
        int dimensions,
        boolean firstImageOnly) {

    /** @param dimensions of the processor, for an entry that has none of its own */
    static FieldMapping read(String tag, String target, Object entry, int dimensions) {
        var config = Config.object(tag, "field_map." + target, entry);
        List<FieldPath> text = config.paths("text");
        List<FieldPath> image = config.paths("image");
        if (text.isEmpty() && image.isEmpty()) {
            throw config.refused(null, "needs [text], [image] or both");
        }
        if (image.isEmpty() && config.has("multi_value")) {
            throw config.refused("multi_value", "is about several pictures, and there is no [image]");
        }
        if (config.has("fusion") && (text.isEmpty() || image.isEmpty())) {
            throw config.refused("fusion", "needs both [text] and [image]");
        }
        boolean first = config.choice("multi_value", "mean", "first").equals("first");
        int own = config.dimensions(dimensions);
        double[] weights = weights(config.object("fusion"));
        config.requireEmpty();
        return new FieldMapping(new FieldPath(target), text, image, weights[0], weights[1], own, first);
    }

    /** The form of neural-search's {@code text_image_embedding}: one vector of one text field and one image field. */
    static FieldMapping readDropIn(String tag, String target, Map<String, Object> fieldMap, int dimensions) {
        for (Object field : fieldMap.values()) {
            if (!(field instanceof String)) {
                throw newConfigurationException(
                        ClipEmbeddingProcessor.TYPE,
                        tag,
                        "field_map",
                        "with [embedding] it names one [text] and one [image] field, as in {\"text\": \"title\", \"image\": \"picture\"}");
            }
        }
        var config = Config.object(tag, "field_map", fieldMap);
        List<FieldPath> text = config.paths("text");
        List<FieldPath> image = config.paths("image");
        config.requireEmpty();
        if (text.isEmpty() && image.isEmpty()) {
            throw config.refused(null, "needs [text], [image] or both");
        }
        return new FieldMapping(new FieldPath(target), text, image, 1, 1, dimensions, false);
    }

    private static double[] weights(Config fusion) {
        if (fusion == null) {
            return new double[] {1, 1};
        }
        boolean weighted = fusion.choice(
                        "technique", fusion.has("weights") ? "weighted_mean" : "mean", "mean", "weighted_mean")
                .equals("weighted_mean");
        Config weights = fusion.object("weights");
        fusion.requireEmpty();
        if (!weighted && weights != null) {
            throw fusion.refused("weights", "belong to the technique [weighted_mean], not to [mean]");
        }
        if (!weighted) {
            return new double[] {1, 1};
        }
        if (weights == null) {
            throw fusion.refused("weights", "are required by the technique [weighted_mean]");
        }
        double[] both = {weights.weight("text"), weights.weight("image")};
        weights.requireEmpty();
        if (both[0] + both[1] == 0) {
            throw fusion.refused("weights", "are both 0");
        }
        return both;
    }
}
