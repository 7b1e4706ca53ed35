// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.opensearch.action.FailedNodeException;
import org.opensearch.clip.core.engine.Session.Footprint;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.model.Observed.State;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodeRole;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.transport.NodeDisconnectedException;

public class ModelViewTests extends OpenSearchTestCase {

    private final DeclaredModel model = ModelMetadataTests.model("m").with(Desired.LOADED);
    private final DiscoveryNode a = node("a");
    private final DiscoveryNode b = node("b");

    private static DiscoveryNode node(String name) {
        return UpdateModelsTests.node(name, UpdateModelsTests.WITH_PLUGIN, Set.of(DiscoveryNodeRole.DATA_ROLE));
    }

    private static Observed observed(State state) {
        boolean loaded = state == State.LOADED;
        return new Observed(
                "m",
                state,
                loaded ? 1000 : 0,
                null,
                loaded ? "on the CPU" : null,
                loaded
                        ? List.of(new LoadedTower(Modality.TEXT, new Footprint(300, 700, true), 12, "no room", 50))
                        : List.of(),
                state == State.FAILED ? "broken" : null,
                1,
                null);
    }

    private static Observed refused() {
        return new Observed("m", State.FAILED, 0, null, null, List.of(), "refused", 1, null, true);
    }

    /** @param states of a and b, {@code null} = the node says nothing of the model */
    private ModelView view(DeclaredModel declared, State... states) {
        List<ObserveModels.NodeResponse> answers = Stream.of(0, 1)
                .map(i -> new ObserveModels.NodeResponse(
                        i == 0 ? a : b, states[i] == null ? List.of() : List.of(observed(states[i]))))
                .toList();
        return ModelView.of(declared, nodes(), new ObserveModels.Response(ClusterName.DEFAULT, answers, List.of()));
    }

    private DiscoveryNodes nodes() {
        return DiscoveryNodes.builder().add(a).add(b).build();
    }

    public void testOneWordForAllNodes() {
        assertEquals("LOADED", view(model, State.LOADED, State.LOADED).state());
        assertEquals("FAILED", view(model, State.FAILED, State.FAILED).state());
        assertEquals("LOADING", view(model, State.LOADING, State.LOADED).state());
        assertEquals("LOADING", view(model, State.LOADING, State.FAILED).state());
        assertEquals("PARTIALLY_LOADED", view(model, State.FAILED, State.LOADED).state());
        assertEquals("PARTIALLY_LOADED", view(model, null, State.LOADED).state());
        assertEquals("UNLOADED", view(model, null, null).state());
        assertEquals("IDLE", view(model, State.IDLE, State.IDLE).state());
        assertEquals("LOADED", view(model, State.IDLE, State.LOADED).state());
        assertEquals("LOADING", view(model, State.IDLE, State.LOADING).state());
        assertEquals("PARTIALLY_LOADED", view(model, State.IDLE, State.FAILED).state());
    }

    public void testWaitsForEveryNodeToLoadOrFail() {
        assertTrue(view(model, State.LOADED, State.FAILED).settled(true));
        assertTrue(view(model, State.LOADED, State.IDLE).settled(true));
        assertFalse(view(model, State.LOADED, State.LOADING).settled(true));
        assertFalse(
                "a node that has not heard of it yet",
                view(model, State.LOADED, null).settled(true));
        assertFalse(
                "nobody wants it loaded any more",
                view(model.with(Desired.UNLOADED), State.LOADED, State.LOADED).settled(true));
    }

    public void testWaitsForEveryNodeToUnload() {
        assertTrue(view(model.with(Desired.UNLOADED), null, null).settled(false));
        assertFalse(view(model.with(Desired.UNLOADED), State.LOADED, null).settled(false));
    }

    public void testNodeThatDoesNotAnswerIsShownAndWaitedFor() {
        FailedNodeException failure =
                new FailedNodeException("b", "no answer", new NodeDisconnectedException(b, "action"));
        ObserveModels.Response answers = new ObserveModels.Response(
                ClusterName.DEFAULT,
                List.of(new ObserveModels.NodeResponse(a, List.of(observed(State.LOADED)))),
                List.of(failure));
        ModelView view = ModelView.of(model, nodes(), answers);
        assertFalse(view.settled(true));
        assertEquals("LOADED", view.state());
        assertEquals(
                "the node did not answer: NodeDisconnectedException",
                view.nodes().get("b").reason());
        assertThat(json(view), not(containsString(b.getAddress().toString())));
    }

    public void testShowsTheMappingToPaste() {
        assertThat(
                json(view(model, State.LOADED, State.FAILED)),
                containsString(
                        "\"mapping\":{\"dimension\":256,\"method\":"
                                + "{\"engine\":\"lucene\",\"name\":\"hnsw\",\"space_type\":\"cosinesimil\"},\"type\":\"knn_vector\"}"));
    }

    public void testShowsWhatEachNodeHolds() {
        String json = json(view(model, State.LOADED, State.FAILED));
        assertThat(
                json,
                containsString(
                        "\"a\":{\"name\":\"a\",\"state\":\"LOADED\",\"bytes\":1000,\"device\":null,"
                                + "\"warning\":\"on the CPU\",\"towers\":{\"text\":{\"anonymous_bytes\":300,\"mapped_bytes\":700,"
                                + "\"measured\":true,\"all_cores_bytes\":50,\"graph_nodes\":12,\"prepared\":false,\"unprepared_reason\":\"no room\"}}"));
        assertThat(
                json,
                containsString(
                        "\"b\":{\"name\":\"b\",\"state\":\"FAILED\",\"bytes\":0,\"device\":null,\"reason\":\"broken\""));
    }

    public void testStatusTellsWhatTheWaitingCameTo() {
        assertEquals(RestStatus.OK, new LoadModel.Response(false, view(model, State.LOADED, State.LOADED)).status());
        assertEquals(RestStatus.OK, new LoadModel.Response(false, view(model, State.LOADED, State.FAILED)).status());
        assertEquals(
                RestStatus.SERVICE_UNAVAILABLE,
                new LoadModel.Response(false, view(model, State.FAILED, State.FAILED)).status());
        ModelView.OnNode refusing = new ModelView.OnNode("a", refused(), null);
        ModelView.OnNode failing = new ModelView.OnNode("b", observed(State.FAILED), null);
        assertEquals(
                "no other attempt goes better",
                RestStatus.BAD_REQUEST,
                new LoadModel.Response(false, new ModelView(model, Map.of("a", refusing, "b", refusing))).status());
        assertEquals(
                "one of b may",
                RestStatus.SERVICE_UNAVAILABLE,
                new LoadModel.Response(false, new ModelView(model, Map.of("a", refusing, "b", failing))).status());
        assertEquals(
                RestStatus.REQUEST_TIMEOUT,
                new LoadModel.Response(true, view(model, State.LOADED, State.LOADING)).status());
    }

    public void testResponsesSurviveTheWire() throws Exception {
        ModelView view = view(model, State.LOADED, null);
        LoadModel.Response loaded = new LoadModel.Response(true, view);
        PutModel.Response put = new PutModel.Response(
                "m",
                new UpdateModels.Response(true, UpdateModels.Result.UPDATED, false),
                "f".repeat(32),
                256,
                randomBoolean() ? loaded : null);
        assertEquals(view, copyWriteable(view, writableRegistry(), ModelView::new));
        assertEquals(json(loaded), json(copyWriteable(loaded, writableRegistry(), LoadModel.Response::new)));
        assertEquals(json(put), json(copyWriteable(put, writableRegistry(), PutModel.Response::new)));
        GetModel.Response get = new GetModel.Response(randomBoolean(), List.of(view), Map.of());
        assertEquals(json(get), json(copyWriteable(get, writableRegistry(), GetModel.Response::new)));
    }

    public void testRequestsSurviveTheWire() throws Exception {
        Map<String, Object> body = Map.of("source", Map.of("path", "m"));
        PutModel.Request put = new PutModel.Request("m", body, true, LoadModel.DEFAULT_TIMEOUT, true);
        assertTrue(copyWriteable(put, writableRegistry(), PutModel.Request::new).getShouldStoreResult());
        LoadModel.Request load = new LoadModel.Request("m", LoadModel.DEFAULT_TIMEOUT, false);
        assertFalse(
                copyWriteable(load, writableRegistry(), LoadModel.Request::new).getShouldStoreResult());
    }

    private static String json(org.opensearch.core.xcontent.ToXContent content) {
        return org.opensearch.core.common.Strings.toString(MediaTypeRegistry.JSON, content);
    }
}
