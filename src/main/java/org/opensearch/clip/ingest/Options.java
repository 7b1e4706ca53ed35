// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import static org.opensearch.ingest.ConfigurationUtils.newConfigurationException;
import static org.opensearch.ingest.ConfigurationUtils.readBooleanProperty;
import static org.opensearch.ingest.ConfigurationUtils.readMap;
import static org.opensearch.ingest.ConfigurationUtils.readOptionalMap;
import static org.opensearch.ingest.ConfigurationUtils.readOptionalStringProperty;
import static org.opensearch.ingest.ConfigurationUtils.readStringProperty;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Labels;
import org.opensearch.common.unit.TimeValue;

/**
 * What a {@code clip_embedding} processor was told, checked as far as it can be without a model: pipelines are rebuilt on every
 * node at restart and restore, long before a model is there.
 *
 * @param classify fields that get labels, may be empty
 * @param imageInfo field for size, format and hash of the pictures, {@code null} = none
 * @param skipExisting whether a vector that a document carries stays, when it was made of the same inputs by the same model
 * @param errorField where that is noted, and pictures that could not be used, {@code null} = nowhere
 * @param timeout of a request's work, {@code null} = the setting of the ingest lane
 */
record Options(
        String modelId,
        List<FieldMapping> fields,
        List<Classification> classify,
        FieldPath imageInfo,
        boolean normalize,
        boolean skipExisting,
        boolean ignoreMissing,
        OnImageError onImageError,
        FieldPath errorField,
        boolean removeSourceImage,
        TimeValue timeout) {

    private static final String TYPE = ClipEmbeddingProcessor.TYPE;
    /** Each of {@code field_map} and {@code classify}: every document makes all of them. */
    private static final int MOST_FIELDS = 100;

    /** What becomes of a document with a picture that cannot be used. */
    enum OnImageError {
        /** The document fails. */
        FAIL,
        /** The vector is made without that picture; without any picture left there is no vector. */
        SKIP,
        /** The vector is made without that picture; without any picture left, of the text alone. */
        TEXT_ONLY;

        static OnImageError read(String tag, Map<String, Object> config) {
            String value = readStringProperty(TYPE, tag, config, "on_image_error", "fail");
            for (OnImageError choice : values()) {
                if (choice.name().toLowerCase(Locale.ROOT).equals(value)) {
                    return choice;
                }
            }
            throw newConfigurationException(
                    TYPE,
                    tag,
                    "on_image_error",
                    "must be one of [fail, skip, text_only], got [" + Shown.of(value) + "]");
        }
    }

    /** Takes what it reads out of {@code config}: core refuses what is left. */
    static Options read(String whole, Map<String, Object> config) {
        String tag = whole == null ? null : Shown.of(whole);
        String modelId = readStringProperty(TYPE, tag, config, "model_id");
        if (modelId.isBlank()) {
            throw newConfigurationException(TYPE, tag, "model_id", "is blank");
        }
        boolean skipExisting = readBooleanProperty(TYPE, tag, config, "skip_existing", false);
        int dimensions = Config.object(tag, "", config).dimensions(0);
        config.remove("dimensions");
        EmbeddingType type = Config.object(tag, "", config).embeddingType(EmbeddingType.FLOAT);
        config.remove("embedding_type");
        boolean normalize = readBooleanProperty(TYPE, tag, config, "normalize", true);
        boolean ignoreMissing = readBooleanProperty(TYPE, tag, config, "ignore_missing", true);
        OnImageError onImageError = OnImageError.read(tag, config);
        FieldPath errorField = errorField(tag, config);
        if (skipExisting && errorField == null) {
            throw newConfigurationException(
                    TYPE,
                    tag,
                    "skip_existing",
                    "keeps hashes of the inputs in [error_field], which must not be null then");
        }
        boolean removeSourceImage = readBooleanProperty(TYPE, tag, config, "remove_source_image", false);
        TimeValue timeout = timeout(tag, config);
        List<FieldMapping> fields = fields(tag, config, dimensions, type);
        List<Classification> classify = classify(tag, config);
        FieldPath imageInfo = imageInfo(tag, config, fields, classify);
        requireApart(tag, written(fields, classify, imageInfo), errorField);
        return new Options(
                modelId,
                fields,
                classify,
                imageInfo,
                normalize,
                skipExisting,
                ignoreMissing,
                onImageError,
                errorField,
                removeSourceImage,
                timeout);
    }

    /** Where a mapping's nested vectors go. */
    NestedVectors nested(FieldMapping mapping) {
        FieldPath field = mapping.target().parent();
        return new NestedVectors(
                field,
                fields.stream()
                        .filter(other ->
                                other.isNested() && field.equals(other.target().parent()))
                        .map(other -> other.target().name())
                        .collect(Collectors.toUnmodifiableSet()));
    }

    /** Of the vectors to make, 0 = the model's own. */
    Set<Integer> lengths() {
        return fields.stream().map(FieldMapping::dimensions).collect(Collectors.toSet());
    }

    private static FieldPath errorField(String tag, Map<String, Object> config) {
        if (!config.containsKey("error_field")) {
            return new FieldPath("_clip");
        }
        String field = readOptionalStringProperty(TYPE, tag, config, "error_field");
        if (field != null && field.isBlank()) {
            throw newConfigurationException(TYPE, tag, "error_field", "is blank; null keeps errors out of documents");
        }
        return field == null ? null : FieldPath.declared(field);
    }

    private static TimeValue timeout(String tag, Map<String, Object> config) {
        String value = readOptionalStringProperty(TYPE, tag, config, "timeout");
        if (value == null) {
            return null;
        }
        try {
            TimeValue timeout = TimeValue.parseTimeValue(Shown.of(value), "timeout");
            if (timeout.millis() > 0) {
                return timeout;
            }
        } catch (IllegalArgumentException e) {
            throw newConfigurationException(TYPE, tag, "timeout", e.getMessage());
        }
        throw newConfigurationException(TYPE, tag, "timeout", "must be longer than 0, got [" + Shown.of(value) + "]");
    }

    private static List<FieldMapping> fields(
            String tag, Map<String, Object> config, int dimensions, EmbeddingType type) {
        String embedding = readOptionalStringProperty(TYPE, tag, config, "embedding");
        Map<String, Object> fieldMap = readMap(TYPE, tag, config, "field_map");
        if (embedding != null) {
            return List.of(FieldMapping.readDropIn(tag, embedding, fieldMap, dimensions, type));
        }
        if (fieldMap.isEmpty()) {
            throw newConfigurationException(TYPE, tag, "field_map", "names no vector field");
        }
        requireFew(tag, "field_map", fieldMap);
        // Sorted, so that every node sends the same request and names the same field first.
        return new TreeMap<>(fieldMap)
                .entrySet().stream()
                        .map(e -> FieldMapping.read(tag, e.getKey(), e.getValue(), dimensions, type))
                        .toList();
    }

    private static List<Classification> classify(String tag, Map<String, Object> config) {
        Map<String, Object> entries = readOptionalMap(TYPE, tag, config, "classify");
        if (entries == null) {
            return List.of();
        }
        requireFew(tag, "classify", entries);
        List<Classification> classify = new TreeMap<>(entries)
                .entrySet().stream()
                        .map(e -> Classification.read(tag, e.getKey(), e.getValue()))
                        .toList();
        long texts =
                classify.stream().mapToLong(entry -> entry.labels().texts()).sum();
        if (texts > Labels.MOST_TEXTS) {
            throw newConfigurationException(
                    TYPE,
                    tag,
                    "classify",
                    "has [labels] times [prompt] of [" + texts + "] texts in all its entries, at most ["
                            + Labels.MOST_TEXTS + "] are allowed: a document waits for all of them");
        }
        return classify;
    }

    private static void requireFew(String tag, String parameter, Map<String, Object> entries) {
        if (entries.size() > MOST_FIELDS) {
            throw newConfigurationException(
                    TYPE,
                    tag,
                    parameter,
                    "has [" + entries.size() + "] fields, at most [" + MOST_FIELDS + "] are allowed");
        }
    }

    /** Every field that pictures are read from. */
    Stream<FieldPath> pictures() {
        return Stream.concat(
                fields.stream().flatMap(mapping -> mapping.image().stream()),
                classify.stream().flatMap(entry -> entry.image().stream()));
    }

    private static FieldPath imageInfo(
            String tag, Map<String, Object> config, List<FieldMapping> fields, List<Classification> classify) {
        String field = readOptionalStringProperty(TYPE, tag, config, "image_info");
        if (field == null) {
            return null;
        }
        boolean pictures = Stream.concat(
                        fields.stream().map(FieldMapping::image),
                        classify.stream().map(Classification::image))
                .anyMatch(image -> !image.isEmpty());
        if (field.isBlank() || !pictures) {
            throw newConfigurationException(
                    TYPE,
                    tag,
                    "image_info",
                    field.isBlank() ? "is blank" : "is about pictures, and there is no [image]");
        }
        return FieldPath.declared(field);
    }

    /** A field that is written, and the parameter that says so. */
    private record Written(String parameter, String field) {}

    private static List<Written> written(
            List<FieldMapping> fields, List<Classification> classify, FieldPath imageInfo) {
        List<Written> all = new ArrayList<>();
        fields.forEach(
                mapping -> all.add(new Written("field_map", mapping.target().path())));
        for (Classification entry : classify) {
            all.add(new Written("classify", entry.target().path()));
            if (entry.scores() != null) {
                all.add(new Written("classify", entry.scores().path()));
            }
        }
        if (imageInfo != null) {
            all.add(new Written("image_info", imageInfo.path()));
        }
        return all;
    }

    /** Fields that are written must not be the same, nor lie inside each other. */
    private static void requireApart(String tag, List<Written> written, FieldPath errorField) {
        for (int i = 0; i < written.size(); i++) {
            String target = written.get(i).field();
            for (int j = 0; j < written.size(); j++) {
                String other = written.get(j).field();
                if (i != j && (other + ".").startsWith(target + ".")) {
                    throw newConfigurationException(
                            TYPE,
                            tag,
                            written.get(Math.max(i, j)).parameter(),
                            "[" + Shown.of(other) + "] lies inside [" + Shown.of(target) + "], which is written too");
                }
            }
            if (errorField != null
                    && ((errorField.path() + ".").startsWith(target + ".")
                            || target.startsWith(errorField.path() + "."))) {
                throw newConfigurationException(
                        TYPE,
                        tag,
                        "error_field",
                        "[" + errorField + "] and the field [" + Shown.of(target) + "] overlap");
            }
        }
    }
}
