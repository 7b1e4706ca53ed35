// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.Version;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.model.FirstLoad.Turn;
import org.opensearch.clip.model.RecordFirstLoad.Request;
import org.opensearch.clip.model.RecordFirstLoad.Step;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.test.OpenSearchTestCase;

/** Whose turn it is to load a model that no node has loaded, in every order of what may happen to a cluster. */
public class FirstLoadTests extends OpenSearchTestCase {

    private final DiscoveryNode a = node("a");
    private final DiscoveryNode b = node("b");
    private final DiscoveryNode c = node("c");

    /** Each process of a node has another ephemeral id. */
    private static DiscoveryNode node(String id) {
        return new DiscoveryNode(
                id, buildNewFakeTransportAddress(), UpdateModelsTests.WITH_PLUGIN, Set.of(), Version.CURRENT);
    }

    private static DiscoveryNodes nodes(DiscoveryNode... all) {
        DiscoveryNodes.Builder nodes = DiscoveryNodes.builder();
        for (DiscoveryNode node : all) {
            nodes.add(node);
        }
        return nodes.build();
    }

    public void testOneNodeAtATimeAndEachAtOnceAfterTheFirst() {
        DiscoveryNodes all = nodes(a, b, c);
        assertEquals(Turn.FREE, FirstLoad.NONE.turn(a, all));
        FirstLoad first = FirstLoad.NONE.taken(a, all);
        assertEquals(Turn.MINE, first.turn(a, all));
        assertEquals(Turn.ANOTHERS, first.turn(b, all));
        assertEquals("b was later", first, first.taken(b, all));
        FirstLoad done = first.ended("a", a.getEphemeralId(), true);
        for (DiscoveryNode node : all) {
            assertEquals(Turn.DONE, done.turn(node, all));
        }
    }

    public void testAFailureWithoutACrashLeavesTheTurnToTheNext() {
        DiscoveryNodes all = nodes(a, b);
        FirstLoad first = FirstLoad.NONE.taken(a, all).ended("a", a.getEphemeralId(), false);
        assertEquals(FirstLoad.NONE, first);
        assertEquals(Turn.MINE, first.taken(b, all).turn(b, all));
        FirstLoad bs = first.taken(b, all);
        assertEquals("a's word of an earlier turn changes nothing", bs, bs.ended("a", a.getEphemeralId(), false));
    }

    public void testANodeThatLeavesDuringItsTurnIsFollowedByOneOther() {
        FirstLoad first = FirstLoad.NONE.taken(a, nodes(a, b, c));
        assertEquals(Turn.FREE, first.turn(b, nodes(b, c)));
        FirstLoad second = first.taken(b, nodes(b, c));
        assertEquals(Turn.MINE, second.turn(b, nodes(b, c)));
        assertEquals(Set.of("a"), second.lost());
        assertEquals(Turn.NOBODYS, second.turn(c, nodes(c)));
        assertEquals(second, second.taken(c, nodes(c)));
        assertEquals(Turn.NOBODYS, second.turn(c, nodes(c, node("a"), node("b"))));

        FirstLoad asked = second.asked(nodes(c));
        assertEquals(FirstLoad.NONE, asked);
        assertEquals(Turn.MINE, asked.taken(c, nodes(c)).turn(c, nodes(c)));
    }

    public void testTheSecondThatLoadsItEndsTheMatter() {
        FirstLoad second = FirstLoad.NONE.taken(a, nodes(a, b, c)).taken(b, nodes(b, c));
        assertEquals(FirstLoad.DONE, second.ended("b", b.getEphemeralId(), true));
        assertEquals(FirstLoad.DONE, FirstLoad.DONE.ended("a", a.getEphemeralId(), false));
        assertEquals(FirstLoad.DONE, FirstLoad.DONE.asked(nodes(a)));
    }

    public void testANodeThatIsBackAsAnotherProcessHasLeft() {
        FirstLoad first = FirstLoad.NONE.taken(a, nodes(a, b));
        DiscoveryNode again = node("a");
        DiscoveryNodes all = nodes(again, b);
        assertEquals(Turn.FREE, first.turn(b, all));
        assertEquals(Set.of("a"), first.taken(b, all).lost());
    }

    /** Nothing of the cluster is left but its state; who asks for a turn has no marker, so it was no crash that it left by. */
    public void testAfterAFullRestartThoseWithoutAMarkerMayTry() {
        FirstLoad first = FirstLoad.NONE.taken(a, nodes(a, b, c));
        assertEquals(Set.of(), first.taken(node("a"), nodes(node("a"), b, c)).lost());
        FirstLoad second = first.taken(b, nodes(b, c));
        DiscoveryNode bAgain = node("b");
        DiscoveryNodes restarted = nodes(node("a"), bAgain, node("c"));
        assertEquals(Turn.NOBODYS, second.turn(restarted.get("c"), restarted));
        FirstLoad third = second.taken(bAgain, restarted);
        assertEquals(Turn.MINE, third.turn(bAgain, restarted));
        assertEquals(Set.of("a"), third.lost());
    }

    public void testWhoAsksDoesNotTakeTheTurnOfOneWhoIsAtIt() {
        DiscoveryNodes all = nodes(b, c);
        FirstLoad second = FirstLoad.NONE.taken(a, nodes(a, b, c)).taken(b, all);
        FirstLoad asked = second.asked(all);
        assertEquals(Turn.MINE, asked.turn(b, all));
        assertEquals(Set.of(), asked.lost());
    }

    public void testTravelsInTheDeclarationAndOneOfAnOlderReleaseHasBeenLoaded() {
        FirstLoad some = FirstLoad.NONE.taken(a, nodes(a, b, c)).taken(b, nodes(b, c));
        for (FirstLoad first :
                List.of(FirstLoad.NONE, FirstLoad.DONE, some, some.ended("b", b.getEphemeralId(), false))) {
            Map<String, Object> map = new HashMap<>();
            first.addTo(map);
            assertEquals(first, FirstLoad.of(map));
            assertTrue(FirstLoad.KEYS.containsAll(map.keySet()));
            DeclaredModel model = ModelMetadataTests.model("m").with(first);
            assertEquals(model, DeclaredModel.fromMap("m", model.toMap()));
        }
        assertEquals(FirstLoad.DONE, FirstLoad.of(Map.of()));
        assertEquals(FirstLoad.NONE, FirstLoad.of(Map.of("loaded_once", false, "first_load", "of another release")));
    }

    // ---- on the cluster manager

    private ClusterState state(DeclaredModel model, DiscoveryNode... all) {
        ClusterState state =
                ClusterState.builder(new ClusterName("test")).nodes(nodes(all)).build();
        return ModelMetadata.EMPTY.with(model).in(state);
    }

    private static FirstLoad first(ClusterState state) {
        return ModelMetadata.of(state).model("m").orElseThrow().firstLoad();
    }

    public void testTheManagerWritesWhatIsRightThenAndNothingElse() {
        DeclaredModel model = ModelMetadataTests.model("m").with(FirstLoad.NONE);
        ClusterState before = state(model, a, b);
        assertSame(before, new Request(model, c, Step.TAKE).apply(before));
        assertSame(before, new Request(model, node("a"), Step.TAKE).apply(before));
        assertSame(before, new Request(model, a, Step.FAILED).apply(before));
        assertSame(before, new Request(ModelMetadataTests.model("other"), a, Step.LOADED).apply(before));
        DeclaredModel otherFiles = model.only(new Artifact("onnx/text_model.onnx", 1, "e".repeat(64)));
        assertSame(before, new Request(otherFiles, a, Step.LOADED).apply(before));

        ClusterState taken = new Request(model, a, Step.TAKE).apply(before);
        assertEquals(a.getId(), first(taken).node());
        assertSame(taken, new Request(model, b, Step.TAKE).apply(taken));
        assertEquals(FirstLoad.NONE, first(new Request(model, a, Step.FAILED).apply(taken)));
        assertEquals(FirstLoad.DONE, first(new Request(model, a, Step.LOADED).apply(taken)));
    }

    public void testADeclarationOfOtherFilesIsLoadedByOneNodeFirstAndTheSameOneKeepsWhatIsKnown() {
        DeclaredModel model = ModelMetadataTests.model("m");
        ClusterState known = state(model, a);
        DeclaredModel again = model.with(FirstLoad.NONE);
        assertEquals(
                UpdateModels.Result.NOOP,
                UpdateModels.apply(new Change.Declare(again), known, 10).result());
        DeclaredModel otherFiles = again.only(new Artifact("onnx/text_model_int8.onnx", 1, "e".repeat(64)));
        assertEquals(
                FirstLoad.NONE,
                first(UpdateModels.apply(new Change.Declare(otherFiles), known, 10)
                        .state()));
    }

    public void testAskingForgetsWhoWasLost() {
        FirstLoad lost = FirstLoad.NONE.taken(a, nodes(a, b, c)).taken(b, nodes(b, c));
        DeclaredModel model = ModelMetadataTests.model("m").with(Desired.LOADED).with(lost);
        ClusterState state = state(model, c);
        assertEquals(
                FirstLoad.NONE,
                first(UpdateModels.apply(new Change.Want("m", true), state, 10).state()));
        assertEquals(
                lost,
                first(UpdateModels.apply(new Change.Want("m", false), state, 10).state()));
    }
}
