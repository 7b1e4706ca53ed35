// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.opensearch.action.bulk.BulkItemResponse;
import org.opensearch.action.bulk.BulkRequest;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.action.index.IndexResponse;
import org.opensearch.action.ingest.SimulateDocumentBaseResult;
import org.opensearch.action.ingest.SimulateDocumentVerboseResult;
import org.opensearch.action.ingest.SimulatePipelineRequest;
import org.opensearch.action.ingest.SimulatePipelineResponse;
import org.opensearch.clip.core.vector.Fusion;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.common.action.ActionFuture;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.ingest.AbstractProcessor;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.Processor;
import org.opensearch.plugins.IngestPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginsService;
import org.opensearch.threadpool.ThreadPool;

/** The processor on a real node with the bundled model. */
public class IngestIT extends ClipSingleNodeTestCase {

    /** What may follow our processor: one that notes the user in whose context it runs, and one that blocks. */
    public static final class Followers extends Plugin implements IngestPlugin {
        private final CountDownLatch released = new CountDownLatch(1);
        private final Semaphore blocked = new Semaphore(0);

        @Override
        public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
            ThreadContext context = parameters.threadContext;
            return Map.of(
                    "who_am_i",
                    processor("who_am_i", document -> document.setFieldValue("user", context.getHeader("user"))),
                    "block",
                    processor("block", document -> {
                        blocked.release();
                        try {
                            assertTrue(released.await(2, TimeUnit.MINUTES));
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }));
        }

        private static Processor.Factory processor(String type, Consumer<IngestDocument> work) {
            return (factories, tag, description, config) -> new AbstractProcessor(tag, description) {
                @Override
                public IngestDocument execute(IngestDocument document) {
                    work.accept(document);
                    return document;
                }

                @Override
                public String getType() {
                    return type;
                }
            };
        }
    }

    @Override
    protected Collection<Class<? extends Plugin>> getPlugins() {
        List<Class<? extends Plugin>> plugins = new ArrayList<>(super.getPlugins());
        plugins.add(Followers.class);
        return plugins;
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        loadModel();
    }

    private float[] vector(String index, String id, String field) {
        Map<String, Object> source = client().prepareGet(index, id).get().getSourceAsMap();
        List<?> values = (List<?>) source.get(field);
        assertNotNull(source.keySet() + " has no " + field, values);
        float[] vector = new float[values.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = ((Number) values.get(i)).floatValue();
        }
        return vector;
    }

    /** The bundled model is quantised: what it makes of an input depends a little on what else is in the run. */
    private static void assertNear(float[] expected, float[] actual) {
        assertEquals("length", 1, cosine(actual, actual), 1e-4);
        assertEquals("cosine", 1, cosine(expected, actual), 2e-3);
    }

    /** Of vectors of length 1. */
    private static double cosine(float[] a, float[] b) {
        assertEquals(a.length, b.length);
        double cosine = 0;
        for (int i = 0; i < a.length; i++) {
            cosine += a[i] * b[i];
        }
        return cosine;
    }

    public void testVectorsAreThoseThatOneComputesByHand() {
        createIndex("pictures", DIMENSION, "text_vector", "image_vector", "both", "weighted");
        createIndex("small", 64, "image_vector");
        putPipeline("clip", """
                {"clip_embedding": {"model_id": "demo", "field_map": {
                  "text_vector": {"text": ["title", "tags"]},
                  "image_vector": {"image": "media.picture"},
                  "both": {"text": "title", "image": "media.picture"},
                  "weighted": {"text": "title", "image": "media.picture",
                    "fusion": {"technique": "weighted_mean", "weights": {"text": 0.3, "image": 0.7}}}}}}""");
        String apple = picture("1F34E");
        String shark = picture("1F988");
        String document = "{\"title\": \"red apple\", \"tags\": [\"fruit\", \"food\"], \"media\": [{\"picture\": \""
                + apple + "\"}, {\"picture\": \"data:image/png;base64," + shark + "\"}]}";
        assertNoFailures(bulk("pictures", "clip", List.of(document)));

        float[] title = embed(new Source.Text("red apple"));
        float[] images = Fusion.mean(List.of(embed(new Source.Image(apple)), embed(new Source.Image(shark))));
        assertNear(embed(new Source.Text("red apple fruit food")), vector("pictures", "0", "text_vector"));
        assertNear(images, vector("pictures", "0", "image_vector"));
        assertNear(Fusion.mean(List.of(title, images)), vector("pictures", "0", "both"));
        assertNear(
                Fusion.weightedMean(List.of(title, images), new double[] {0.3, 0.7}),
                vector("pictures", "0", "weighted"));
        assertTrue(
                "the two fusions differ",
                cosine(vector("pictures", "0", "both"), vector("pictures", "0", "weighted")) < 0.99);

        putPipeline("small", """
                {"clip_embedding": {"model_id": "demo", "embedding": "image_vector", "dimensions": 64,
                  "field_map": {"image": "picture"}}}""");
        assertNoFailures(bulk("small", "small", List.of("{\"picture\": \"" + apple + "\"}")));
        assertNear(
                Vectors.normalize(Vectors.truncate(embed(new Source.Image(apple)), 64)),
                vector("small", "0", "image_vector"));
    }

    private long embeddedImages() {
        Map<?, ?> embedded = (Map<?, ?>)
                getInstanceFromNode(ClipStats.class).model(MODEL).snapshot().get("embedded");
        return embedded.get("images") instanceof Long images ? images : 0;
    }

    private long runs() {
        return (Long)
                getInstanceFromNode(ClipStats.class).model(MODEL).snapshot().get("runs");
    }

    public void testSeveralResolutionsOfAPictureCostOneRun() {
        createIndex("pictures", DIMENSION, "large", "again");
        putPipeline("clip", """
                {"clip_embedding": {"model_id": "demo", "field_map": {
                  "large": {"image": "p"}, "again": {"image": "p"}, "small": {"image": "p", "dimensions": 64}}}}""");
        long before = embeddedImages();
        assertNoFailures(bulk(
                "pictures",
                "clip",
                List.of(
                        "{\"p\": \"" + tinyPicture(1) + "\"}",
                        "{\"p\": \"" + tinyPicture(2) + "\"}",
                        "{\"p\": [\"" + tinyPicture(1) + "\", \"" + tinyPicture(2) + "\"]}")));
        assertEquals("two pictures, in nine vectors", 2, embeddedImages() - before);
        assertEquals(64, vector("pictures", "2", "small").length);
    }

    public void testWhatIsIndexedAgainIsNotEmbeddedAgain() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline("clip", """
                {"clip_embedding": {"model_id": "demo", "skip_existing": true, "field_map": {"v": {"image": "p"}}}}""");
        assertNoFailures(bulk("pictures", "clip", List.of("{\"p\": \"" + tinyPicture(1) + "\", \"n\": 1}")));
        float[] vector = vector("pictures", "0", "v");
        long before = embeddedImages();
        String again = client().prepareGet("pictures", "0").get().getSourceAsString();
        assertNoFailures(bulk("pictures", "clip", List.of(again.replace("\"n\":1", "\"n\":2"))));
        assertEquals(0, embeddedImages() - before);
        assertEquals(1, cosine(vector, vector("pictures", "0", "v")), 1e-6);
        assertNoFailures(bulk("pictures", "clip", List.of(again.replace(tinyPicture(1), tinyPicture(2)))));
        assertEquals(1, embeddedImages() - before);

        createIndex("copied", DIMENSION, "v");
        assertNoFailures(bulk("copied", "clip", List.of(again)));
        assertEquals(1, embeddedImages() - before);
        assertEquals("vectors of the same model", models("pictures"), models("copied"));
    }

    private Map<String, String> models(String index) {
        return client().admin()
                .cluster()
                .prepareState()
                .get()
                .getState()
                .metadata()
                .index(index)
                .getCustomData("clip");
    }

    public void testAnIndexKnowsTheModelOfAFieldAfterItsFirstDocument() throws Exception {
        createIndex("pictures", 128, "v");
        String pipeline =
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {\"v\": {\"text\": \"t\", \"dimensions\": 128}}}}";
        putPipeline("clip", pipeline);
        putPipeline("wrong", pipeline.replace("128", "64"));
        var simulate = new SimulatePipelineRequest(
                new BytesArray("{\"pipeline\": {\"processors\": [" + pipeline
                        + "]}, \"docs\": [{\"_index\": \"pictures\", \"_source\": {\"t\": \"apple\"}}]}"),
                MediaTypeRegistry.JSON);
        client().admin().cluster().simulatePipeline(simulate).actionGet();
        assertTrue(bulk("pictures", "wrong", List.of("{\"t\": \"apple\"}")).hasFailures());
        assertNull("nothing has been indexed", models("pictures"));
        assertNoFailures(bulk("pictures", "clip", List.of("{\"t\": \"apple\"}")));
        assertEquals(Set.of("v"), models("pictures").keySet());
    }

    public void testAnIndexOfAModelIsPinnedWhenItIsMade() throws Exception {
        createIndex(
                "pictures", Settings.builder().put("index.clip.model_id", MODEL).build(), DIMENSION, "v", "w");
        assertBusy(() -> assertNotNull(models("pictures")));
        assertEquals(Set.of("v", "w"), models("pictures").keySet());
        assertEquals(1, Set.copyOf(models("pictures").values()).size());
    }

    public void testExactlyTheBadDocumentsOfABulkFail() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"batch_size\": 7, \"field_map\": {\"v\": {\"image\": \"p\"}}}}");
        List<String> documents = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            documents.add(
                    switch (i % 5) {
                        case 1 -> "{\"p\": \"bm90IGEgcGljdHVyZQ==\"}";
                        case 3 -> "{\"p\": {\"not\": \"a string\"}}";
                        case 4 -> "{\"title\": \"no picture\"}";
                        default -> "{\"p\": \"" + tinyPicture(i) + "\"}";
                    });
        }
        BulkResponse response = bulk("pictures", "clip", documents);
        for (int i = 0; i < 50; i++) {
            BulkItemResponse item = response.getItems()[i];
            boolean bad = i % 5 == 1 || i % 5 == 3;
            assertEquals(i + ": " + item.getFailureMessage(), bad, item.isFailed());
            if (bad) {
                assertEquals(RestStatus.BAD_REQUEST, item.status());
                assertTrue(item.getFailureMessage(), item.getFailureMessage().contains("field [p] of [v]"));
            }
        }
        assertEquals(
                20,
                search("pictures", "{\"exists\": {\"field\": \"v\"}}")
                        .getHits()
                        .getTotalHits()
                        .value());
    }

    public void testABulkOfFiveThousandPicturesIsNeitherRejectedNorLate() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"remove_source_image\": true, \"field_map\": {\"v\": {\"image\": \"p\"}}}}");
        List<String> documents = IntStream.range(0, 5000)
                .mapToObj(i -> "{\"p\": \"" + tinyPicture(i) + "\"}")
                .toList();
        assertNoFailures(bulk("pictures", "clip", documents));
        assertEquals(
                5000,
                client().prepareSearch("pictures")
                        .setTrackTotalHits(true)
                        .setSize(0)
                        .get()
                        .getHits()
                        .getTotalHits()
                        .value());
    }

    public void testDocumentsBehindAConditionShareRuns() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"if\": \"ctx.p != null\", \"remove_source_image\": true, \"field_map\": {\"v\": {\"image\": \"p\"}}}}");
        // so large that decoding one takes longer than handing over the next document
        List<String> documents = IntStream.range(0, 64)
                .mapToObj(i -> "{\"p\": \"" + picture(i, 1000) + "\"}")
                .toList();
        long images = embeddedImages();
        long before = runs();
        assertNoFailures(bulk("pictures", "clip", documents));
        assertEquals(64, embeddedImages() - images);
        long runs = runs() - before;
        assertTrue(runs + " runs of 64 pictures", runs <= 48);
    }

    public void testWorksBehindACondition() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"if\": \"ctx.kind == 'thing'\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}");
        assertNoFailures(bulk(
                "pictures",
                "clip",
                List.of(
                        "{\"kind\": \"thing\", \"t\": \"apple\"}",
                        "{\"kind\": \"other\", \"t\": \"apple\"}",
                        "{\"kind\": \"thing\", \"t\": \"shark\"}")));
        assertNear(embed(new Source.Text("apple")), vector("pictures", "0", "v"));
        assertNear(embed(new Source.Text("shark")), vector("pictures", "2", "v"));
        assertFalse(client().prepareGet("pictures", "1").get().getSourceAsMap().containsKey("v"));
    }

    public void testIgnoredFailureLeavesTheDocumentAsItWas() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"ignore_failure\": true, \"field_map\": {\"v\": {\"image\": \"p\"}}}}");
        assertNoFailures(bulk(
                "pictures",
                "clip",
                List.of("{\"p\": \"bm90IGEgcGljdHVyZQ==\"}", "{\"p\": \"" + tinyPicture(1) + "\"}")));
        assertEquals(
                Map.of("p", "bm90IGEgcGljdHVyZQ=="),
                client().prepareGet("pictures", "0").get().getSourceAsMap());
        assertNear(embed(new Source.Image(tinyPicture(1))), vector("pictures", "1", "v"));
    }

    public void testSkippedPictureIsNoted() {
        createIndex("pictures", DIMENSION, "v", "b");
        putPipeline("clip", """
                {"clip_embedding": {"model_id": "demo", "on_image_error": "text_only",
                  "field_map": {"v": {"image": "p"}, "b": {"text": "t", "image": "p"}}}}""");
        assertNoFailures(bulk("pictures", "clip", List.of("{\"t\": \"apple\", \"p\": \"bm90IGEgcGljdHVyZQ==\"}")));
        assertNear(embed(new Source.Text("apple")), vector("pictures", "0", "b"));
        Map<String, Object> source = client().prepareGet("pictures", "0").get().getSourceAsMap();
        assertFalse(source.containsKey("v"));
        String errors = source.get("_clip").toString();
        assertTrue(errors, errors.contains("field=p") && errors.contains("type=invalid_image"));
    }

    public void testAModelThatIsNotDeclaredFailsDocumentsAndNotThePipeline() {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip", "{\"clip_embedding\": {\"model_id\": \"nobody\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}");
        BulkResponse response =
                bulk("pictures", "clip", List.of("{\"t\": \"apple\"}", "{\"t\": \"shark\"}", "{\"x\": 1}"));
        for (int i = 0; i < 2; i++) {
            assertEquals(RestStatus.NOT_FOUND, response.getItems()[i].status());
            String message = response.getItems()[i].getFailureMessage();
            assertTrue(message, message.contains("[nobody]") && message.contains("PUT /_plugins/_clip/models/nobody"));
        }
        assertFalse("it needed no model", response.getItems()[2].isFailed());
    }

    public void testAVectorThatDoesNotFitItsFieldIsAnErrorOfTheDocument() {
        createIndex("pictures", 128, "v");
        putPipeline(
                "clip", "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}");
        BulkItemResponse item =
                bulk("pictures", "clip", List.of("{\"t\": \"apple\"}")).getItems()[0];
        assertEquals(RestStatus.BAD_REQUEST, item.status());
        assertTrue(item.getFailureMessage(), item.getFailureMessage().contains("[v]"));
    }

    public void testSimulates() {
        String body = """
                {"pipeline": {"processors": [{"clip_embedding": {"model_id": "demo", "field_map": {"v": {"text": "t"}}}}]},
                 "docs": [{"_source": {"t": "apple"}}, {"_source": {"t": 3}}]}""";
        var request = new SimulatePipelineRequest(new BytesArray(body), MediaTypeRegistry.JSON);
        SimulatePipelineResponse response =
                client().admin().cluster().simulatePipeline(request).actionGet();
        var good = (SimulateDocumentBaseResult) response.getResults().get(0);
        assertEquals(
                DIMENSION,
                good.getIngestDocument().getFieldValue("v", List.class).size());
        var bad = (SimulateDocumentBaseResult) response.getResults().get(1);
        assertTrue(bad.getFailure().getMessage(), bad.getFailure().getMessage().contains("field [t] of [v]"));

        request.setVerbose(true);
        response = client().admin().cluster().simulatePipeline(request).actionGet();
        var steps = ((SimulateDocumentVerboseResult) response.getResults().get(0)).getProcessorResults();
        assertEquals(
                DIMENSION,
                steps.getFirst()
                        .getIngestDocument()
                        .getFieldValue("v", List.class)
                        .size());
    }

    public void testWhatFollowsRunsAsWhoeverSentTheBulk() throws Exception {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {\"v\": {\"image\": \"p\"}}}}, {\"who_am_i\": {}}");
        List<String> users = List.of("alice", "bob", "carol");
        List<Thread> senders = new ArrayList<>();
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        for (String user : users) {
            Thread sender = new Thread(() -> {
                try {
                    var request = new BulkRequest();
                    for (int i = 0; i < 40; i++) {
                        request.add(new IndexRequest("pictures")
                                .id(user + i)
                                .setPipeline("clip")
                                .source("{\"p\": \"" + tinyPicture(i) + "\"}", MediaTypeRegistry.JSON));
                    }
                    assertNoFailures(client().filterWithHeader(Map.of("user", user))
                            .bulk(request)
                            .actionGet());
                } catch (Throwable e) {
                    failures.add(e);
                }
            });
            senders.add(sender);
            sender.start();
        }
        for (Thread sender : senders) {
            sender.join();
        }
        assertEquals(List.of(), failures);
        for (String user : users) {
            for (int i = 0; i < 40; i++) {
                assertEquals(
                        user,
                        client().prepareGet("pictures", user + i)
                                .get()
                                .getSourceAsMap()
                                .get("user"));
            }
        }
    }

    public void testAProcessorThatBlocksAfterOursHoldsUpNoModel() throws Exception {
        createIndex("pictures", DIMENSION, "v");
        putPipeline(
                "clip",
                "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {\"v\": {\"text\": \"t\"}}}}, {\"block\": {}}");
        Followers followers = getInstanceFromNode(PluginsService.class)
                .filterPlugins(Followers.class)
                .getFirst();
        int documents =
                2 * getInstanceFromNode(ThreadPool.class).info("clip_inference").getMax();
        List<ActionFuture<IndexResponse>> blocked = new ArrayList<>();
        for (int i = 0; i < documents; i++) {
            blocked.add(client().index(new IndexRequest("pictures")
                    .setPipeline("clip")
                    .source("{\"t\": \"apple " + i + "\"}", MediaTypeRegistry.JSON)));
        }
        assertTrue("all wait after our processor", followers.blocked.tryAcquire(documents, 2, TimeUnit.MINUTES));
        try {
            assertEquals(DIMENSION, embed(new Source.Text("shark")).length);
        } finally {
            followers.released.countDown();
        }
        blocked.forEach(response ->
                assertEquals(RestStatus.CREATED, response.actionGet().status()));
    }
}
