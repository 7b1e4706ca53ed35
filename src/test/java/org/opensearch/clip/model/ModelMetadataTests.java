// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.Diff;
import org.opensearch.cluster.block.ClusterBlocks;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.gateway.GatewayService;
import org.opensearch.test.AbstractDiffableSerializationTestCase;

/** Wire, disk and diffs of the section, also for keys that this release does not know. */
public class ModelMetadataTests extends AbstractDiffableSerializationTestCase<Metadata.Custom> {

    static DeclaredModel model(String id) {
        return new DeclaredModel(
                id,
                Map.of("path", id),
                List.of(
                        new Artifact("onnx/text_model.onnx", 3_000_000_000L, "0".repeat(64)),
                        new Artifact("config.json", 5, "a".repeat(64))),
                Map.of("pooling", "mean", "max_tokens", 77),
                "f".repeat(32),
                256,
                List.of(64, 128, 256),
                Desired.UNLOADED,
                null,
                null,
                null);
    }

    /** A cluster that has these models: id to fingerprint. */
    public static ClusterState stateWith(Map<String, String> models) {
        ClusterState state = ClusterState.builder(new ClusterName("test")).build();
        ModelMetadata metadata = ModelMetadata.of(state);
        for (Map.Entry<String, String> model : models.entrySet()) {
            Map<String, Object> map = new HashMap<>(model(model.getKey()).toMap());
            map.put("fingerprint", model.getValue());
            metadata = metadata.with(DeclaredModel.fromMap(model.getKey(), map));
        }
        return metadata.in(state);
    }

    /** The same with a model that is to be loaded, or not. */
    public static ClusterState loading(ClusterState state, String id, boolean load) {
        ModelMetadata metadata = ModelMetadata.of(state);
        Map<String, Object> map = new HashMap<>(metadata.model(id).orElseThrow().toMap());
        map.put("load", load);
        return metadata.with(DeclaredModel.fromMap(id, map)).in(state);
    }

    private static Map<String, Object> random(String id) {
        DeclaredModel model = new DeclaredModel(
                id,
                Map.of(randomFrom("path", "catalog"), randomAlphaOfLength(5)),
                randomList(0, 3, () -> new Artifact(randomAlphaOfLength(4), randomNonNegativeLong(), "b".repeat(64))),
                randomBoolean()
                        ? Map.of()
                        : Map.of("normalize", randomBoolean(), "fill_color", randomIntBetween(0, 255)),
                randomAlphaOfLength(32),
                randomIntBetween(1, 1024),
                randomList(0, 3, () -> randomIntBetween(1, 1024)),
                randomFrom(Desired.values()),
                randomBoolean() ? null : "data:true",
                randomBoolean() ? null : "cpu",
                randomBoolean() ? null : TimeValue.timeValueMinutes(randomIntBetween(1, 90)));
        Map<String, Object> map = new HashMap<>(model.toMap());
        if (randomBoolean()) {
            map.put("of_a_later_release", Map.of("kept", List.of(1, "two", false)));
        }
        return map;
    }

    @Override
    protected Metadata.Custom createTestInstance() {
        Map<String, Map<String, Object>> models = new LinkedHashMap<>();
        for (int i = 0; i < randomIntBetween(0, 5); i++) {
            models.put("m" + i, rarely() ? randomFrom(unreadable().keySet()) : random("m" + i));
        }
        return new ModelMetadata(models);
    }

    @Override
    protected Metadata.Custom makeTestChanges(Metadata.Custom instance) {
        ModelMetadata changed = (ModelMetadata) instance;
        for (DeclaredModel model : changed.models()) {
            if (randomBoolean()) {
                changed = randomBoolean()
                        ? changed.without(model.id())
                        : changed.with(model.with(model.load() ? Desired.UNLOADED : Desired.LOADED));
            }
        }
        return randomBoolean() ? changed : changed.with(model("new"));
    }

    @Override
    protected Writeable.Reader<Diff<Metadata.Custom>> diffReader() {
        return in -> in.readNamedWriteable(org.opensearch.cluster.NamedDiff.class, ModelMetadata.TYPE);
    }

    @Override
    protected Writeable.Reader<Metadata.Custom> instanceReader() {
        return ModelMetadata::new;
    }

    @Override
    protected Metadata.Custom doParseInstance(XContentParser parser) throws IOException {
        parser.nextToken();
        return ModelMetadata.fromXContent(parser);
    }

    @Override
    protected NamedWriteableRegistry getNamedWriteableRegistry() {
        return new NamedWriteableRegistry(ModelMetadata.namedWriteables());
    }

    public void testKeysOfALaterReleaseSurviveAChange() {
        Map<String, Object> map = new HashMap<>(model("m").toMap());
        map.put("later", "kept");
        map.put("device", "cpu");
        ModelMetadata metadata = new ModelMetadata(Map.of("m", map));

        ModelMetadata changed = metadata.with(model("m").with(Desired.LOADED));

        Map<String, Object> expected =
                new HashMap<>(model("m").with(Desired.LOADED).toMap());
        expected.put("later", "kept");
        assertEquals(new ModelMetadata(Map.of("m", expected)), changed);
        assertNull(changed.model("m").orElseThrow().device());
    }

    /** What another release may write, each with a word of the reason that is told. */
    private static Map<Map<String, Object>, String> unreadable() {
        Map<String, Object> good = model("m").toMap();
        Map<Map<String, Object>, String> all = new LinkedHashMap<>();
        all.put(Map.of(), "not what this release expects");
        for (String key : List.of("fingerprint", "dimension", "load")) {
            Map<String, Object> map = new HashMap<>(good);
            map.remove(key);
            all.put(map, key.equals("load") ? "[load] is [null]" : "expects");
        }
        Map<String, Object> wrong = new HashMap<>();
        wrong.put("source", "a string");
        wrong.put("files", Map.of());
        wrong.put("overrides", Map.of("of_a_later_release", 1));
        wrong.put("fingerprint", 1);
        wrong.put("dimension", "256");
        wrong.put("dimensions", List.of("256"));
        wrong.put("load", "on_monday");
        wrong.put("nodes", List.of("a"));
        wrong.put("device", 1);
        wrong.put("model_ttl", "soon");
        wrong.put("format", 2);
        wrong.forEach((key, value) -> {
            Map<String, Object> map = new HashMap<>(good);
            map.put(key, value);
            all.put(map, "");
        });
        return all;
    }

    public void testWhatThisReleaseCannotReadIsNoModelAndStaysAsItIs() throws IOException {
        Map<String, Map<String, Object>> maps = new LinkedHashMap<>();
        unreadable().keySet().forEach(map -> maps.put("m" + maps.size(), map));
        maps.put("good", model("good").toMap());
        ModelMetadata metadata = new ModelMetadata(maps);

        assertEquals(Set.of("good"), metadata.ids());
        assertEquals(maps.size() - 1, metadata.unreadable().size());
        int i = 0;
        for (String word : unreadable().values()) {
            String reason = metadata.unreadable().get("m" + i);
            assertTrue(reason, reason.contains("model [m" + i + "]") && reason.contains(word));
            i++;
        }
        assertEquals(
                "written again beside another",
                metadata,
                metadata.with(model("new")).without("new"));
        assertEquals("its files stay in the cache", true, metadata.hashes().contains("0".repeat(64)));
        expectThrows(ResourceNotFoundException.class, () -> metadata.require("unknown"));
        OpenSearchStatusException e = expectThrows(OpenSearchStatusException.class, () -> metadata.require("m0"));
        assertEquals(RestStatus.CONFLICT, e.status());
    }

    public void testWhatIsNoObjectOnDiskIsKeptAndNoModel() throws IOException {
        try (XContentParser parser = createParser(JsonXContent.jsonXContent, "{\"m\": 5, \"n\": null, \"o\": [{}]}")) {
            ModelMetadata metadata = (ModelMetadata) doParseInstance(parser);
            assertEquals(Set.of(), metadata.ids());
            assertEquals(Set.of("m", "n", "o"), metadata.unreadable().keySet());
        }
    }

    public void testModelSurvivesItsMap() {
        DeclaredModel model = model("m");
        assertEquals(model, DeclaredModel.fromMap("m", model.toMap()));
    }

    public void testLastModelTakesTheSectionWithIt() {
        ClusterState state = ClusterState.builder(ClusterName.DEFAULT).build();
        ClusterState declared = ModelMetadata.of(state).with(model("m")).in(state);
        assertNotNull(declared.metadata().custom(ModelMetadata.TYPE));

        ClusterState deleted = ModelMetadata.of(declared).without("m").in(declared);

        assertNull(deleted.metadata().custom(ModelMetadata.TYPE));
        assertTrue(ModelMetadata.of(deleted).models().isEmpty());
    }

    public void testIsWrittenToDiskToSnapshotsAndToTheApi() {
        assertEquals(Metadata.ALL_CONTEXTS, ModelMetadata.EMPTY.context());
    }

    public void testAClusterThatHasJustStartedDoesNotKnowItsModelsYet() {
        ClusterState started = ClusterState.builder(ClusterName.DEFAULT)
                .blocks(ClusterBlocks.builder().addGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK))
                .build();
        var e = expectThrows(OpenSearchStatusException.class, () -> ModelMetadata.recovered(started));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, e.status());
        assertNotNull(e.getHeader("Retry-After"));
        ClusterState recovered = ClusterState.builder(started)
                .blocks(ClusterBlocks.EMPTY_CLUSTER_BLOCK)
                .build();
        assertEquals(Set.of(), ModelMetadata.recovered(recovered).ids());
    }
}
