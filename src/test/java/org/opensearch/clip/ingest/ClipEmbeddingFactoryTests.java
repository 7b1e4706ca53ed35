// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.opensearch.OpenSearchParseException;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.ingest.FieldMapping.MultiValue;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.Processor;
import org.opensearch.test.OpenSearchTestCase;

public class ClipEmbeddingFactoryTests extends OpenSearchTestCase {

    private static Options read(String json) {
        Map<String, Object> config = new HashMap<>(XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true));
        Options options = Options.read(null, config);
        assertEquals("what nobody read", Map.of(), config);
        return options;
    }

    private static void refuses(String property, String reason, String json) {
        OpenSearchParseException e = expectThrows(OpenSearchParseException.class, () -> read(json));
        assertEquals(List.of(property), e.getMetadata("opensearch.property_name"));
        assertTrue(e.getMessage(), e.getMessage().contains(reason));
    }

    public void testEveryFieldHasALimitOfDepth() {
        String deep = "a.".repeat(100) + "a";
        for (String config : List.of(
                "\"field_map\": {\"v\": {\"text\": \"" + deep + "\"}}",
                "\"field_map\": {\"" + deep + "\": {\"text\": \"t\"}}",
                "\"field_map\": {\"v\": {\"image\": \"i\"}}, \"error_field\": \"" + deep + "\"",
                "\"field_map\": {\"v\": {\"image\": \"i\"}}, \"image_info\": \"" + deep + "\"",
                "\"field_map\": {\"v\": {\"text\": \"t\"}}, \"classify\": {\"" + deep
                        + "\": {\"text\": \"t\", \"labels\": [\"a\", \"b\"]}}",
                "\"embedding\": \"" + deep + "\", \"field_map\": {\"text\": \"t\"}")) {
            Exception e = expectThrows(Exception.class, () -> read("{\"model_id\": \"m\", " + config + "}"));
            assertTrue(config + e, e.getMessage().contains("is deeper than 100 objects"));
        }
    }

    public void testReadsEveryParameter() {
        Options options = read("""
                { "model_id": "m",
                  "field_map": {
                    "title_vector": { "text": "title" },
                    "image_vector": { "image": ["a.b", "c"], "multi_value": "first", "dimensions": 32, "embedding_type": "binary" },
                    "product_vector": { "text": ["title", "brand"], "image": "media.images",
                      "fusion": { "technique": "weighted_mean", "weights": { "text": 0.3, "image": 0.7 } } } },
                  "dimensions": 512, "embedding_type": "byte", "normalize": false, "skip_existing": false, "ignore_missing": false,
                  "on_image_error": "text_only", "error_field": "notes", "remove_source_image": true, "timeout": "30s" }""");
        var image = List.of(new FieldPath("a.b"), new FieldPath("c"));
        var product = List.of(new FieldPath("title"), new FieldPath("brand"));
        assertEquals(
                List.of(
                        new FieldMapping(
                                new FieldPath("image_vector"),
                                List.of(),
                                image,
                                Mix.MEAN,
                                32,
                                EmbeddingType.BINARY,
                                MultiValue.FIRST),
                        new FieldMapping(
                                new FieldPath("product_vector"),
                                product,
                                List.of(new FieldPath("media.images")),
                                new Mix(Mix.Technique.WEIGHTED_MEAN, 0.3, 0.7),
                                512,
                                EmbeddingType.BYTE,
                                MultiValue.MEAN),
                        new FieldMapping(
                                new FieldPath("title_vector"),
                                List.of(new FieldPath("title")),
                                List.of(),
                                Mix.MEAN,
                                512,
                                EmbeddingType.BYTE,
                                MultiValue.MEAN)),
                options.fields());
        assertFalse(options.normalize());
        assertFalse(options.ignoreMissing());
        assertTrue(options.removeSourceImage());
        assertEquals(Options.OnImageError.TEXT_ONLY, options.onImageError());
        assertEquals(new FieldPath("notes"), options.errorField());
        assertEquals(30_000, options.timeout().millis());
    }

    public void testKnowsWhatIsNotMadeAnew() {
        assertTrue(read("{\"model_id\": \"m\", \"skip_existing\": true, \"field_map\": {\"v\": {\"text\": \"t\"}}}")
                .skipExisting());
    }

    public void testDefaults() throws Exception {
        String json = "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}}}";
        Options options = read(json);
        assertTrue(options.normalize());
        assertTrue(options.ignoreMissing());
        assertEquals(Options.OnImageError.FAIL, options.onImageError());
        assertEquals(new FieldPath("_clip"), options.errorField());
        assertNull(options.timeout());
        assertNull(read(json.replace("\"model_id\"", "\"error_field\": null, \"model_id\""))
                .errorField());

        Map<String, Object> config = XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true);
        Processor processor = new ClipEmbeddingProcessor.Factory(null, new Embedder(Runnable::run), null, () -> true)
                .create(Map.of(), "tag", "about", config);
        assertEquals("tag", processor.getTag());
        assertEquals("clip_embedding", processor.getType());
        assertEquals(Map.of(), config);
    }

    public void testReadsTheFormOfTextImageEmbedding() {
        Options options = read("""
                {"model_id": "m", "embedding": "v", "field_map": {"text": "t", "image": "i"}, "skip_existing": false}""");
        assertEquals(
                List.of(new FieldMapping(
                        new FieldPath("v"),
                        List.of(new FieldPath("t")),
                        List.of(new FieldPath("i")),
                        Mix.MEAN,
                        0,
                        EmbeddingType.FLOAT,
                        MultiValue.MEAN)),
                options.fields());
        refuses(
                "field_map",
                "one [image] field",
                "{\"model_id\": \"m\", \"embedding\": \"v\", \"field_map\": {\"x\": {\"text\": \"t\"}}}");
        refuses(
                "field_map.x",
                "not a known",
                "{\"model_id\": \"m\", \"embedding\": \"v\", \"field_map\": {\"text\": \"t\", \"x\": \"y\"}}");
    }

    public void testRefusesByName() {
        refuses("model_id", "missing", "{\"field_map\": {\"v\": {\"text\": \"t\"}}}");
        refuses("field_map", "missing", "{\"model_id\": \"m\"}");
        refuses("field_map", "no vector field", "{\"model_id\": \"m\", \"field_map\": {}}");
        refusesField("v", "must be an object", "\"t\"");
        refusesField("v", "[text], [image] or both", "{}");
        refusesField("v.txt", "not a known", "{\"text\": \"t\", \"txt\": \"u\"}");
        refusesField("v.text", "field name", "{\"text\": 3}");
        refusesField("v.image", "field name", "{\"image\": [\"a\", \" \"]}");
        refusesField("v.image", "no field", "{\"image\": []}");
        refusesField(
                "v.embedding_type",
                "must be one of [float, byte, binary], got [int4]",
                "{\"text\": \"t\", \"embedding_type\": \"int4\"}");
        refusesField("v.dimensions", "at least 1", "{\"text\": \"t\", \"dimensions\": 0}");
        refusesField("v.dimensions", "at least 1", "{\"text\": \"t\", \"dimensions\": \"64\"}");
        refusesField("v.multi_value", "[mean, first, nested]", "{\"image\": \"i\", \"multi_value\": \"last\"}");
        refusesField("v.multi_value", "[images.vector]", "{\"image\": \"i\", \"multi_value\": \"nested\"}");
        refusesField(
                "n.v.multi_value",
                "without [text]",
                "n.v",
                "{\"image\": \"i\", \"text\": \"t\", \"multi_value\": \"nested\"}");
        refusesField("v.multi_value", "no [image]", "{\"text\": \"t\", \"multi_value\": \"mean\"}");
        refusesField("v.fusion", "both", "{\"text\": \"t\", \"fusion\": {\"technique\": \"mean\"}}");
        refusesFusion("technique", "[mean, weighted_mean, slerp]", "{\"technique\": \"max\"}");
        refusesFusion("weights", "both 0", "{\"technique\": \"slerp\", \"weights\": {\"text\": 0, \"image\": 0}}");
        refusesFusion(
                "weights", "not to [mean]", "{\"technique\": \"mean\", \"weights\": {\"text\": 1, \"image\": 1}}");
        refusesFusion("weights", "required", "{\"technique\": \"weighted_mean\"}");
        refusesFusion("weights", "both 0", "{\"weights\": {\"text\": 0, \"image\": 0}}");
        refusesFusion("weights.image", "at least 0", "{\"weights\": {\"text\": 1}}");
        refusesFusion("weights.text", "at least 0", "{\"weights\": {\"text\": -1, \"image\": 1}}");
        refusesFusion("weights.sound", "not a known", "{\"weights\": {\"text\": 1, \"image\": 1, \"sound\": 1}}");
        refusesFusion("lambda", "not a known", "{\"lambda\": 1}");
        refusesOption("on_image_error", "[fail, skip, text_only]", "\"ignore\"");
        refusesOption("on_image_error", "string", "3");
        refusesOption("timeout", "longer than 0", "\"0s\"");
        refusesOption("timeout", "unit is missing", "\"30\"");
        refusesOption("error_field", "blank", "\" \"");
        refusesOption("error_field", "overlap", "\"v.errors\"");
        refusesOption("error_field", "overlap", "\"v\"");
        refusesOption("normalize", "boolean", "\"yes\"");
        refusesOption("dimensions", "at least 1", "-1");
        refuses(
                "skip_existing",
                "must not be null",
                "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}}, \"skip_existing\": true, \"error_field\": null}");
        refusesLabels("labels", "needs either", "{\"labels\": [\"a\"]}");
        refusesLabels("labels", "needs either", "{\"image\": \"i\", \"text\": \"t\", \"labels\": [\"a\"]}");
        refusesLabels("labels", "1 to 2048 texts", "{\"image\": \"i\"}");
        refusesLabels("labels", "must be different", "{\"image\": \"i\", \"labels\": [\"a\", \"a\"]}");
        refusesLabels(
                "labels", "where the label goes", "{\"image\": \"i\", \"labels\": [\"a\"], \"prompt\": \"a photo\"}");
        refusesLabels("labels.labels", "list of texts", "{\"image\": \"i\", \"labels\": [1]}");
        refusesLabels("labels.top_k", "at least 1", "{\"image\": \"i\", \"labels\": [\"a\"], \"top_k\": 0}");
        refusesLabels("labels.min_score", "at most 1", "{\"image\": \"i\", \"labels\": [\"a\"], \"min_score\": 2}");
        refusesLabels(
                "labels.scores", "one field", "{\"image\": \"i\", \"labels\": [\"a\"], \"scores\": [\"a\", \"b\"]}");
        refusesLabels("labels.label", "not a known", "{\"image\": \"i\", \"labels\": [\"a\"], \"label\": \"b\"}");
        refuses(
                "classify",
                "lies inside [v]",
                "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}}, \"classify\": {\"v\": {\"text\": \"t\", \"labels\": [\"a\"]}}}");
        refusesOption("image_info", "no [image]", "\"info\"");
        refuses(
                "image_info",
                "lies inside [v]",
                "{\"model_id\": \"m\", \"image_info\": \"v.info\", \"field_map\": {\"v\": {\"image\": \"i\"}}}");
        refuses(
                "field_map",
                "[v.w] lies inside [v]",
                "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}, \"v.w\": {\"text\": \"t\"}}}");
    }

    private static String numbered(String entry, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "\"f" + i + "\": " + entry)
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String many(String format, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "\"" + format + i + "\"")
                .collect(Collectors.joining(", ", "[", "]"));
    }

    public void testWhatADocumentCanBeMadeToCostIsBounded() {
        String text = "{\"text\": \"t\"}";
        refuses(
                "field_map",
                "has [101] fields, at most [100] are allowed",
                "{\"model_id\": \"m\", \"field_map\": " + numbered(text, 101) + "}");
        assertEquals(
                100,
                read("{\"model_id\": \"m\", \"field_map\": " + numbered(text, 100) + "}")
                        .fields()
                        .size());
        refusesField("v.text", "names [101] fields, at most [100] are allowed", "{\"text\": " + many("t", 101) + "}");
        String start = "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}}, \"classify\": ";
        String labels = "{\"text\": \"t\", \"labels\": " + many("label", 683) + "}";
        refuses("classify", "of [2049] texts in all its entries, at most [2048]", start + numbered(labels, 3) + "}");
        refuses("classify", "has [101] fields", start + numbered(labels, 101) + "}");
        assertEquals(2, read(start + numbered(labels, 2) + "}").classify().size());
        refusesLabels(
                "labels",
                "[labels] in the places of [prompt] make texts of [1250000] characters, at most [1048576] are allowed",
                "{\"text\": \"t\", \"labels\": " + many("x".repeat(499), 5) + ", \"prompt\": \"" + "{}".repeat(500)
                        + "\"}");
    }

    private static void refusesField(String property, String reason, String entry) {
        refusesField(property, reason, "v", entry);
    }

    private static void refusesField(String property, String reason, String target, String entry) {
        refuses(
                "field_map." + property,
                reason,
                "{\"model_id\": \"m\", \"field_map\": {\"" + target + "\": " + entry + "}}");
    }

    private static void refusesFusion(String property, String reason, String fusion) {
        refusesField("v.fusion." + property, reason, "{\"text\": \"t\", \"image\": \"i\", \"fusion\": " + fusion + "}");
    }

    private static void refusesLabels(String property, String reason, String entry) {
        refuses(
                "classify." + property,
                reason,
                "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}}, \"classify\": {\"labels\": " + entry
                        + "}}");
    }

    private static void refusesOption(String property, String reason, String value) {
        refuses(
                property,
                reason,
                "{\"model_id\": \"m\", \"field_map\": {\"v\": {\"text\": \"t\"}}, \"" + property + "\": " + value
                        + "}");
    }

    public void testCoreRefusesUnknownParametersByName() {
        Map<String, Object> config =
                new HashMap<>(Map.of("model_id", "m", "field_map", Map.of("v", Map.of("text", "t")), "batchsize", 3));
        Exception e = expectThrows(
                Exception.class,
                () -> ConfigurationUtils.readProcessor(
                        Map.of(
                                "clip_embedding",
                                new ClipEmbeddingProcessor.Factory(
                                        null, new Embedder(Runnable::run), null, () -> true)),
                        null,
                        "clip_embedding",
                        config));
        assertTrue(e.getMessage(), e.getMessage().contains("[batchsize]"));
    }
}
