// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.Diff;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.xcontent.XContentParser;
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
            models.put("m" + i, random("m" + i));
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
}
