// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import static org.opensearch.clip.model.ModelMetadataTests.stateWith;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.Version;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.AliasMetadata;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.index.Index;
import org.opensearch.test.OpenSearchTestCase;

public class SpaceGuardTests extends OpenSearchTestCase {

    public static SpaceGuard guard(ClusterState state) {
        return new SpaceGuard(() -> state, new IndexNameExpressionResolver(new ThreadContext(Settings.EMPTY)));
    }

    private static IndexMetadata.Builder index(String name, String guard) {
        return IndexMetadata.builder(name)
                .settings(Settings.builder()
                        .put(IndexMetadata.SETTING_VERSION_CREATED, Version.CURRENT)
                        .put(IndexMetadata.SETTING_INDEX_UUID, name)
                        .put("index.clip.guard", guard))
                .numberOfShards(1)
                .numberOfReplicas(0);
    }

    private static ClusterState with(ClusterState state, IndexMetadata.Builder index) {
        return ClusterState.builder(state)
                .metadata(Metadata.builder(state.metadata()).put(index))
                .build();
    }

    private static ClusterState twoModels(String guard) {
        return with(
                stateWith(Map.of("a", "fa", "b", "fb")),
                index("pictures", guard)
                        .putAlias(AliasMetadata.builder("alias"))
                        .putCustom("clip", Map.of("v", "fa", "gone", "fz")));
    }

    public void testAFieldBelongsToTheModelThatFirstFilledIt() {
        SpaceGuard guard = guard(twoModels("error"));
        guard.checkWrite("pictures", "v", "a");
        guard.checkWrite("pictures", "other", "b");
        guard.checkWrite("no_such_index", "v", "b");
        guard.checkWrite("pictures", "v", "no_such_model");
        for (String name : List.of("pictures", "alias")) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> guard.checkWrite(name, "v", "b"));
            assertEquals(
                    "field [v] of index [pictures] has vectors of model [a], those of model [b] cannot be compared with"
                            + " them: use the same model, or another field or index; [index.clip.guard: warn] lets it pass",
                    e.getMessage());
        }
        Exception e = expectThrows(IllegalArgumentException.class, () -> guard.checkWrite("pictures", "gone", "b"));
        assertTrue(e.getMessage(), e.getMessage().contains("no longer declared (fingerprint [fz])"));
    }

    public void testAnIndexMayWantToBeWarnedOrLeftAlone() {
        List<String> warnings = new ArrayList<>();
        ClusterState warned = twoModels("warn");
        SpaceGuard.check(
                warned,
                warned.metadata().index("pictures"),
                "v",
                SpaceGuard.Incoming.of(ModelMetadata.of(warned).model("b").orElseThrow()),
                warnings::add);
        assertEquals(
                List.of("field [v] of index [pictures] has vectors of model [a], those of model [b] cannot be compared"
                        + " with them"),
                warnings);
        guard(twoModels("off")).checkWrite("pictures", "v", "b");
    }

    public void testTheFirstEntryStaysWhereTheIndexIsGuarded() {
        ClusterState state = with(stateWith(Map.of()), index("i", "error"));
        Index index = state.metadata().index("i").getIndex();
        ClusterState first = RecordSpaces.apply(state, index, Map.of("v", "fa"));
        assertEquals(Map.of("v", "fa"), first.metadata().index("i").getCustomData("clip"));
        assertTrue(first.metadata().index("i").getVersion()
                > state.metadata().index("i").getVersion());
        assertSame("known already", first, RecordSpaces.apply(first, index, Map.of("v", "fa")));
        assertSame("another model is refused", first, RecordSpaces.apply(first, index, Map.of("v", "fb")));
        ClusterState second = RecordSpaces.apply(first, index, Map.of("v", "fb", "w", "fb"));
        assertEquals(Map.of("v", "fa", "w", "fb"), second.metadata().index("i").getCustomData("clip"));
        assertSame("the index is gone", second, RecordSpaces.apply(second, new Index("i", "other"), Map.of("x", "fa")));
    }

    public void testTheEntryFollowsWhereTwoModelsMayMeet() {
        ClusterState state = twoModels(randomFrom("warn", "off"));
        Index index = state.metadata().index("pictures").getIndex();
        ClusterState next = RecordSpaces.apply(state, index, Map.of("v", "fb"));
        assertEquals(
                Map.of("v", "fb", "gone", "fz"),
                next.metadata().index("pictures").getCustomData("clip"));
    }

    public void testVectorFieldsOfAMappingAreFoundAtAnyDepth() throws Exception {
        IndexMetadata index = index("i", "error").putMapping("""
                {"properties": {"v": {"type": "knn_vector"}, "t": {"type": "text"},
                  "images": {"type": "nested", "properties": {"vector": {"type": "knn_vector"}}}}}""").build();
        assertEquals(
                List.of("images.vector", "v"),
                VectorFields.in(index).stream().sorted().toList());
    }
}
