// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionType;
import org.opensearch.action.bulk.BulkAction;
import org.opensearch.action.bulk.BulkRequest;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.search.SearchAction;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.DeleteModel;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.env.Environment;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.search.builder.SearchSourceBuilder;

/** The lengths that vectors may be cut to, and what a user is told of them, wherever a length can be asked for. */
@SuppressForbidden(reason = "files of this project")
public class DimensionsTests extends ClipSingleNodeTestCase {

    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(2);
    private static final Path TINY = Path.of("src/test/resources/models/tiny-clip");
    private static final String WARNING =
            "[dimensions] is [5]: model [plain] does not say that it was trained to be cut";

    /** A model of 24 values that names no shorter length. */
    private void loadPlainModel() throws IOException {
        Path folder = getInstanceFromNode(Environment.class).configDir().resolve("opensearch-clip/models/plain");
        Files.createDirectories(folder.resolve("onnx"));
        for (String file : List.of(
                "preprocessor_config.json", "tokenizer.json", "onnx/text_model.onnx", "onnx/vision_model.onnx")) {
            if (Files.notExists(folder.resolve(file))) {
                Files.copy(TINY.resolve(file), folder.resolve(file));
            }
        }
        String config = Files.readString(TINY.resolve("config.json"));
        Files.writeString(folder.resolve("config.json"), config.replace("matryoshka_dimensions", "no_such_key"));
        Map<String, Object> body = Map.of("source", Map.of("path", "plain"));
        client().execute(PutModel.ACTION, new PutModel.Request("plain", body, true, AMPLE, false))
                .actionGet(AMPLE);
    }

    @Override
    public void tearDown() throws Exception {
        client().execute(DeleteModel.ACTION, new DeleteModel.Request("plain", true))
                .actionGet(AMPLE);
        super.tearDown();
    }

    /** Sends a request as REST does, and gives the warnings that would be headers of its answer. */
    private <R extends ActionResponse> List<String> warnings(
            ActionType<R> action, ActionRequest request, AtomicReference<R> response) throws Exception {
        var headers = new AtomicReference<Map<String, List<String>>>(Map.of());
        var failure = new AtomicReference<Exception>();
        var done = new CountDownLatch(1);
        client().execute(action, request, new ActionListener<>() {
            @Override
            public void onResponse(R r) {
                headers.set(Map.copyOf(client().threadPool().getThreadContext().getResponseHeaders()));
                response.set(r);
                done.countDown();
            }

            @Override
            public void onFailure(Exception e) {
                failure.set(e);
                done.countDown();
            }
        });
        assertTrue(done.await(2, TimeUnit.MINUTES));
        if (failure.get() != null) {
            throw failure.get();
        }
        return headers.get().getOrDefault("Warning", List.of());
    }

    private static void assertWarned(List<String> warnings) {
        assertEquals(warnings.toString(), 1, warnings.size());
        assertTrue(warnings.getFirst(), warnings.getFirst().contains(WARNING));
    }

    private static Embed.Request asking(String model, int dimensions) {
        return new Embed.Request(model, List.of(new Source.Text("red")), Embed.Lane.SEARCH, Side.QUERY, null, null)
                .cutTo(List.of(dimensions));
    }

    public void testALengthThatNobodyTrainedForIsWarnedOf() throws Exception {
        loadPlainModel();
        var response = new AtomicReference<Embed.Response>();
        warnings(Embed.ACTION, asking("plain", 5), response);
        assertEquals(1, response.get().warnings().size());
        warnings(Embed.ACTION, asking("plain", 24), response);
        assertEquals(List.of(), response.get().warnings());
    }

    public void testALengthThatAModelWasNotTrainedForIsRefusedBeforeItRuns() throws Exception {
        loadPlainModel();
        loadModel();
        for (int asked : new int[] {100, 257}) {
            Exception e = expectThrows(
                    IllegalArgumentException.class,
                    () -> warnings(Embed.ACTION, asking(MODEL, asked), new AtomicReference<>()));
            assertTrue(e.getMessage(), e.getMessage().startsWith("[dimensions] is [" + asked + "], "));
        }
    }

    public void testIngestAndQueryTellTheirUsers() throws Exception {
        loadPlainModel();
        createIndex("cut", 5, "v");
        putPipeline(
                "cut",
                "{\"clip_embedding\": {\"model_id\": \"plain\", \"dimensions\": 5, \"batch_size\": 1,"
                        + " \"field_map\": {\"v\": {\"text\": \"t\"}}}}");
        var bulk = new BulkRequest().setRefreshPolicy("true");
        for (String text : List.of("red", "green", "blue")) {
            bulk.add(new IndexRequest("cut").id(text).setPipeline("cut").source(Map.of("t", text), XContentType.JSON));
        }
        var indexed = new AtomicReference<BulkResponse>();
        assertWarned(warnings(BulkAction.INSTANCE, bulk, indexed));
        assertNoFailures(indexed.get());

        String query = "{\"clip\": {\"v\": {\"query_text\": \"green\", \"model_id\": \"plain\", \"dimensions\": 5}}}";
        var search = new SearchRequest("cut")
                .source(new SearchSourceBuilder()
                        .query(QueryBuilders.wrapperQuery(query))
                        .size(3));
        var found = new AtomicReference<org.opensearch.action.search.SearchResponse>();
        assertWarned(warnings(SearchAction.INSTANCE, search, found));
        assertEquals("green", found.get().getHits().getAt(0).getId());
        assertEquals(1, found.get().getHits().getAt(0).getScore(), 1e-4);

        float[] whole = ((Embed.Result.Vector) client().execute(Embed.ACTION, asking("plain", 24))
                        .actionGet(AMPLE)
                        .results()
                        .getFirst())
                .values();
        List<?> stored = (List<?>)
                client().prepareGet("cut", "red").get().getSourceAsMap().get("v");
        float[] cut = Vectors.normalize(Vectors.truncate(whole, 5));
        for (int i = 0; i < cut.length; i++) {
            assertEquals(cut[i], ((Number) stored.get(i)).floatValue(), 1e-5);
        }
    }
}
