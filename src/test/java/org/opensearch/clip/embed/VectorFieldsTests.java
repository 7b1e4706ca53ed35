// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensearch.Version;
import org.opensearch.action.support.IndicesOptions;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.VectorFields.VectorField;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.Desired;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.index.IndexNotFoundException;
import org.opensearch.test.OpenSearchTestCase;

public class VectorFieldsTests extends OpenSearchTestCase {

    private static final String VECTOR = "{\"type\": \"knn_vector\", \"dimension\": 4}";

    private final VectorFields fields =
            new VectorFields(new IndexNameExpressionResolver(new ThreadContext(Settings.EMPTY)));
    private final Metadata.Builder metadata = Metadata.builder();

    private void index(String name, String properties, String modelId) throws Exception {
        Settings.Builder settings = Settings.builder()
                .put(IndexMetadata.SETTING_VERSION_CREATED, Version.CURRENT)
                .put(IndexMetadata.SETTING_INDEX_UUID, "uuid-of-" + name)
                .put(IndexMetadata.SETTING_NUMBER_OF_SHARDS, 1)
                .put(IndexMetadata.SETTING_NUMBER_OF_REPLICAS, 0);
        if (modelId != null) {
            settings.put("index.clip.model_id", modelId);
        }
        IndexMetadata.Builder index = IndexMetadata.builder(name).settings(settings);
        if (properties != null) {
            index.putMapping("{\"properties\": " + properties + "}");
        }
        metadata.put(index);
    }

    private List<VectorField> find(String field, String... indices) {
        ClusterState state =
                ClusterState.builder(ClusterName.DEFAULT).metadata(metadata).build();
        return fields.of(state, target(field, 0, indices));
    }

    private static Target target(String field, int dimensions, String... indices) {
        return new Target(indices, IndicesOptions.strictExpandOpen(), field, dimensions);
    }

    private static DeclaredModel model(int dimension) {
        return new DeclaredModel(
                "m", Map.of(), List.of(), Map.of(), "f", dimension, List.of(), Desired.LOADED, null, null, null);
    }

    private static void refuses(String reason, ThrowingRunnable work) {
        Exception e = expectThrows(IllegalArgumentException.class, work);
        assertTrue(e.getMessage(), e.getMessage().contains(reason));
    }

    public void testFindsAFieldInObjectsAndMultiFieldsAndBehindAnAlias() throws Exception {
        index(
                "a",
                "{\"v\": " + VECTOR + ", \"o\": {\"properties\": {\"v\": " + VECTOR + "}},"
                        + " \"n\": {\"type\": \"nested\", \"properties\": {\"v\": " + VECTOR + "}},"
                        + " \"t\": {\"type\": \"text\", \"fields\": {\"v\": " + VECTOR + "}},"
                        + " \"also\": {\"type\": \"alias\", \"path\": \"o.v\"}}",
                null);
        for (String field : List.of("v", "o.v", "n.v", "t.v", "also")) {
            assertEquals(
                    field,
                    List.of("a"),
                    find(field, "a").stream().map(VectorField::index).toList());
        }
    }

    /** An index may allow any depth, and what is nested more than 1,000 deep is read by nobody. */
    public void testMappingsNestAsDeepAsTheyAreRead() throws Exception {
        index("deep", nested(490), null);
        List<String> found = VectorFields.in(metadata.get("deep"));
        assertEquals(1, found.size());
        assertEquals(490 * 2 + 1, found.getFirst().length());
        expectThrows(Exception.class, () -> index("deeper", nested(510), null));
    }

    private static String nested(int depth) {
        return "{\"o\": {\"properties\": ".repeat(depth) + "{\"v\": " + VECTOR + "}" + "}}".repeat(depth);
    }

    public void testAnAliasThatNamesItselfIsNoField() throws Exception {
        index("a", "{\"v\": {\"type\": \"alias\", \"path\": \"v\"}}", null);
        refuses("[v]", () -> find("v", "a"));
    }

    public void testPassesOverIndicesWithoutTheField() throws Exception {
        index("a", "{\"v\": " + VECTOR + "}", "m");
        index("b", "{\"w\": " + VECTOR + "}", "other");
        index("c", null, null);
        assertEquals(List.of("a"), find("v").stream().map(VectorField::index).toList());
        assertEquals(Optional.of("m"), VectorFields.modelId(find("v")));
    }

    public void testRefusesAFieldThatIsMappedNowhereOrAsSomethingElse() throws Exception {
        index("a", "{\"v\": " + VECTOR + ", \"o\": {\"properties\": {}}, \"t\": {\"type\": \"text\"}}", null);
        index("b", null, null);
        refuses("field [x] is mapped in none of the indices [a, b]", () -> find("x", "a", "b"));
        refuses("field [v.x] is mapped in none of the indices [a]", () -> find("v.x", "a"));
        refuses("field [t] of index [a] is mapped as [text], it must be [knn_vector]", () -> find("t", "a", "b"));
        refuses("field [o] of index [a] is mapped as [object]", () -> find("o", "a"));
        expectThrows(IndexNotFoundException.class, () -> find("v", "nowhere"));
    }

    public void testSeesAMappingThatHasChanged() throws Exception {
        index("a", "{\"w\": " + VECTOR + "}", null);
        refuses("mapped in none", () -> find("v", "a"));
        IndexMetadata.Builder changed = IndexMetadata.builder(metadata.get("a"))
                .putMapping("{\"properties\": {\"v\": " + VECTOR + "}}")
                .mappingVersion(2);
        metadata.put(changed);
        assertEquals(1, find("v", "a").size());
    }

    public void testTakesTheModelThatAllIndicesName() throws Exception {
        index("a", "{\"v\": " + VECTOR + "}", "m");
        index("b", "{\"v\": " + VECTOR + "}", "m");
        index("c", "{\"v\": " + VECTOR + "}", "other");
        index("d", "{\"v\": " + VECTOR + "}", null);
        assertEquals(Optional.of("m"), VectorFields.modelId(find("v", "a", "b")));
        refuses("[a]: [m], [c]: [other]", () -> VectorFields.modelId(find("v", "a", "c")));
        refuses("[a]: [m], [d]: not set", () -> VectorFields.modelId(find("v", "a", "d")));
        assertEquals(Optional.empty(), VectorFields.modelId(find("v", "d")));
    }

    public void testTheFieldsSayWhatTheyKeepVectorsAs() throws Exception {
        String binary = "{\"type\": \"knn_vector\", \"dimension\": 8, \"data_type\": \"BINARY\"}";
        index("a", "{\"v\": " + VECTOR + "}", null);
        index("b", "{\"v\": " + binary + ", \"also\": {\"type\": \"alias\", \"path\": \"v\"}}", null);
        index("c", "{\"v\": {\"type\": \"knn_vector\", \"model_id\": \"x\"}}", null);
        assertEquals(EmbeddingType.FLOAT, VectorFields.dataType(List.of(), null));
        assertEquals(EmbeddingType.BYTE, VectorFields.dataType(List.of(), EmbeddingType.BYTE));
        assertEquals(EmbeddingType.FLOAT, VectorFields.dataType(find("v", "a"), null));
        assertEquals(EmbeddingType.BINARY, VectorFields.dataType(find("v", "b", "c"), null));
        assertEquals(EmbeddingType.BINARY, VectorFields.dataType(find("also", "b"), EmbeddingType.BINARY));
        assertEquals(EmbeddingType.BYTE, VectorFields.dataType(find("v", "c"), EmbeddingType.BYTE));
        VectorFields.check(find("v", "b"), target("v", 0), model(8));
        refuses(
                "[data_type] of the fields searched is not the same: [v] of [a]: [float], [v] of [b]: [binary]; search them"
                        + " apart",
                () -> VectorFields.dataType(find("v", "a", "b"), null));
        refuses(
                "[embedding_type] is [byte], [data_type] of the fields searched is not the same: [v] of [a]: [float]",
                () -> VectorFields.dataType(find("v", "a"), EmbeddingType.BYTE));
    }

    public void testComparesDimensionsAndSaysWhatToDo() throws Exception {
        index("a", "{\"v\": " + VECTOR + ", \"trained\": {\"type\": \"knn_vector\", \"model_id\": \"x\"}}", null);
        VectorFields.check(find("v"), target("v", 0), model(4));
        VectorFields.check(find("v"), target("v", 4), model(8));
        VectorFields.check(find("trained"), target("trained", 0), model(8));
        refuses(
                "field [v] of index [a] has dimension [4], the vector of model [m] would have [8]: set [dimensions] to [4]",
                () -> VectorFields.check(find("v"), target("v", 0), model(8)));
        refuses("leave [dimensions] out", () -> VectorFields.check(find("v"), target("v", 2), model(4)));
        refuses("map the field with dimension [2]", () -> VectorFields.check(find("v"), target("v", 0), model(2)));
        refuses(
                "[dimensions] is [9], more than the [8] of model [m]",
                () -> VectorFields.check(find("v"), target("v", 9), model(8)));
    }
}
