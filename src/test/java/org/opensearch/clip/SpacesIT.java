// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.admin.indices.shrink.ResizeType;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.rest.RestStatus;

/** Two models that differ in what they make of texts: whatever a query is made of, their vectors do not meet unless they may. */
public class SpacesIT extends ClipSingleNodeTestCase {
    private static final String OTHER = "other";

    @Override
    public void setUp() throws Exception {
        super.setUp();
        loadModel();
        Map<String, Object> body = Map.of("source", Map.of("catalog", "opensearch-clip-demo-v1"), "max_tokens", 32);
        client().execute(PutModel.ACTION, new PutModel.Request(OTHER, body, true, TimeValue.timeValueMinutes(2), false))
                .actionGet();
    }

    /** With one document, and its fields known to be of a model; of no model when it is {@code null}. */
    private void index(String name, String modelId, Settings settings) throws Exception {
        createIndex(name, settings, DIMENSION, "v");
        putPipeline(
                "of",
                "{\"clip_embedding\": {\"model_id\": \"" + (modelId == null ? MODEL : modelId)
                        + "\", \"field_map\": {\"v\": {\"text\": \"title\"}}}}");
        if (modelId != null) {
            assertNoFailures(bulk(name, "of", List.of("{\"title\": \"shark\"}")));
        } else {
            assertNoFailures(
                    bulk(name, "_none", List.of("{\"v\": " + Arrays.toString(embed(new Source.Text("shark"))) + "}")));
        }
    }

    private static Settings guard(String value) {
        return Settings.builder().put("index.clip.guard", value).build();
    }

    private void finds(String index, String parameters) {
        assertEquals(parameters, List.of("0"), ids(search(index, "{\"clip\": {\"v\": {" + parameters + "}}}")));
    }

    private void refused(String index, String parameters, String reason) {
        refused(index, "v", parameters, reason);
    }

    private void refused(String index, String field, String parameters, String reason) {
        Exception e = expectThrows(
                Exception.class, () -> search(index, "{\"clip\": {\"" + field + "\": {" + parameters + "}}}"));
        String all = ExceptionsHelper.stackTrace(e);
        assertEquals(all, RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        assertTrue(all, all.contains(reason));
    }

    private static String document(String index) {
        return "\"query_document\": {\"_index\": \"" + index + "\", \"_id\": \"0\"}";
    }

    private static String both(String index, String text) {
        return "\"queries\": [{\"document\": {\"_index\": \"" + index + "\", \"_id\": \"0\"}}, {\"text\": \"" + text
                + "\"}]";
    }

    public void testADocumentOfAnotherModelIsRefusedAsATextIs() throws Exception {
        index("of_demo", MODEL, Settings.EMPTY);
        index("of_other", OTHER, Settings.EMPTY);
        index("warned", MODEL, guard("warn"));
        finds("of_demo", document("of_demo"));
        finds("of_other", document("of_other"));
        refused(
                "of_demo",
                document("of_other"),
                "[clip] query on field [v]: field [v] of index [of_demo] has vectors of model [demo], those of field [v] of"
                        + " index [of_other], of model [other], cannot be compared with them: use the same model");
        finds("warned", document("of_other"));
        finds("warned", both("of_other", "shark") + ", \"model_id\": \"other\"");
    }

    public void testAllThatAQueryIsMadeOfMustAgree() throws Exception {
        index("of_demo", MODEL, Settings.EMPTY);
        index("of_other", OTHER, Settings.EMPTY);
        index("unknown", null, Settings.EMPTY);
        finds("of_demo", both("of_demo", "shark") + ", \"model_id\": \"demo\"");
        refused(
                "of_demo",
                both("of_other", "shark") + ", \"model_id\": \"demo\"",
                "those of field [v] of index [of_other], of model [other], cannot be compared");
        finds("unknown", document("of_other"));
        finds("of_demo", document("unknown"));
        finds("unknown", both("of_other", "shark") + ", \"model_id\": \"other\"");
        refused(
                "unknown",
                both("of_other", "shark") + ", \"model_id\": \"demo\"",
                "field [v] of index [of_other] has vectors of model [other], those of model [demo] cannot be compared");
        refused(
                "unknown",
                "\"queries\": [{\"document\": {\"_index\": \"of_demo\", \"_id\": \"0\"}},"
                        + " {\"document\": {\"_index\": \"of_other\", \"_id\": \"0\"}}]",
                "cannot be compared with them");
    }

    public void testAnAliasOfTheMappingHidesNoModel() throws Exception {
        index("of_demo", MODEL, Settings.EMPTY);
        index("of_other", OTHER, Settings.EMPTY);
        for (String index : List.of("of_demo", "of_other")) {
            client().admin()
                    .indices()
                    .preparePutMapping(index)
                    .setSource(
                            "{\"properties\": {\"also\": {\"type\": \"alias\", \"path\": \"v\"}}}", XContentType.JSON)
                    .get();
        }
        refused(
                "of_demo",
                "also",
                "\"query_text\": \"shark\", \"model_id\": \"other\"",
                "field [v] of index [of_demo] has vectors of model [demo], those of model [other] cannot be compared");
        refused(
                "of_demo",
                "\"query_document\": {\"_index\": \"of_other\", \"_id\": \"0\", \"field\": \"also\"}",
                "those of field [v] of index [of_other], of model [other], cannot be compared");
    }

    public void testACopyKnowsWhoseVectorsItHas() throws Exception {
        for (ResizeType type : ResizeType.values()) {
            for (boolean named : List.of(false, true)) {
                String source = "source_" + type.name().toLowerCase(Locale.ROOT) + named;
                String copy = "copy_" + type.name().toLowerCase(Locale.ROOT) + named;
                index(
                        source,
                        MODEL,
                        Settings.builder()
                                .put("index.clip.model_id", named ? MODEL : "")
                                .put("index.number_of_shards", 2)
                                .build());
                client().admin()
                        .indices()
                        .prepareUpdateSettings(source)
                        .setSettings(Map.of("index.blocks.write", true))
                        .get();
                client().admin()
                        .indices()
                        .prepareResizeIndex(source, copy)
                        .setResizeType(type)
                        .setSettings(Settings.builder()
                                .put(
                                        "index.number_of_shards",
                                        switch (type) {
                                            case SHRINK -> 1;
                                            case CLONE -> 2;
                                            case SPLIT -> 4;
                                        })
                                .putNull("index.blocks.write")
                                .build())
                        .get();
                client().admin().indices().prepareDelete(source).get();
                if (!named) {
                    finds(copy, "\"query_text\": \"shark\"");
                }
                refused(
                        copy,
                        "\"query_text\": \"shark\", \"model_id\": \"other\"",
                        "field [v] of index [" + copy
                                + "] has vectors of model [demo], those of model [other] cannot be" + " compared");
                putPipeline(
                        "by_other",
                        "{\"clip_embedding\": {\"model_id\": \"other\", \"field_map\": {\"v\": {\"text\": \"title\"}}}}");
                var item = bulk(copy, "by_other", List.of("{\"title\": \"whale\"}"))
                        .getItems()[0];
                assertEquals(RestStatus.BAD_REQUEST, item.status());
                assertTrue(item.getFailureMessage(), item.getFailureMessage().contains("has vectors of model [demo]"));
                finds(copy, "\"query_text\": \"shark\", \"model_id\": \"demo\"");
            }
        }
    }
}
