// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import static org.opensearch.clip.embed.AnsweringClient.failure;
import static org.opensearch.clip.embed.AnsweringClient.vector;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchException;
import org.opensearch.action.IndicesRequest;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.AnsweringClient;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.Target;
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.Strings;
import org.opensearch.core.common.io.stream.NamedWriteableAwareStreamInput;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.core.xcontent.DeprecationHandler;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.index.query.AbstractQueryBuilder;
import org.opensearch.index.query.BaseQueryRewriteContext;
import org.opensearch.index.query.BoolQueryBuilder;
import org.opensearch.index.query.MatchAllQueryBuilder;
import org.opensearch.index.query.QueryBuilder;
import org.opensearch.index.query.QueryCoordinatorContext;
import org.opensearch.index.query.QueryRewriteContext;
import org.opensearch.index.query.Rewriteable;
import org.opensearch.index.query.TermQueryBuilder;
import org.opensearch.knn.index.query.KNNQueryBuilder;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.SearchPlugin;
import org.opensearch.search.SearchModule;
import org.opensearch.tasks.TaskResourceTrackingService;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class ClipQueryBuilderTests extends OpenSearchTestCase {
    private static final String URL = "https://pictures.example/red.png";

    private ThreadPool threads;
    private Embedder embedder;
    private SearchModule search;
    private NamedXContentRegistry contents;
    private NamedWriteableRegistry writeables;

    private final class Registration extends Plugin implements SearchPlugin {
        @Override
        public List<QuerySpec<?>> getQueries() {
            return List.of(ClipQueryBuilder.spec(embedder));
        }
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threads = new TestThreadPool(getTestName());
        ThreadContext context = threads.getThreadContext();
        embedder = new Embedder(task -> {
            try (ThreadContext.StoredContext ignored = context.stashContext()) {
                context.putHeader("user", "plugin");
                task.run();
            }
        });
        search = new SearchModule(Settings.EMPTY, List.of(new Registration()));
        contents = new NamedXContentRegistry(search.getNamedXContents());
        writeables = new NamedWriteableRegistry(search.getNamedWriteables());
    }

    @Override
    public void tearDown() throws Exception {
        ThreadPool.terminate(threads, 30, TimeUnit.SECONDS);
        super.tearDown();
    }

    private QueryBuilder parse(String json) {
        try (XContentParser parser = JsonXContent.jsonXContent.createParser(
                contents, DeprecationHandler.THROW_UNSUPPORTED_OPERATION, json)) {
            return AbstractQueryBuilder.parseInnerQueryBuilder(parser);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Also with other queries between them; what stands beside them is no deeper. */
    public void testFiltersOfFiltersHaveALimit() {
        for (String between : List.of("%s", "{\"bool\": {\"must\": [{\"match_all\": {}}, %s, {\"match_all\": {}}]}}")) {
            QueryBuilder deepest = parse(filters(16, between));
            assertEquals(deepest, parse(deepest.toString()));
            Exception e = expectThrows(Exception.class, () -> parse(filters(17, between)));
            assertTrue(
                    e.toString(),
                    ExceptionsHelper.stackTrace(e).contains("in the [filter] of each other more than [16] deep"));
        }
        parse("{\"bool\": {\"must\": [" + String.join(", ", Collections.nCopies(3, filters(16, "%s"))) + "]}}");
    }

    private static String filters(int depth, String between) {
        String filter = "{\"match_all\": {}}";
        for (int i = 0; i < depth; i++) {
            filter = "{\"clip\": {\"v\": {\"query_text\": \"red\", \"model_id\": \"m\", \"filter\": "
                    + between.formatted(filter) + ", \"k\": 5}}}";
        }
        return filter;
    }

    private ClipQueryBuilder clip(String parameters) {
        return (ClipQueryBuilder) parse("{\"clip\": {\"v\": {" + parameters + "}}}");
    }

    private static Result model(Source source) {
        return switch (source) {
            case Source.Text text -> vector(3, 0, 0, text.text().length());
            case Source.Image image
            when image.image().equals("broken") -> failure("invalid_image", RestStatus.BAD_REQUEST);
            case Source.Image image
            when image.image().equals("busy") -> failure("rejected", RestStatus.TOO_MANY_REQUESTS);
            case Source.Image image -> vector(0, 2, 0, 0);
        };
    }

    private AnsweringClient answering() {
        return AnsweringClient.of(threads, ClipQueryBuilderTests::model);
    }

    private QueryRewriteContext searching(AnsweringClient client, boolean validate, IndicesRequest request) {
        var base = new BaseQueryRewriteContext(contents, writeables, client, () -> 0, validate);
        return new QueryCoordinatorContext(base, request);
    }

    private QueryBuilder rewritten(AnsweringClient client, QueryBuilder query) {
        return rewritten(searching(client, false, new SearchRequest("here")), query);
    }

    private static QueryBuilder rewritten(QueryRewriteContext context, QueryBuilder query) {
        PlainActionFuture<QueryBuilder> future = new PlainActionFuture<>();
        Rewriteable.rewriteAndFetch(query, context, future);
        return future.actionGet();
    }

    private static void assertVector(KNNQueryBuilder knn, double... expected) {
        float[] actual = (float[]) knn.vector();
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Arrays.toString(actual), expected[i], actual[i], 1e-6);
        }
    }

    private static final List<String> QUERIES = List.of(
            "\"query_text\": \"red shoes\"",
            "\"query_image\": \"abc\", \"k\": 50, \"model_id\": \"m\"",
            "\"query_text\": \"red\", \"query_image\": \"abc\", \"min_score\": 0.7",
            "\"query_text\": \"red\", \"query_image\": \"abc\", \"weights\": {\"text\": 0.25, \"image\": -0.75}, \"max_distance\": 0.5",
            "\"query_text\": \"red\", \"dimensions\": 64, \"timeout\": \"5s\", \"filter\": {\"term\": {\"in_stock\": {\"value\": true}}}",
            "\"query_text\": \"red\", \"method_parameters\": {\"ef_search\": 100}, \"rescore\": {\"oversample_factor\": 2.0}",
            "\"query_text\": \"red\", \"rescore\": false, \"expand_nested_docs\": true, \"ignore_unmapped\": true",
            "\"query_text\": \"red\", \"rescore\": true, \"boost\": 2.5, \"_name\": \"by clip\"",
            "\"queries\": [{\"text\": \"red\"}]",
            "\"queries\": [{\"text\": \"red\", \"weight\": 0.5}, {\"text\": \"logo\", \"weight\": -0.4},"
                    + "{\"image\": \"abc\"}, {\"document\": {\"_index\": \"i\", \"_id\": \"1\"}, \"weight\": 2}]",
            "\"query_document\": {\"_index\": \"i\", \"_id\": \"1\"}",
            "\"query_document\": {\"_index\": \"i\", \"_id\": \"1\", \"field\": \"w\", \"routing\": \"r\"}, \"dimensions\": 64",
            "\"query_text\": \"red\", \"embedding_type\": \"binary\"");

    public void testWhatIsWrittenReadsBack() throws Exception {
        for (String parameters : QUERIES) {
            ClipQueryBuilder query = clip(parameters);
            QueryBuilder again = parse(Strings.toString(MediaTypeRegistry.JSON, query));
            assertEquals(parameters, query, again);
            assertEquals(query.hashCode(), again.hashCode());
            assertEquals(query.boost(), again.boost(), 0);
            assertEquals(query.queryName(), again.queryName());

            try (BytesStreamOutput out = new BytesStreamOutput()) {
                out.writeNamedWriteable(query);
                try (var in = new NamedWriteableAwareStreamInput(out.bytes().streamInput(), writeables)) {
                    assertEquals(parameters, query, in.readNamedWriteable(QueryBuilder.class));
                    assertEquals(0, in.available());
                }
            }
        }
    }

    public void testDifferentQueriesDiffer() {
        for (String one : QUERIES) {
            for (String other : QUERIES) {
                assertEquals(one.equals(other), clip(one).equals(clip(other)));
            }
        }
        assertNotEquals(clip(QUERIES.getFirst()), parse("{\"clip\": {\"w\": {" + QUERIES.getFirst() + "}}}"));
    }

    private void refuses(String parameters, String... reasons) {
        Exception e = expectThrows(Exception.class, () -> clip(parameters));
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        String all = ExceptionsHelper.stackTrace(e);
        for (String reason : reasons) {
            assertTrue(parameters + " -> " + all, all.contains(reason));
        }
    }

    public void testRefusesByName() {
        refuses("", "[query_text], [query_image] or both");
        refuses("\"query_txt\": \"red\"", "unknown field [query_txt]", "query_text");
        refuses("\"query_text\": 3", "query_text doesn't support values of type");
        refuses("\"query_text\": \" \"", "[query_text] is blank");
        refuses("\"query_image\": \"\"", "[query_image] is blank");
        refuses("\"query_text\": \"red\", \"model_id\": \"\"", "[model_id] is blank");
        refuses("\"query_text\": \"red\", \"k\": 5, \"min_score\": 0.5", "at most one of [k], [min_score]");
        refuses("\"query_text\": \"red\", \"max_distance\": 5, \"min_score\": 0.5", "at most one of");
        refuses("\"query_text\": \"red\", \"k\": 0", "[k] must be between 1 and 10000, got [0]");
        refuses("\"query_text\": \"red\", \"k\": 10001", "got [10001]");
        refuses("\"query_text\": \"red\", \"k\": \"many\"", "[k]");
        refuses("\"query_text\": \"red\", \"min_score\": 0", "[min_score] must be greater than 0");
        refuses("\"query_text\": \"red\", \"dimensions\": 0", "[dimensions] must be at least 1");
        refuses("\"query_text\": \"red\", \"timeout\": \"0s\"", "[timeout]");
        refuses("\"query_text\": \"red\", \"timeout\": \"soon\"", "timeout");
        refuses("\"query_text\": \"red\", \"weights\": {\"text\": 1, \"image\": 1}", "[weights] needs");
        refuses("\"query_text\": \"red\", \"query_image\": \"a\", \"weights\": {\"text\": 1}", "[weights] needs");
        refuses("\"query_text\": \"red\", \"query_image\": \"a\", \"weights\": {\"text\": 1, \"sound\": 1}", "[sound]");
        refuses("\"query_text\": \"red\", \"query_image\": \"a\", \"weights\": {\"text\": 0, \"image\": 0}", "all 0");
        refuses("\"query_text\": \"red\", \"method_parameters\": {\"speed\": 1}", "[speed]");
        refuses("\"query_text\": \"red\", \"method_parameters\": {\"ef_search\": -1}", "ef_search");
        refuses("\"query_text\": \"red\", \"rescore\": {\"oversample_factor\": 1000}", "Oversample factor");
        refuses("\"query_text\": \"red\", \"rescore\": true, \"min_score\": 0.5", "[rescore] needs [k]");
        refuses("\"query_text\": \"red\", \"filter\": {\"trem\": {}}", "unknown query [trem]");
        String one = "\"queries\": [{\"text\": \"red\"}], ";
        refuses(one + "\"query_text\": \"red\"", "takes one of [queries], [query_document]");
        refuses(one + "\"query_image\": \"abc\"", "takes one of [queries], [query_document]");
        refuses(one + "\"weights\": {\"text\": 1, \"image\": 1}", "takes one of [queries], [query_document]");
        refuses(one + "\"query_document\": {\"_index\": \"i\", \"_id\": \"1\"}", "takes one of");
        refuses("\"query_text\": \"a\", \"query_document\": {\"_index\": \"i\", \"_id\": \"1\"}", "takes one of");
        refuses("\"queries\": []", "needs [query_text], [query_image] or both, or [queries]");
        refuses("\"queries\": [{\"weight\": 1}]", "needs one of [text], [image] and [document]");
        refuses("\"queries\": [{\"text\": \"a\", \"image\": \"b\"}]", "needs one of [text], [image] and [document]");
        refuses("\"queries\": [{\"text\": \" \"}]", "[text] is blank");
        refuses("\"queries\": [{\"sound\": \"a\"}]", "unknown field [sound]");
        refuses("\"queries\": [{\"text\": \"a\", \"weight\": 0}]", "the weights of [queries] are all 0");
        refuses("\"queries\": [" + "{\"text\": \"a\"},".repeat(100) + "{\"text\": \"a\"}]", "at most [100]", "[101]");
        refuses("\"query_document\": {\"_index\": \"i\"}", "[_id]");
        refuses("\"query_document\": {\"_index\": \"i\", \"_id\": \"\"}", "[_id]");
        refuses("\"query_document\": {\"_index\": \"i\", \"_id\": \"1\", \"vector\": \"v\"}", "unknown field [vector]");
        refuses("\"query_text\": \"red\"}, \"w\": {\"query_text\": \"red\"", "multiple fields", "[v] and [w]");
        Exception e = expectThrows(Exception.class, () -> parse("{\"clip\": {\"v\": \"red\"}}"));
        assertTrue(e.getMessage(), e.getMessage().contains("[v] must be an object"));
        e = expectThrows(Exception.class, () -> parse("{\"clip\": {}}"));
        assertTrue(e.getMessage(), e.getMessage().contains("no vector field"));
    }

    public void testBecomesAKnnQueryWithAllItsParameters() {
        AnsweringClient client = answering();
        var knn = (KNNQueryBuilder)
                rewritten(
                        client,
                        clip(
                                "\"query_text\": \"1234\", \"model_id\": \"m\", \"k\": 7, \"filter\": {\"term\": {\"a\": 1}},"
                                        + "\"method_parameters\": {\"ef_search\": 100}, \"rescore\": {\"oversample_factor\": 2.0},"
                                        + "\"expand_nested_docs\": true, \"ignore_unmapped\": true, \"boost\": 3, \"_name\": \"n\", \"timeout\": \"5s\""));
        assertVector(knn, 0.6, 0, 0, 0.8);
        assertEquals("v", knn.fieldName());
        assertEquals(7, (int) knn.getK());
        assertEquals(new TermQueryBuilder("a", 1), knn.getFilter());
        assertEquals(Map.of("ef_search", 100), knn.getMethodParameters());
        assertEquals(2f, knn.getRescoreContext().getOversampleFactor(), 0);
        assertTrue(knn.getExpandNested());
        assertTrue(knn.isIgnoreUnmapped());
        assertEquals(3f, knn.boost(), 0);
        assertEquals("n", knn.queryName());

        assertEquals(1, client.requests.size());
        Embed.Request request = client.requests.getFirst();
        assertEquals("m", request.modelId());
        assertEquals(List.of(new Source.Text("1234")), request.inputs());
        assertEquals(Embed.Lane.SEARCH, request.lane());
        assertEquals(Side.QUERY, request.side());
        assertEquals(5000, request.timeout().millis());
    }

    public void testDefaultsToTenNeighborsAndKeepsRadialSearches() {
        AnsweringClient client = answering();
        assertEquals(10, (int) ((KNNQueryBuilder) rewritten(client, clip("\"query_text\": \"a\""))).getK());
        var radial = (KNNQueryBuilder) rewritten(client, clip("\"query_text\": \"a\", \"min_score\": 0.6"));
        assertNull(radial.getK());
        assertEquals(0.6f, radial.getMinScore(), 0);
        radial = (KNNQueryBuilder) rewritten(client, clip("\"query_text\": \"a\", \"max_distance\": 0.6"));
        assertEquals(0.6f, radial.getMaxDistance(), 0);
    }

    public void testFusesTextAndPictureByWeight() {
        AnsweringClient client = answering();
        double half = Math.sqrt(0.5);
        var knn = (KNNQueryBuilder) rewritten(client, clip("\"query_text\": \"1234\", \"query_image\": \"a\""));
        assertVector(knn, 0.6 * half, half, 0, 0.8 * half);
        knn = (KNNQueryBuilder) rewritten(
                client,
                clip("\"query_text\": \"1234\", \"query_image\": \"a\", \"weights\": {\"text\": 3, \"image\": -4}"));
        assertVector(knn, 0.36, -0.8, 0, 0.48);
        assertEquals(2, client.requests.size());
    }

    public void testFusesManyPartsWithNegativeWeights() {
        AnsweringClient client = answering();
        var knn = (KNNQueryBuilder) rewritten(
                client, clip("\"queries\": [{\"text\": \"1234\", \"weight\": 3}, {\"image\": \"a\", \"weight\": -4}]"));
        assertVector(knn, 0.36, -0.8, 0, 0.48);
        assertEquals("in one request", 1, client.requests.size());
        knn = (KNNQueryBuilder) rewritten(client, clip("\"queries\": [{\"text\": \"1234\", \"weight\": -2}]"));
        assertVector(knn, -0.6, 0, 0, -0.8);
        Exception e = expectThrows(
                IllegalArgumentException.class,
                () -> rewritten(
                        client,
                        clip("\"queries\": [{\"text\": \"1234\"}, {\"image\": \"a\", \"weight\": 0},"
                                + " {\"text\": \"1234\", \"weight\": -1}]")));
        assertTrue(e.getMessage(), e.getMessage().contains("field [v]: the weighted vectors cancel"));
        e = expectThrows(
                IllegalArgumentException.class,
                () -> rewritten(client, clip("\"queries\": [{\"text\": \"a\"}, {\"image\": \"broken\"}]")));
        assertEquals("[clip] query on field [v]: [queries[1].image]: invalid_image by test", e.getMessage());
    }

    public void testCutsThenNormalises() {
        AnsweringClient client = answering();
        assertVector((KNNQueryBuilder) rewritten(client, clip("\"query_text\": \"1234\", \"dimensions\": 1")), 1);
        assertEquals(1, client.requests.getFirst().target().dimensions());
        Exception e = expectThrows(
                IllegalArgumentException.class,
                () -> rewritten(client, clip("\"query_text\": \"1234\", \"dimensions\": 5")));
        assertTrue(
                e.getMessage(), e.getMessage().contains("field [v]: [query_text]: [dimensions] is 5, more than the 4"));
    }

    public void testIsRewrittenInsideOtherQueries() {
        AnsweringClient client = answering();
        QueryBuilder query = new BoolQueryBuilder()
                .must(clip("\"query_text\": \"1234\""))
                .should(clip("\"query_image\": \"a\", \"boost\": 2"))
                .filter(new TermQueryBuilder("a", 1));
        var bool = (BoolQueryBuilder) rewritten(client, query);
        assertVector((KNNQueryBuilder) bool.must().getFirst(), 0.6, 0, 0, 0.8);
        assertVector((KNNQueryBuilder) bool.should().getFirst(), 0, 1, 0, 0);
        assertEquals(2f, bool.should().getFirst().boost(), 0);
        assertEquals(2, client.requests.size());
    }

    public void testWaitsForItsAnswerWhileOthersAreRewritten() throws Exception {
        List<ActionListener<Embed.Response>> waiting = new ArrayList<>();
        var client = new AnsweringClient(threads, (request, listener) -> waiting.add(listener));
        QueryRewriteContext context = searching(client, false, new SearchRequest("here"));
        ClipQueryBuilder query = clip("\"query_text\": \"1234\"");
        QueryBuilder asked = query.rewrite(context);
        assertNotSame(query, asked);
        assertNotEquals(query, asked);
        assertSame("nothing to do before the answer", asked, asked.rewrite(context));
        assertNotEquals("every question has its own answer", asked, query.rewrite(context));
        expectThrows(IllegalStateException.class, () -> {
            try (BytesStreamOutput out = new BytesStreamOutput()) {
                asked.writeTo(out);
            }
        });
        PlainActionFuture<Object> done = new PlainActionFuture<>();
        context.executeAsyncActions(done);
        waiting.forEach(l -> l.onResponse(new Embed.Response("m", "f", 4, List.of(vector(1, 0, 0, 0)))));
        done.actionGet();
        assertVector((KNNQueryBuilder) asked.rewrite(context), 1, 0, 0, 0);
    }

    public void testFailuresNameTheParameterAndKeepTheirStatus() {
        Exception e = expectThrows(
                IllegalArgumentException.class, () -> rewritten(answering(), clip("\"query_image\": \"broken\"")));
        assertEquals("[clip] query on field [v]: [query_image]: invalid_image by test", e.getMessage());
        e = expectThrows(Exception.class, () -> rewritten(answering(), clip("\"query_image\": \"busy\"")));
        assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(e));
        var client = new AnsweringClient(
                threads,
                (request, listener) -> listener.onFailure(new OpenSearchException("no such model") {
                    @Override
                    public RestStatus status() {
                        return RestStatus.NOT_FOUND;
                    }
                }));
        e = expectThrows(Exception.class, () -> rewritten(client, clip("\"query_text\": \"a\"")));
        assertEquals(RestStatus.NOT_FOUND, ExceptionsHelper.status(e));
        assertEquals("[clip] query on field [v]: no such model", e.getMessage());
    }

    public void testWeightsThatCancelAreRefused() {
        var client = AnsweringClient.of(threads, source -> vector(0, 1, 0, 0));
        Exception e = expectThrows(
                IllegalArgumentException.class,
                () -> rewritten(
                        client,
                        clip(
                                "\"query_text\": \"a\", \"query_image\": \"a\", \"weights\": {\"text\": 1, \"image\": -1}")));
        assertTrue(e.getMessage(), e.getMessage().contains("field [v]: the weighted vectors cancel"));
    }

    public void testSendsWhereTheSearchLooks() {
        AnsweringClient client = answering();
        rewritten(
                searching(client, false, new SearchRequest("a", "far:b", "<c-{now/d{yyyy|+01:00}}>")),
                clip("\"query_text\": \"a\""));
        Target target = client.requests.getFirst().target();
        assertArrayEquals(new String[] {"a", "<c-{now/d{yyyy|+01:00}}>"}, target.indices());
        assertEquals("v", target.field());
        assertNull(client.requests.getFirst().modelId());

        rewritten(searching(client, false, new SearchRequest()), clip("\"query_text\": \"a\""));
        assertArrayEquals(
                "all of them", new String[0], client.requests.get(1).target().indices());
    }

    public void testNeedsAModelWhereNoIndexNamesOne() {
        var remote = searching(answering(), false, new SearchRequest("far:a"));
        var elsewhere = new BaseQueryRewriteContext(contents, writeables, answering(), () -> 0);
        for (QueryRewriteContext context : List.of(remote, elsewhere)) {
            Exception e = expectThrows(
                    IllegalArgumentException.class, () -> rewritten(context, clip("\"query_text\": \"a\"")));
            assertTrue(e.getMessage(), e.getMessage().contains("field [v] needs [model_id]"));
            assertTrue(
                    rewritten(context, clip("\"query_text\": \"a\", \"model_id\": \"m\"")) instanceof KNNQueryBuilder);
        }
    }

    public void testValidationRunsNoModel() {
        AnsweringClient client = answering();
        var context = searching(client, true, new SearchRequest("here"));
        assertVector((KNNQueryBuilder) rewritten(context, clip("\"query_text\": \"a\"")), 1, 0, 0, 0);
        assertVector((KNNQueryBuilder) rewritten(context, clip("\"query_text\": \"a\", \"dimensions\": 2")), 1, 0);
        client.requests.forEach(request -> assertEquals(List.of(), request.inputs()));
        expectThrows(
                IllegalArgumentException.class,
                () -> rewritten(context, clip("\"query_text\": \"a\", \"dimensions\": 5")));
    }

    public void testTextRunsAsThePluginAndUrlsAsTheUser() {
        ThreadContext context = threads.getThreadContext();
        List<String> users = new ArrayList<>();
        var client = new AnsweringClient(threads, (request, listener) -> {
            users.add(context.getHeader("user"));
            listener.onResponse(AnsweringClient.answer(request, ClipQueryBuilderTests::model));
        });
        context.putHeader("user", "alice");
        List<String> after = new ArrayList<>();
        for (String parameters :
                List.of("\"query_text\": \"a\"", "\"query_image\": \"abc\"", "\"query_image\": \"" + URL + "\"")) {
            Rewriteable.rewriteAndFetch(
                    (QueryBuilder) clip(parameters),
                    searching(client, false, new SearchRequest("here")),
                    ActionListener.wrap(q -> after.add(context.getHeader("user")), e -> {
                        throw new AssertionError(e);
                    }));
        }
        assertEquals(List.of("plugin", "plugin", "alice"), users);
        assertEquals(List.of("alice", "alice", "alice"), after);
    }

    public void testEndsWithItsSearch() {
        AnsweringClient client = answering();
        rewritten(client, clip("\"query_text\": \"a\""));
        assertEquals(TaskId.EMPTY_TASK_ID, client.requests.getFirst().getParentTask());
        threads.getThreadContext().putTransient(TaskResourceTrackingService.TASK_ID, 42L);
        rewritten(client, clip("\"query_text\": \"a\""));
        assertEquals(new TaskId("here", 42), client.requests.get(1).getParentTask());
    }

    public void testTakesAFilterIntoItsOwn() {
        ClipQueryBuilder query = clip("\"query_text\": \"a\", \"boost\": 2, \"_name\": \"n\"");
        assertSame(query, query.filter(null));
        QueryBuilder filtered = query.filter(new TermQueryBuilder("a", 1));
        assertEquals(2f, filtered.boost(), 0);
        assertEquals("n", filtered.queryName());
        var knn = (KNNQueryBuilder) rewritten(answering(), filtered.filter(new MatchAllQueryBuilder()));
        assertEquals(
                new BoolQueryBuilder().must(new TermQueryBuilder("a", 1)).filter(new MatchAllQueryBuilder()),
                knn.getFilter());
    }
}
