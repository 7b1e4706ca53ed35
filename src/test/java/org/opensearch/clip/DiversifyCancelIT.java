// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.admin.cluster.node.tasks.cancel.CancelTasksRequest;
import org.opensearch.action.search.PutSearchPipelineRequest;
import org.opensearch.action.search.SearchAction;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.common.settings.Settings;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.SearchPipelinePlugin;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.search.pipeline.AbstractProcessor;
import org.opensearch.search.pipeline.PipelineProcessingContext;
import org.opensearch.search.pipeline.Processor.Factory;
import org.opensearch.search.pipeline.SearchResponseProcessor;
import org.opensearch.transport.client.Client;

/** A search that is cancelled while its hits are on their way to {@code clip_diversify}. */
public class DiversifyCancelIT extends ClipSingleNodeTestCase {

    /** Cancels all searches and hands the hits on. */
    public static final class Cancelling extends Plugin implements SearchPipelinePlugin {
        @Override
        public Map<String, Factory<SearchResponseProcessor>> getResponseProcessors(Parameters parameters) {
            return Map.of(
                    "cancel_searches",
                    (factories, tag, description, ignoreFailure, config, context) ->
                            new CancelSearches(parameters.client));
        }
    }

    private static final class CancelSearches extends AbstractProcessor implements SearchResponseProcessor {
        private final Client client;

        CancelSearches(Client client) {
            super(null, null, false);
            this.client = client;
        }

        @Override
        public String getType() {
            return "cancel_searches";
        }

        @Override
        public SearchResponse processResponse(SearchRequest request, SearchResponse response) {
            throw new AssertionError();
        }

        @Override
        public void processResponseAsync(
                SearchRequest request,
                SearchResponse response,
                PipelineProcessingContext context,
                ActionListener<SearchResponse> listener) {
            client.admin()
                    .cluster()
                    .cancelTasks(
                            new CancelTasksRequest().setActions(SearchAction.NAME),
                            ActionListener.map(listener, cancelled -> response));
        }
    }

    @Override
    protected Collection<Class<? extends Plugin>> getPlugins() {
        Collection<Class<? extends Plugin>> plugins = new ArrayList<>(super.getPlugins());
        plugins.add(Cancelling.class);
        return plugins;
    }

    private void put(String id, String technique, String before) {
        String body = "{\"response_processors\": [" + before
                + "{\"clip_diversify\": {\"vector_field\": \"v\", \"technique\": \"" + technique + "\"}}]}";
        client().admin()
                .cluster()
                .putSearchPipeline(new PutSearchPipelineRequest(id, new BytesArray(body), MediaTypeRegistry.JSON))
                .actionGet();
    }

    private SearchResponse search(String pipeline) {
        var search = client().prepareSearch("points");
        search.request().source(new SearchSourceBuilder()).pipeline(pipeline);
        return search.get();
    }

    public void testACancelledSearchIsNotReordered() {
        createIndex("points", Settings.EMPTY, 2, "v");
        List<String> points = List.of("{\"v\": [1, 0]}", "{\"v\": [0, 1]}", "{\"v\": [1, 1]}");
        assertNoFailures(bulk("points", null, points));
        for (String technique : List.of("kmeans", "mmr")) {
            put("quiet", technique, "");
            assertEquals(3, search("quiet").getHits().getHits().length);
            put("cancelling", technique, "{\"cancel_searches\": {}}, ");
            Exception e = expectThrows(Exception.class, () -> search("cancelling"));
            assertNotNull(
                    technique + ": " + ExceptionsHelper.stackTrace(e),
                    ExceptionsHelper.unwrap(e, TaskCancelledException.class));
        }
    }
}
