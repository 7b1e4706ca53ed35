// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import static org.opensearch.ingest.ConfigurationUtils.newConfigurationException;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opensearch.clip.core.vector.EmbeddingType;

/**
 * One entry of {@code field_map}: a vector field and what it is made of.
 *
 * @param target the vector field; of {@link MultiValue#NESTED} one inside a nested field
 * @param text fields whose values become one text, joined by a space; may be empty
 * @param image fields whose values are pictures; may be empty
 * @param mix what becomes of the vectors where there are a text and pictures
 * @param dimensions length of the vector, 0 = the model's own
 * @param type that the field keeps vectors as
 */
record FieldMapping(
        FieldPath target,
        List<FieldPath> text,
        List<FieldPath> image,
        Mix mix,
        int dimensions,
        EmbeddingType type,
        MultiValue multiValue) {

    /** What becomes of several pictures. */
    enum MultiValue {
        /** One vector, in the middle of theirs. */
        MEAN,
        /** One vector, of the first; the others are not looked at. */
        FIRST,
        /** A vector each, inside the objects of a nested field. */
        NESTED
    }

    /** @param dimensions of the processor, and its {@code type}, for an entry that has none of its own */
    static FieldMapping read(String tag, String target, Object entry, int dimensions, EmbeddingType type) {
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
        String several = config.choice("multi_value", "mean", "first", "nested");
        var mapping = new FieldMapping(
                FieldPath.declared(target),
                text,
                image,
                null,
                config.dimensions(dimensions),
                config.embeddingType(type),
                MultiValue.valueOf(several.toUpperCase(Locale.ROOT)));
        if (mapping.isNested()) {
            requireNestable(mapping, config);
        }
        Mix mix = Mix.read(config.object("fusion"));
        config.requireEmpty();
        return new FieldMapping(
                mapping.target(), text, image, mix, mapping.dimensions(), mapping.type(), mapping.multiValue());
    }

    private static void requireNestable(FieldMapping mapping, Config config) {
        if (!mapping.text().isEmpty()) {
            throw config.refused("multi_value", "[nested] makes a vector of each picture alone, without [text]");
        }
        if (mapping.target().parent() == null) {
            throw config.refused(
                    "multi_value",
                    "[nested] writes into the objects of a nested field: name the vector field by its full path, such as"
                            + " [images.vector]");
        }
    }

    /** The form of neural-search's {@code text_image_embedding}: one vector of one text field and one image field. */
    static FieldMapping readDropIn(
            String tag, String target, Map<String, Object> fieldMap, int dimensions, EmbeddingType type) {
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
        return new FieldMapping(FieldPath.declared(target), text, image, Mix.MEAN, dimensions, type, MultiValue.MEAN);
    }

    boolean isNested() {
        return multiValue == MultiValue.NESTED;
    }

    /** Whether the pictures lie in the objects that get the vectors: each picture's vector then goes beside it. */
    boolean isBesidePictures() {
        return isNested()
                && image.stream()
                        .allMatch(
                                field -> field.path().startsWith(target.parent().path() + "."));
    }
}
