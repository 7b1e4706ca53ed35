// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.metadata.MetadataCreateIndexService;

/**
 * The body of {@code _setup}, and what it makes: pipeline and index as a user would write them.
 *
 * @param pipeline the index's name unless given
 * @param text fields whose texts are embedded, may be empty
 * @param image the field with pictures, or {@code null}
 * @param dimensions 0 = the model's
 * @param vectorField one vector of all that is given instead of {@link #vectorFields the usual ones}, or {@code null}
 */
record SetupBody(String index, String pipeline, List<String> text, String image, int dimensions, String vectorField) {

    private static final Set<String> KEYS = Set.of("index", "pipeline", "text", "image", "dimensions", "vector_field");

    /** Also without halves of surrogate pairs, which a cluster state cannot be written with. */
    private static final Pattern PRINTABLE = Pattern.compile("[^\\p{Cc}\\p{Cs}]*");

    private static final int MAX_FIELD = 1_000;
    /** As a processor takes: each is compared with each. */
    private static final int MAX_TEXTS = 100;

    /** @throws IllegalArgumentException naming the field that is missing, unknown, of the wrong type or in the way of another */
    static SetupBody parse(Map<String, Object> json) {
        RequestBody.refuseUnknown(json, KEYS);
        String index = name("index", json.get("index"));
        String image = json.get("image") == null ? null : field("image", json.get("image"));
        String vector = json.get("vector_field") == null ? null : field("vector_field", json.get("vector_field"));
        List<String> text = texts(json.get("text"));
        if (text.isEmpty() && image == null) {
            throw new IllegalArgumentException("[text], [image] or both must name a field to embed");
        }
        var body = new SetupBody(
                index,
                json.get("pipeline") == null ? index : name("pipeline", json.get("pipeline")),
                text,
                image,
                dimensions(json.get("dimensions")),
                vector);
        body.requireApart();
        return body;
    }

    /** The rules for indices hold for pipelines too, because a wildcard in their names means others. */
    private static String name(String key, Object value) {
        if (!(value instanceof String name) || !PRINTABLE.matcher(name).matches()) {
            throw new IllegalArgumentException("[" + key + "] must be a name, got [" + Shown.of(value) + "]");
        }
        MetadataCreateIndexService.validateIndexOrAliasName(
                name,
                (given, reason) ->
                        new IllegalArgumentException("[" + key + "] is [" + Shown.of(given) + "], it " + reason));
        return name;
    }

    /** Names with an underscore in front mean something else to documents and pipelines. */
    private static String field(String key, Object value) {
        if (!(value instanceof String name)
                || name.length() > MAX_FIELD
                || name.startsWith("_")
                || !PRINTABLE.matcher(name).matches()
                || Arrays.stream(name.split("\\.", -1)).anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("[" + key + "] must be a field's name of at most " + MAX_FIELD
                    + " characters that begins with no [_], got [" + Shown.of(value) + "]");
        }
        return name;
    }

    private static List<String> texts(Object value) {
        List<?> list = value instanceof List<?> several ? several : value == null ? List.of() : List.of(value);
        if (list.size() > MAX_TEXTS) {
            throw new IllegalArgumentException(
                    "[text] names [" + list.size() + "] fields, at most [" + MAX_TEXTS + "] are allowed");
        }
        return list.stream().map(name -> field("text", name)).toList();
    }

    private static int dimensions(Object value) {
        return switch (value) {
            case null -> 0;
            case Integer i when i > 0 -> i;
            default ->
                throw new IllegalArgumentException(
                        "[dimensions] must be a positive integer, got [" + Shown.of(value) + "]");
        };
    }

    /** A field that is named twice, or lies inside another, would need two mappings. */
    private void requireApart() {
        List<String> fields = new ArrayList<>(text);
        if (image != null) {
            fields.add(image);
        }
        fields.addAll(vectorFields());
        for (int i = 0; i < fields.size(); i++) {
            for (int j = 0; j < fields.size(); j++) {
                if (i != j && (fields.get(j) + ".").startsWith(fields.get(i) + ".")) {
                    throw new IllegalArgumentException(
                            "[" + Shown.of(fields.get(j)) + "] and [" + Shown.of(fields.get(i))
                                    + "] among [text], [image] and the vector fields are the same or inside each other");
                }
            }
        }
    }

    List<String> vectorFields() {
        if (vectorField != null) {
            return List.of(vectorField);
        }
        if (image == null) {
            return List.of("text_vector");
        }
        return text.isEmpty() ? List.of("image_vector") : List.of("image_vector", "both_vector");
    }

    /** {@code both_vector} beside {@code image_vector}: pictures are found by what they show, and by that and their texts. */
    private Map<String, Object> inputs(String vector) {
        Map<String, Object> inputs = new LinkedHashMap<>();
        boolean pictureAlone = vectorField == null && vector.equals("image_vector");
        if (!text.isEmpty() && !pictureAlone) {
            inputs.put("text", text.size() == 1 ? text.getFirst() : text);
        }
        if (image != null) {
            inputs.put("image", image);
        }
        return inputs;
    }

    Map<String, Object> pipelineBody(String modelId) {
        Map<String, Object> fields = new LinkedHashMap<>();
        vectorFields().forEach(vector -> fields.put(vector, inputs(vector)));
        Map<String, Object> processor = new LinkedHashMap<>();
        processor.put("model_id", modelId);
        processor.put("field_map", fields);
        if (dimensions > 0) {
            processor.put("dimensions", dimensions);
        }
        return Map.of("processors", List.of(Map.of(ModelUsers.PROCESSOR, processor)));
    }

    Map<String, Object> settings(DeclaredModel model) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("index.knn", true);
        settings.put("index.default_pipeline", pipeline);
        settings.put(ClipSettings.INDEX_MODEL_ID.getKey(), model.id());
        return settings;
    }

    Map<String, Object> mappings(DeclaredModel model) {
        Map<String, Object> fields = new LinkedHashMap<>();
        text.forEach(name -> fields.put(name, Map.of("type", "text")));
        if (image != null) {
            // kept in _source alone: megabytes of base64 would be refused as a term
            fields.put(image, Map.of("type", "keyword", "index", false, "doc_values", false));
        }
        vectorFields().forEach(vector -> fields.put(vector, model.mapping(dimensions)));
        fields.put("_clip", Map.of("type", "object", "enabled", false));
        return Map.of("properties", fields);
    }
}
