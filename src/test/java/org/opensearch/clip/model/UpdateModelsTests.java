// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static java.util.Collections.emptyMap;
import static org.hamcrest.Matchers.containsString;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.Version;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.clip.model.UpdateModels.Outcome;
import org.opensearch.clip.model.UpdateModels.Result;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodeRole;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.ingest.IngestMetadata;
import org.opensearch.ingest.PipelineConfiguration;
import org.opensearch.test.OpenSearchTestCase;

public class UpdateModelsTests extends OpenSearchTestCase {

    static final Map<String, String> WITH_PLUGIN = Map.of(Frame.NODE_ATTRIBUTE, String.valueOf(Frame.FORMAT));

    static DiscoveryNode node(String name, Map<String, String> attributes, Set<DiscoveryNodeRole> roles) {
        return new DiscoveryNode(name, name, buildNewFakeTransportAddress(), attributes, roles, Version.CURRENT);
    }

    private static ClusterState cluster(DiscoveryNode... nodes) {
        DiscoveryNodes.Builder all = DiscoveryNodes.builder();
        for (DiscoveryNode node : nodes) {
            all.add(node);
        }
        return ClusterState.builder(ClusterName.DEFAULT).nodes(all).build();
    }

    private static ClusterState cluster() {
        return cluster(node("a", WITH_PLUGIN, DiscoveryNodeRole.BUILT_IN_ROLES));
    }

    private static Outcome apply(Change change, ClusterState state) {
        return UpdateModels.apply(change, state, 100);
    }

    private static DeclaredModel only(Outcome outcome) {
        return ModelMetadata.of(outcome.state()).models().iterator().next();
    }

    private final DeclaredModel model = ModelMetadataTests.model("m");

    public void testDeclaresANewModel() {
        Outcome outcome = apply(new Change.Declare(model), cluster());
        assertEquals(Result.CREATED, outcome.result());
        assertEquals(model, only(outcome));
    }

    public void testWhatIsTooLargeForTheClusterStateIsRefused() {
        DeclaredModel large = of("n".repeat(15_000), model.files());
        assertEquals(Result.CREATED, apply(new Change.Declare(large), cluster()).result());
        Exception e = expectThrows(
                IllegalArgumentException.class,
                () -> apply(new Change.Declare(of("n".repeat(17_000), model.files())), cluster()));
        assertThat(
                e.getMessage(), containsString("at most [16384] are allowed: it is part of every full cluster state"));
        List<Artifact> files = Collections.nCopies(200, new Artifact("onnx/part", 1, "a".repeat(64)));
        e = expectThrows(IllegalArgumentException.class, () -> apply(new Change.Declare(of(null, files)), cluster()));
        assertThat(e.getMessage(), containsString("with its [200] files and their hashes"));
    }

    private DeclaredModel of(String nodes, List<Artifact> files) {
        return new DeclaredModel(
                "m",
                model.source(),
                files,
                model.overrides(),
                model.fingerprint(),
                model.dimension(),
                model.dimensions(),
                Desired.ON_USE,
                nodes,
                null,
                null);
    }

    public void testSameDeclarationChangesNothing() {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        Outcome outcome = apply(new Change.Declare(model), declared);
        assertEquals(Result.NOOP, outcome.result());
        assertSame(declared, outcome.state());
    }

    public void testWhereItRunsMayChangeAndItStaysLoaded() {
        ClusterState declared =
                apply(new Change.Declare(model.with(Desired.LOADED)), cluster()).state();
        DeclaredModel moved = new DeclaredModel(
                "m",
                model.source(),
                model.files(),
                model.overrides(),
                model.fingerprint(),
                256,
                model.dimensions(),
                Desired.UNLOADED,
                "gpu:true",
                "cpu",
                null);
        Outcome outcome = apply(new Change.Declare(moved), declared);
        assertEquals(Result.UPDATED, outcome.result());
        assertEquals(moved.with(Desired.LOADED), only(outcome));
    }

    public void testOtherVectorsUnderTheSameIdAreAConflict() {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        DeclaredModel other = new DeclaredModel(
                "m",
                model.source(),
                model.files(),
                model.overrides(),
                "e".repeat(32),
                256,
                model.dimensions(),
                Desired.UNLOADED,
                null,
                null,
                null);
        OpenSearchStatusException e =
                expectThrows(OpenSearchStatusException.class, () -> apply(new Change.Declare(other), declared));
        assertEquals(RestStatus.CONFLICT, e.status());
        assertThat(e.getMessage(), containsString("declare it under a new id"));
    }

    public void testRefusesWhileANodeLacksThePlugin() {
        ClusterState state = cluster(
                node("a", WITH_PLUGIN, DiscoveryNodeRole.BUILT_IN_ROLES),
                node("manager", emptyMap(), Set.of(DiscoveryNodeRole.CLUSTER_MANAGER_ROLE)),
                node("data", emptyMap(), Set.of(DiscoveryNodeRole.DATA_ROLE)));
        OpenSearchStatusException e =
                expectThrows(OpenSearchStatusException.class, () -> apply(new Change.Declare(model), state));
        assertEquals(RestStatus.CONFLICT, e.status());
        assertThat(e.getMessage(), containsString("[data, manager]"));
    }

    public void testRefusesMoreModelsThanTheSettingAllows() {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        IllegalArgumentException e = expectThrows(
                IllegalArgumentException.class,
                () -> UpdateModels.apply(new Change.Declare(ModelMetadataTests.model("n")), declared, 1));
        assertThat(e.getMessage(), containsString("[plugins.clip.max_models] is 1"));
        assertEquals(
                Result.NOOP,
                UpdateModels.apply(new Change.Declare(model), declared, 1).result());
    }

    public void testWantsAndDoesNotWantAModel() {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        Outcome wanted = apply(new Change.Want("m", true), declared);
        assertEquals(Result.UPDATED, wanted.result());
        assertTrue(only(wanted).load());
        assertEquals(
                Result.NOOP, apply(new Change.Want("m", true), wanted.state()).result());
        assertFalse(only(apply(new Change.Want("m", false), wanted.state())).load());
    }

    public void testUseLoadsWhatIsToBeLoadedOnUseAndNothingElse() {
        for (Desired before : Desired.values()) {
            ClusterState declared =
                    apply(new Change.Declare(model.with(before)), cluster()).state();
            Outcome used = apply(new Change.Use("m"), declared);
            assertEquals(before == Desired.ON_USE ? Result.UPDATED : Result.NOOP, used.result());
            assertEquals(
                    before == Desired.ON_USE ? Desired.LOADED : before,
                    only(used).desired());
        }
    }

    public void testADeclarationThatSaysNothingOfLoadingChangesNothingAndNoneUnloads() {
        for (Desired before : Desired.values()) {
            ClusterState declared =
                    apply(new Change.Declare(model.with(before)), cluster()).state();
            assertEquals(before, declaredAgain(declared, Desired.ON_USE));
            assertEquals(
                    before == Desired.LOADED ? Desired.LOADED : Desired.UNLOADED,
                    declaredAgain(declared, Desired.UNLOADED));
            assertEquals(Desired.LOADED, declaredAgain(declared, Desired.LOADED));
        }
    }

    private Desired declaredAgain(ClusterState state, Desired desired) {
        return only(apply(new Change.Declare(model.with(desired)), state)).desired();
    }

    public void testAReleaseThatKnowsNoLoadingOnUseReadsItAsNotLoaded() {
        assertNotEquals(true, model.with(Desired.ON_USE).toMap().get("load"));
        for (Desired desired : Desired.values()) {
            assertEquals(desired, Desired.of(desired.form()));
        }
    }

    /** A declaration as another release may write it. */
    private static ClusterState unreadable() {
        Map<String, Object> map = new HashMap<>(ModelMetadataTests.model("m").toMap());
        map.put("load", "on_monday");
        return new ModelMetadata(Map.of("m", map)).in(cluster());
    }

    public void testAModelOfAnotherReleaseIsDeletedAndNothingElse() {
        ClusterState state = unreadable();
        for (Change change : List.of(new Change.Declare(model), new Change.Want("m", true), new Change.Use("m"))) {
            OpenSearchStatusException e = expectThrows(OpenSearchStatusException.class, () -> apply(change, state));
            assertEquals(RestStatus.CONFLICT, e.status());
            assertThat(e.getMessage(), containsString("cannot read model [m]: [load] is [on_monday]"));
        }
        assertNull(
                apply(new Change.Delete("m", false), state).state().metadata().custom(ModelMetadata.TYPE));
    }

    public void testAModelOfAnotherReleaseStaysAsItIsBesideOthers() {
        ModelMetadata before = ModelMetadata.of(unreadable());
        ClusterState state = apply(new Change.Declare(ModelMetadataTests.model("other")), unreadable())
                .state();
        ModelMetadata after = ModelMetadata.of(state);
        assertEquals(Set.of("other"), after.ids());
        assertEquals(before, after.without("other"));
    }

    public void testUnknownModelIsNotFound() {
        for (Change change : List.of(new Change.Want("m", true), new Change.Use("m"), new Change.Delete("m", false))) {
            ResourceNotFoundException e = expectThrows(ResourceNotFoundException.class, () -> apply(change, cluster()));
            assertThat(e.getMessage(), containsString("[m]"));
        }
    }

    public void testDeletesTheLastModelWithItsSection() {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        Outcome outcome = apply(new Change.Delete("m", false), declared);
        assertEquals(Result.DELETED, outcome.result());
        assertNull(outcome.state().metadata().custom(ModelMetadata.TYPE));
    }

    public void testRefusesToDeleteWhatAnIndexNames() {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        Settings settings = settings(Version.CURRENT)
                .put(IndexMetadata.SETTING_NUMBER_OF_SHARDS, 1)
                .put(IndexMetadata.SETTING_NUMBER_OF_REPLICAS, 0)
                .put("index.clip.model_id", "m")
                .build();
        Metadata.Builder metadata = Metadata.builder(declared.metadata())
                .put(IndexMetadata.builder("pictures").settings(settings));
        refusesToDelete(
                "[pictures]", ClusterState.builder(declared).metadata(metadata).build());
    }

    public void testRefusesToDeleteWhatAPipelineNamesAtAnyDepth() {
        String processor = "{\"clip_embedding\": {\"model_id\": \"m\", \"field_map\": {}}}";
        List<String> bodies = List.of(
                "{\"processors\": [" + processor + "]}",
                "{\"processors\": [], \"on_failure\": [" + processor + "]}",
                "{\"processors\": [{\"foreach\": {\"field\": \"f\", \"processor\": " + processor + "}}]}",
                "{\"processors\": [{\"set\": {\"field\": \"f\", \"value\": 1, \"on_failure\": [" + processor + "]}}]}");
        for (String body : bodies) {
            refusesToDelete("[p]", withPipeline(body));
        }
    }

    public void testPipelineOfAnotherModelDoesNotMatter() {
        ClusterState state = withPipeline(
                "{\"processors\": [{\"clip_embedding\": {\"model_id\": \"n\"}},"
                        + " {\"text_embedding\": {\"model_id\": \"m\"}}, {\"set\": {\"field\": \"model_id\", \"value\": \"m\"}}]}");
        assertEquals(Result.DELETED, apply(new Change.Delete("m", false), state).result());
    }

    private ClusterState withPipeline(String body) {
        ClusterState declared = apply(new Change.Declare(model), cluster()).state();
        IngestMetadata ingest = new IngestMetadata(
                Map.of("p", new PipelineConfiguration("p", new BytesArray(body), XContentType.JSON)));
        return ClusterState.builder(declared)
                .metadata(Metadata.builder(declared.metadata()).putCustom(IngestMetadata.TYPE, ingest))
                .build();
    }

    private static void refusesToDelete(String user, ClusterState state) {
        OpenSearchStatusException e =
                expectThrows(OpenSearchStatusException.class, () -> apply(new Change.Delete("m", false), state));
        assertEquals(RestStatus.CONFLICT, e.status());
        assertThat(e.getMessage(), containsString(user));
        assertEquals(Result.DELETED, apply(new Change.Delete("m", true), state).result());
    }

    public void testChangesSurviveTheWire() throws Exception {
        for (Change change : List.of(
                new Change.Declare(model),
                new Change.Want("m", true),
                new Change.Use("m"),
                new Change.Delete("m", true))) {
            assertEquals(change, copyWriteable(change, writableRegistry(), Change::read));
        }
    }

    public void testEligibleAreNodesThatWorkOnDocuments() {
        ClusterState state = cluster(
                node("data", WITH_PLUGIN, Set.of(DiscoveryNodeRole.DATA_ROLE)),
                node("ingest", WITH_PLUGIN, Set.of(DiscoveryNodeRole.INGEST_ROLE)),
                node("search", WITH_PLUGIN, Set.of(DiscoveryNodeRole.SEARCH_ROLE)),
                node("manager", WITH_PLUGIN, Set.of(DiscoveryNodeRole.CLUSTER_MANAGER_ROLE)),
                node("coordinator", WITH_PLUGIN, Set.of()),
                node("without", emptyMap(), Set.of(DiscoveryNodeRole.DATA_ROLE)));
        assertEquals(Set.of("data", "ingest", "search"), names(model.eligible(state.nodes())));
        DeclaredModel named = new DeclaredModel(
                "m",
                model.source(),
                model.files(),
                model.overrides(),
                model.fingerprint(),
                256,
                List.of(),
                Desired.LOADED,
                "coord*,data,without",
                null,
                null);
        assertEquals(Set.of("coordinator", "data"), names(named.eligible(state.nodes())));
    }

    private static Set<String> names(List<DiscoveryNode> nodes) {
        return Set.copyOf(nodes.stream().map(DiscoveryNode::getName).toList());
    }
}
