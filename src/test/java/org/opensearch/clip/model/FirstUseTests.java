// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.admin.indices.validate.query.ValidateQueryRequest;
import org.opensearch.action.ingest.SimulatePipelineRequest;
import org.opensearch.action.ingest.SimulatePipelineResponse;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipSingleNodeTestCase;
import org.opensearch.clip.Gatekeeper;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.client.Client;

/** A model that is declared and nothing else, until somebody uses it. */
public class FirstUseTests extends ClipSingleNodeTestCase {

    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);

    /** Counts the changes of declared models that are asked for. */
    public static final class Counter extends Plugin implements ActionPlugin {
        private static final AtomicInteger CHANGES = new AtomicInteger();

        @Override
        public List<ActionFilter> getActionFilters() {
            return List.of(new ActionFilter.Simple() {
                @Override
                public int order() {
                    return 1;
                }

                @Override
                protected boolean apply(String action, ActionRequest request, ActionListener<?> listener) {
                    if (action.equals(UpdateModels.ACTION.name())) {
                        CHANGES.incrementAndGet();
                    }
                    return true;
                }
            });
        }
    }

    @Override
    protected Collection<Class<? extends Plugin>> getPlugins() {
        List<Class<? extends Plugin>> plugins = new ArrayList<>(super.getPlugins());
        plugins.add(Gatekeeper.class);
        plugins.add(Counter.class);
        return plugins;
    }

    @Override
    public void tearDown() throws Exception {
        settings(Settings.builder()
                .putNull("plugins.clip.load.on_use")
                .putNull("plugins.clip.load.wait")
                .build());
        client().execute(DeleteModel.ACTION, new DeleteModel.Request(MODEL, true))
                .actionGet(LONG);
        super.tearDown();
    }

    private void settings(Settings settings) {
        client().admin()
                .cluster()
                .prepareUpdateSettings()
                .setPersistentSettings(settings)
                .get();
    }

    /** @param load {@code null} = not said */
    private void declare(Boolean load) {
        Map<String, Object> body = Map.of("source", Map.of("catalog", "opensearch-clip-demo-v1"));
        client().execute(PutModel.ACTION, new PutModel.Request(MODEL, body, load, LONG, false))
                .actionGet(LONG);
    }

    private ModelView view() {
        return client().execute(GetModel.ACTION, new GetModel.Request(MODEL))
                .actionGet(LONG)
                .models()
                .getFirst();
    }

    private void assertDeclaredOnly() {
        assertEquals(Desired.ON_USE, view().model().desired());
        assertEquals("UNLOADED", view().state());
    }

    private static Embed.Request text(String text) {
        return new Embed.Request(MODEL, List.of(new Source.Text(text)), Embed.Lane.SEARCH, Side.QUERY, null, null);
    }

    private OpenSearchException refused(RestStatus status) {
        var answer = client().execute(Embed.ACTION, text("red apple"));
        OpenSearchException e = expectThrows(OpenSearchException.class, () -> answer.actionGet(LONG));
        assertEquals(e.toString(), status, ExceptionsHelper.status(e));
        return e;
    }

    public void testOneWhoMayNotLoadModelsLoadsItByUsingIt() {
        declare(null);
        assertDeclaredOnly();
        Client user = client().filterWithHeader(Map.of(Gatekeeper.DENIED, UpdateModels.ACTION.name()));
        Embed.Response response = user.execute(Embed.ACTION, text("red apple")).actionGet(LONG);
        assertTrue(response.results().getFirst() instanceof Embed.Result.Vector);
        assertEquals(Desired.LOADED, view().model().desired());
        assertEquals("LOADED", view().state());
    }

    public void testASearchIsAUse() {
        createIndex("pictures", DIMENSION, "v");
        declare(null);
        assertEquals(
                List.of(),
                ids(search("pictures", "{\"clip\": {\"v\": {\"model_id\": \"demo\", \"query_text\": \"apple\"}}}")));
        assertEquals("LOADED", view().state());
        client().admin().indices().prepareDelete("pictures").get();
    }

    public void testASimulatedPipelineIsAUse() {
        putPipeline("p", "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}");
        declare(null);
        SimulatePipelineRequest request = new SimulatePipelineRequest(
                new BytesArray("{\"docs\": [{\"_source\": {\"t\": \"red apple\"}}]}"), MediaTypeRegistry.JSON);
        request.setId("p");
        SimulatePipelineResponse response =
                client().admin().cluster().simulatePipeline(request).actionGet(LONG);
        assertEquals(1, response.getResults().size());
        assertEquals("LOADED", view().state());
        client().admin().cluster().prepareDeletePipeline("p").get();
    }

    public void testLookingIsNoUse() {
        createIndex("pictures", DIMENSION, "v");
        declare(null);
        client().admin()
                .indices()
                .validateQuery(new ValidateQueryRequest("pictures")
                        .query(QueryBuilders.wrapperQuery(
                                "{\"clip\": {\"v\": {\"model_id\": \"demo\", \"query_text\": \"apple\"}}}")))
                .actionGet(LONG);
        var nothing = new Embed.Request(MODEL, List.of(), Embed.Lane.SEARCH, Side.QUERY, null, null);
        client().execute(Embed.ACTION, nothing).actionGet(LONG);
        assertDeclaredOnly();
        client().admin().indices().prepareDelete("pictures").get();
    }

    public void testManyWhoComeFirstMakeOneChange() {
        declare(null);
        int before = Counter.CHANGES.get();
        List<PlainActionFuture<Embed.Response>> answers = IntStream.range(0, 50)
                .mapToObj(i -> new PlainActionFuture<Embed.Response>())
                .toList();
        answers.forEach(answer -> client().execute(Embed.ACTION, text("red apple"), answer));
        answers.forEach(
                answer -> assertTrue(answer.actionGet(LONG).results().getFirst() instanceof Embed.Result.Vector));
        assertEquals(1, Counter.CHANGES.get() - before);
    }

    public void testWhoWillNotWaitIsToldWhenToComeBackAndItLoadsAllTheSame() throws Exception {
        settings(Settings.builder().put("plugins.clip.load.wait", "0ms").build());
        declare(null);
        OpenSearchException e = refused(RestStatus.SERVICE_UNAVAILABLE);
        assertEquals(List.of("5"), e.getHeader("Retry-After"));
        assertThat(e.getMessage(), containsString("model [demo]"));
        assertBusy(() -> assertEquals("LOADED", view().state()));
        client().execute(Embed.ACTION, text("red apple")).actionGet(LONG);
    }

    public void testNotWhenItIsSwitchedOff() {
        settings(Settings.builder().put("plugins.clip.load.on_use", false).build());
        declare(null);
        assertThat(refused(RestStatus.CONFLICT).getMessage(), containsString("POST /_plugins/_clip/models/demo/_load"));
        assertDeclaredOnly();
    }

    public void testNotWhenSomebodyWantsItUnloaded() {
        declare(false);
        assertThat(refused(RestStatus.CONFLICT).getMessage(), containsString("POST /_plugins/_clip/models/demo/_load"));
        declare(null);
        assertEquals(
                "a declaration that says nothing changes nothing",
                Desired.UNLOADED,
                view().model().desired());
        client().execute(LoadModel.LOAD, new LoadModel.Request(MODEL, LONG, false))
                .actionGet(LONG);
        client().execute(Embed.ACTION, text("red apple")).actionGet(LONG);
        client().execute(LoadModel.UNLOAD, new LoadModel.Request(MODEL, LONG, false))
                .actionGet(LONG);
        refused(RestStatus.CONFLICT);
        assertEquals(Desired.UNLOADED, view().model().desired());
    }

    public void testIsLoadedAtOnceWhenToldTo() {
        declare(null);
        client().execute(LoadModel.LOAD, new LoadModel.Request(MODEL, LONG, false))
                .actionGet(LONG);
        assertEquals(Desired.LOADED, view().model().desired());
        declare(false);
        assertEquals("a declaration does not unload", "LOADED", view().state());
    }
}
