// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import static org.opensearch.clip.model.ModelMetadataTests.loading;
import static org.opensearch.clip.model.ModelMetadataTests.stateWith;

import java.util.List;
import java.util.Map;
import org.opensearch.Version;
import org.opensearch.action.support.IndicesOptions;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Target;
import org.opensearch.clip.embed.VectorFields;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.test.OpenSearchTestCase;

public class ResolutionTests extends OpenSearchTestCase {

    private final VectorFields fields =
            new VectorFields(new IndexNameExpressionResolver(new ThreadContext(Settings.EMPTY)));
    private ClusterState state = stateWith(Map.of("a", "fa", "b", "fb", "twin", "fa"));

    /** @param recorded {@code null} = nothing is */
    private void index(String name, String recorded, String setting) throws Exception {
        Settings.Builder settings = Settings.builder()
                .put(IndexMetadata.SETTING_VERSION_CREATED, Version.CURRENT)
                .put(IndexMetadata.SETTING_INDEX_UUID, name);
        if (setting != null) {
            settings.put("index.clip.model_id", setting);
        }
        var index = IndexMetadata.builder(name)
                .settings(settings)
                .numberOfShards(1)
                .numberOfReplicas(0)
                .putMapping(
                        "{\"properties\": {\"v\": {\"type\": \"knn_vector\"}, \"also\": {\"type\": \"alias\", \"path\": \"v\"}}}");
        if (recorded != null) {
            index.putCustom("clip", Map.of("v", recorded));
        }
        state = ClusterState.builder(state)
                .metadata(Metadata.builder(state.metadata()).put(index))
                .build();
    }

    private String chosen(String modelId, String field, String... indices) {
        var target = new Target(indices, IndicesOptions.strictExpandOpen(), field, 0);
        var request = new Embed.Request(modelId, List.of(), Lane.SEARCH, Side.QUERY, null, target);
        return Resolution.of(request, state, fields).model().id();
    }

    private void refuses(String reason, String... indices) {
        Exception e = expectThrows(IllegalArgumentException.class, () -> chosen(null, "v", indices));
        assertEquals(reason, e.getMessage());
    }

    public void testTheQueryNamesTheModelThenTheIndexThenItsVectors() throws Exception {
        index("set", "fb", "b");
        index("recorded", "fb", null);
        index("free", null, "a");
        assertEquals("b", chosen(null, "v", "recorded"));
        assertEquals("b", chosen(null, "also", "recorded"));
        assertEquals("b", chosen(null, "v", "set"));
        assertEquals("a", chosen(null, "v", "free"));
        assertEquals("b", chosen("b", "v", "free"));
    }

    public void testOfTwoModelsOfOneSpaceTheFirstThatIsLoaded() throws Exception {
        index("i", "fa", null);
        index("j", "fa", null);
        assertEquals("a", chosen(null, "v", "i", "j"));
        state = loading(loading(state, "a", false), "twin", true);
        assertEquals("twin", chosen(null, "v", "i", "j"));
        state = loading(state, "a", true);
        assertEquals("a", chosen(null, "v", "i", "j"));
    }

    public void testSaysWhyItCannotKnowTheModel() throws Exception {
        index("i", "fa", null);
        index("j", "fb", null);
        index("k", null, null);
        index("gone", "fz", null);
        refuses("[model_id] is missing: set it here, or [index.clip.model_id] in the settings of the index", "k");
        refuses(
                "[model_id] is missing, and the vectors searched are not known to be of one model: [i]: model [a], [j]:"
                        + " model [b], [k]: not known; set [model_id] here, or search them apart",
                "i",
                "j",
                "k");
        refuses(
                "[model_id] is missing, and the vectors searched are of a model that is no longer declared (fingerprint"
                        + " [fz]): declare it again, or set [model_id]",
                "gone");
    }
}
