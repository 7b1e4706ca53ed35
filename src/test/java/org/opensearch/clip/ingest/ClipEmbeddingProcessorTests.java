// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import static org.opensearch.clip.embed.AnsweringClient.failure;
import static org.opensearch.clip.embed.AnsweringClient.vector;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.embed.AnsweringClient;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.SpaceGuard;
import org.opensearch.clip.embed.SpaceGuardTests;
import org.opensearch.clip.model.ModelMetadataTests;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.concurrency.OpenSearchRejectedExecutionException;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.IngestDocumentWrapper;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

public class ClipEmbeddingProcessorTests extends OpenSearchTestCase {
    private static final SpaceGuard GUARD = guard("f");

    /** Of a cluster that has the model with this fingerprint, and no index. */
    private static SpaceGuard guard(String fingerprint) {
        return SpaceGuardTests.guard(ModelMetadataTests.stateWith(Map.of("m", fingerprint)));
    }

    private ThreadPool threads;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threads = new TestThreadPool(getTestName());
    }

    @Override
    public void tearDown() throws Exception {
        ThreadPool.terminate(threads, 30, TimeUnit.SECONDS);
        super.tearDown();
    }

    /** Lengths other than 1, so that a missing normalisation shows. */
    private static Result model(Source source) {
        return switch (source) {
            case Source.Text text ->
                switch (text.text()) {
                    case "a red thing", "red as ever" -> vector(0, 1, 0, 0);
                    case "a blue thing", "blue as ever" -> vector(0, 0, 1, 0);
                    case "a dark thing", "dark as ever" -> vector(-1, 0, 0, 0);
                    default -> vector(3, 0, 0, text.text().length());
                };
            case Source.Image image ->
                switch (image.image()) {
                    case "red" ->
                        new Result.Vector(new float[] {0, 2, 0, 0}, 0, false, new ImageInfo(40, 30, "png", 0xa5));
                    case "blue" -> vector(0, 0, 5, 0);
                    case "reddish" -> vector(0, 4, 3, 0);
                    case "against" -> vector(-0.6f, 0, 0, -0.8f);
                    case "broken" -> failure("invalid_image", RestStatus.BAD_REQUEST);
                    case "busy" -> failure("rejected", RestStatus.TOO_MANY_REQUESTS);
                    default -> throw new AssertionError(image.image());
                };
        };
    }

    private AnsweringClient answering() {
        return AnsweringClient.of(threads, ClipEmbeddingProcessorTests::model);
    }

    private static Map<String, Object> config(String config) {
        return new HashMap<>(
                XContentHelper.convertToMap(JsonXContent.jsonXContent, "{\"model_id\": \"m\", " + config + "}", false));
    }

    private static ClipEmbeddingProcessor processor(AnsweringClient client, String config) {
        Map<String, Object> map = config(config);
        int batchSize = map.containsKey("batch_size") ? (Integer) map.remove("batch_size") : 64;
        return new ClipEmbeddingProcessor(
                null, null, batchSize, Options.read(null, map), client, new Embedder(Runnable::run), GUARD, () -> true);
    }

    private static IngestDocument document(String json) {
        return FieldPathTests.document(json);
    }

    private static List<IngestDocumentWrapper> run(ClipEmbeddingProcessor processor, IngestDocument... documents) {
        AtomicReference<List<IngestDocumentWrapper>> results = new AtomicReference<>();
        List<IngestDocumentWrapper> wrappers = IntStream.range(0, documents.length)
                .mapToObj(i -> new IngestDocumentWrapper(100 + i, i, documents[i], null))
                .toList();
        processor.batchExecute(wrappers, all -> assertTrue("called once", results.compareAndSet(null, all)));
        for (int i = 0; i < documents.length; i++) {
            assertEquals(100 + i, results.get().get(i).getSlot());
            assertEquals(i, results.get().get(i).getChildSlot());
            assertNotSame(wrappers.get(i), results.get().get(i));
        }
        assertEquals(documents.length, results.get().size());
        return results.get();
    }

    /** The document with its vectors, or the exception. */
    private IngestDocument one(String config, String json) {
        return one(answering(), config, json);
    }

    private static IngestDocument one(AnsweringClient client, String config, String json) {
        AtomicReference<IngestDocument> result = new AtomicReference<>();
        processor(client, config).execute(document(json), (changed, e) -> {
            if (e != null) {
                throw new AssertionError(e);
            }
            assertTrue("called once", result.compareAndSet(null, changed));
        });
        return result.get();
    }

    private Exception failed(String config, String json) {
        IngestDocument document = document(json);
        AtomicReference<Exception> failure = new AtomicReference<>();
        processor(answering(), config).execute(document, (changed, e) -> {
            assertNull(changed);
            assertTrue("called once", failure.compareAndSet(null, e));
        });
        assertNotNull(failure.get());
        assertEquals("the document is as it was", document(json), document);
        return failure.get();
    }

    private static void assertVector(IngestDocument document, String field, double... expected) {
        List<?> actual = document.getFieldValue(field, List.class);
        assertEquals(expected.length, actual.size());
        for (int i = 0; i < expected.length; i++) {
            assertEquals(field + " " + actual, expected[i], (Float) actual.get(i), 1e-6);
        }
    }

    public void testMakesSeveralVectorsOfOneDocument() {
        AnsweringClient client = answering();
        IngestDocument document = one(client, """
                "timeout": "7s", "field_map": {"t": {"text": "title"}, "v.i": {"image": "media.image"}, "b": {"text": "title", "image": "media.image"}}""", "{\"title\": \"1234\", \"media\": [{\"image\": \"red\"}]}");
        assertVector(document, "t", 0.6, 0, 0, 0.8);
        assertVector(document, "v.i", 0, 1, 0, 0);
        double half = Math.sqrt(0.5);
        assertVector(document, "b", 0.6 * half, half, 0, 0.8 * half);
        assertEquals(1, client.requests.size());
        Embed.Request request = client.requests.getFirst();
        assertEquals("m", request.modelId());
        assertEquals(Embed.Lane.INGEST, request.lane());
        assertEquals(Side.PASSAGE, request.side());
        assertEquals(7_000, request.timeout().millis());
    }

    public void testWeighsTextAgainstPictures() {
        IngestDocument document = one("""
                "field_map": {"b": {"text": "t", "image": "i",
                  "fusion": {"technique": "weighted_mean", "weights": {"text": 0.3, "image": 0.4}}}}""", "{\"t\": \"1234\", \"i\": \"red\"}");
        assertVector(document, "b", 0.6 * 0.6, 0.8, 0, 0.6 * 0.8);
    }

    public void testSeveralTextsBecomeOneAndSeveralPicturesTheirMean() {
        AnsweringClient client = answering();
        IngestDocument document = one(
                client, """
                "field_map": {"b": {"text": ["title", "tags"], "image": "i"}, "f": {"image": "i", "multi_value": "first"}}""", "{\"title\": \"one\", \"tags\": [\"two\", \" \", \"three\"], \"i\": [\"red\", \"blue\"]}");
        assertTrue(client.requests.getFirst().inputs().contains(new Source.Text("one two three")));
        double length = Math.hypot(3, 13);
        double half = Math.sqrt(0.5);
        assertVector(document, "b", half * 3 / length, half * half, half * half, half * 13 / length);
        assertVector(document, "f", 0, 1, 0, 0);
    }

    public void testCutsThenNormalises() {
        IngestDocument document = one(
                "\"dimensions\": 1, \"field_map\": {\"a\": {\"text\": \"t\"}, \"b\": {\"text\": \"t\", \"dimensions\": 4}}",
                "{\"t\": \"1234\"}");
        assertVector(document, "a", 1);
        assertVector(document, "b", 0.6, 0, 0, 0.8);
        Exception e = failed("\"field_map\": {\"a\": {\"text\": \"t\", \"dimensions\": 5}}", "{\"t\": \"1234\"}");
        assertEquals("[dimensions] of [a] is 5, more than the 4 that model [m] makes", e.getMessage());
    }

    public void testLeavesAnOnlyVectorAsTheModelMakesItWhenTold() {
        IngestDocument document = one(
                "\"normalize\": false, \"field_map\": {\"a\": {\"text\": \"t\"}, \"b\": {\"text\": \"t\", \"image\": \"i\"}}",
                "{\"t\": \"1234\"}");
        assertVector(document, "a", 3, 0, 0, 4);
        assertVector(document, "b", 3, 0, 0, 4);
    }

    public void testMissingFieldsAreNoErrorUnlessToldSo() {
        AnsweringClient client = answering();
        String config = "\"field_map\": {\"b\": {\"text\": \"t\", \"image\": \"i\"}}";
        assertEquals(document("{\"x\": 1, \"i\": null}"), one(client, config, "{\"x\": 1, \"i\": null}"));
        assertEquals(document("{\"t\": \" \", \"i\": []}"), one(client, config, "{\"t\": \" \", \"i\": []}"));
        assertEquals("a document with nothing to embed costs no request", 0, client.requests.size());
        assertVector(one(client, config, "{\"i\": \"red\"}"), "b", 0, 1, 0, 0);
        Exception e = failed(config + ", \"ignore_missing\": false", "{\"i\": \"red\"}");
        assertTrue(e.getMessage(), e.getMessage().startsWith("field [t] of [b] is missing or blank"));
    }

    public void testWrongTypesNameTheField() {
        String config = "\"field_map\": {\"b\": {\"text\": \"t\", \"image\": \"i\"}}";
        for (String value : List.of("3", "true", "[\"a\", 1.5]", "{\"x\": \"y\"}")) {
            for (String field : List.of("t", "i")) {
                Exception e = failed(config, "{\"" + field + "\": " + value + "}");
                assertTrue(e.getMessage(), e.getMessage().startsWith("field [" + field + "] of [b] must be a string"));
                assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
            }
        }
    }

    public void testOneBadDocumentFailsAlone() {
        AnsweringClient client = answering();
        IngestDocument bad = document("{\"i\": \"broken\"}");
        List<IngestDocumentWrapper> results = run(
                processor(client, "\"field_map\": {\"v\": {\"image\": \"i\"}}"),
                document("{\"i\": \"red\"}"),
                bad,
                document("{\"i\": 7}"),
                document("{\"x\": 1}"),
                document("{\"i\": \"blue\"}"));
        assertEquals(1, client.requests.size());
        assertVector(results.get(0).getIngestDocument(), "v", 0, 1, 0, 0);
        assertEquals(
                "image field [i] of [v]: invalid_image by test",
                results.get(1).getException().getMessage());
        assertTrue(results.get(1).getException() instanceof IllegalArgumentException);
        assertEquals(document("{\"i\": \"broken\"}"), bad);
        assertTrue(results.get(2).getException().getMessage().startsWith("field [i]"));
        assertNull(results.get(3).getException());
        assertEquals(document("{\"x\": 1}"), results.get(3).getIngestDocument());
        assertVector(results.get(4).getIngestDocument(), "v", 0, 0, 1, 0);
    }

    public void testSkipLeavesOutWhatCannotBeRead() {
        String config = """
                "on_image_error": "skip", "remove_source_image": true,
                "field_map": {"i": {"image": "p"}, "b": {"text": "t", "image": "p"}}""";
        IngestDocument document = one(config, "{\"t\": \"1234\", \"p\": [\"broken\", \"red\"]}");
        assertVector(document, "i", 0, 1, 0, 0);
        List<?> errors = document.getFieldValue("_clip.errors", List.class);
        assertEquals(2, errors.size());
        assertEquals(
                Map.of("vector_field", "b", "field", "p", "type", "invalid_image", "reason", "invalid_image by test"),
                errors.getFirst());
        assertTrue("a picture that could not be read stays", document.hasField("p"));

        document = one(config, "{\"t\": \"1234\", \"p\": \"broken\"}");
        assertFalse(document.hasField("i"));
        assertFalse("a fusion without its pictures is not what was asked for", document.hasField("b"));
    }

    public void testTextOnlyMakesTheVectorOfTheText() {
        IngestDocument document = one("""
                "on_image_error": "text_only", "error_field": null,
                "field_map": {"i": {"image": "p"}, "b": {"text": "t", "image": "p"}}""", "{\"t\": \"1234\", \"p\": \"broken\"}");
        assertFalse(document.hasField("i"));
        assertFalse(document.hasField("_clip"));
        assertVector(document, "b", 0.6, 0, 0, 0.8);
    }

    public void testFullQueueIsNoPicturesFault() {
        Exception e = failed(
                "\"on_image_error\": \"skip\", \"field_map\": {\"i\": {\"image\": \"p\"}}",
                "{\"p\": [\"red\", \"busy\"]}");
        assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(e));
    }

    public void testErrorsOfAnEarlierRunGoWhenThereAreNone() {
        String config = "\"field_map\": {\"i\": {\"image\": \"p\"}}";
        IngestDocument document = one(config, "{\"p\": \"red\", \"_clip\": {\"errors\": [{\"field\": \"p\"}]}}");
        assertFalse(document.hasField("_clip"));
        document = one(config, "{\"p\": \"red\", \"_clip\": {\"errors\": [], \"more\": 1}}");
        assertEquals(Map.of("more", 1), document.getFieldValue("_clip", Map.class));
    }

    public void testSaysWhatAPictureIs() {
        String config =
                "\"skip_existing\": true, \"image_info\": \"media.info\", \"field_map\": {\"v\": {\"image\": \"i\"}, \"w\": {\"image\": [\"i\", \"j\"]}}";
        IngestDocument document = one(config, "{\"i\": \"red\"}");
        Map<String, Object> red = Map.of("width", 40, "height", 30, "format", "png", "hash", "00000000000000a5");
        assertEquals(red, document.getFieldValue("media.info", Map.class));
        AnsweringClient client = answering();
        run(processor(client, config), document);
        assertEquals("it is known", 0, client.requests.size());
        document.removeField("media");
        run(processor(client, config), document);
        assertEquals(red, document.getFieldValue("media.info", Map.class));
        document = one("\"on_image_error\": \"skip\", " + config, "{\"i\": [\"red\", \"broken\"], \"j\": \"red\"}");
        assertEquals("each once", List.of(red), document.getFieldValue("media.info", List.class));
    }

    private static final String CLASSIFY = """
            "field_map": {"v": {"image": "i"}}, "classify": {
              "color": {"image": "i", "labels": ["blue", "red", "dark"], "prompt": ["a {} thing", "{} as ever"]},
              "colors": {"image": "i", "labels": ["blue", "red", "dark"], "prompt": "a {} thing", "top_k": 2,
                "min_score": 0.1, "scores": "color_scores"}}""";

    public void testLabelsPicturesForFacets() {
        AnsweringClient client = answering();
        var processor = processor(client, CLASSIFY);
        IngestDocument document = document("{\"i\": \"reddish\", \"colors\": [\"old\"]}");
        assertNull(run(processor, document).getFirst().getException());
        assertEquals("red", document.getFieldValue("color", String.class));
        // logits 0.6, 0.8 and 0 times 4
        double sum = Math.exp(2.4) + Math.exp(3.2) + 1;
        assertEquals(List.of("red", "blue"), document.getFieldValue("colors", List.class));
        assertEquals("red", document.getFieldValue("color_scores.0.label", String.class));
        assertEquals(Math.exp(3.2) / sum, document.getFieldValue("color_scores.0.score", Double.class), 1e-6);
        assertEquals(Math.exp(2.4) / sum, document.getFieldValue("color_scores.1.score", Double.class), 1e-6);
        assertVector(document, "v", 0, 0.8, 0.6, 0);
        assertEquals(
                "a picture and six labels",
                7,
                client.requests.getFirst().inputs().size());

        document = document("{\"i\": [\"red\", \"broken\"]}");
        assertNotNull(run(processor, document).getFirst().getException());
        assertFalse(document.hasField("color"));
        document = document("{\"i\": \"red\"}");
        run(processor, document);
        assertEquals(
                "labels are embedded once",
                1,
                client.requests.getLast().inputs().size());
        assertEquals(List.of("red"), document.getFieldValue("colors", List.class));
    }

    public void testNoLabelIsGoodEnough() {
        IngestDocument document = one(
                "\"field_map\": {\"v\": {\"text\": \"t\"}}, \"classify\": {\"c\": {\"text\": \"t\", \"labels\": [\"a red thing\", \"a blue thing\"],"
                        + " \"min_score\": 0.9}}",
                "{\"t\": \"x\", \"c\": \"stale\"}");
        assertFalse(document.hasField("c"));
    }

    public void testUnchangedDocumentsKeepTheirLabels() {
        String config = "\"skip_existing\": true, " + CLASSIFY;
        IngestDocument document = one(config, "{\"i\": \"red\"}");
        AnsweringClient client = answering();
        run(processor(client, config), document);
        assertEquals(0, client.requests.size());
        run(processor(client, config.replace("\"red\", \"dark\"]", "\"red\"]")), document);
        assertEquals(Set.of("red", "blue"), labelsIn(client));
    }

    private static Set<String> labelsIn(AnsweringClient client) {
        return client.requests.getFirst().inputs().stream()
                .filter(Source.Text.class::isInstance)
                .map(source -> ((Source.Text) source)
                        .text()
                        .split(" ")[((Source.Text) source).text().startsWith("a ") ? 1 : 0])
                .collect(Collectors.toSet());
    }

    private static final String SKIP = "\"skip_existing\": true, \"field_map\": {"
            + "\"v.i\": {\"image\": \"i\"}, \"b\": {\"text\": \"t\", \"image\": \"i\"}}";

    /** What the second run of a processor on its own outcome, changed, asks the model for. */
    private Set<Source> askedAgain(String first, String second, Consumer<IngestDocument> change) {
        IngestDocument document = one(first, "{\"t\": \"1234\", \"i\": [\"red\", \"blue\"]}");
        change.accept(document);
        AnsweringClient client = answering();
        var processor = processor(client, second);
        assertNull(run(processor, document).getFirst().getException());
        return client.requests.isEmpty()
                ? Set.of()
                : Set.copyOf(client.requests.getFirst().inputs());
    }

    public void testEmbedsWhatHasChangedAndNothingElse() {
        Source text = new Source.Text("1234");
        Set<Source> all = Set.of(text, new Source.Image("red"), new Source.Image("blue"));
        assertEquals(Set.of(), askedAgain(SKIP, SKIP, document -> {}));
        assertEquals("no vector", all, askedAgain(SKIP, SKIP, document -> document.removeField("b")));
        assertEquals(
                "k-NN's mask of a vector",
                Set.of(new Source.Image("red"), new Source.Image("blue")),
                askedAgain(SKIP, SKIP, document -> document.setFieldValue("v.i", 1)));
        assertEquals("no hash", all, askedAgain(SKIP, SKIP, document -> document.removeField("_clip")));
        assertEquals(
                "another text",
                Set.of(new Source.Text("x"), new Source.Image("red"), new Source.Image("blue")),
                askedAgain(SKIP, SKIP, document -> document.setFieldValue("t", "x")));
        assertEquals(
                "another order",
                all,
                askedAgain(SKIP, SKIP, document -> document.setFieldValue("i", List.of("blue", "red"))));
        for (String other : List.of(
                SKIP.replace("\"t\", ", "\"t\", \"dimensions\": 3, "),
                SKIP.replace("\"t\", ", "\"t\", \"fusion\": {\"technique\": \"slerp\"}, "),
                "\"normalize\": false, " + SKIP)) {
            assertTrue(
                    "another way of making it",
                    askedAgain(SKIP, other, document -> {}).contains(text));
        }
        assertEquals("not asked to skip", all, askedAgain(SKIP, SKIP.replace("true", "false"), document -> {}));
    }

    public void testAnotherModelEmbedsAnew() {
        IngestDocument document = one(SKIP, "{\"t\": \"1234\"}");
        AnsweringClient client = answering();
        run(
                new ClipEmbeddingProcessor(
                        null,
                        null,
                        1,
                        Options.read(null, config(SKIP)),
                        client,
                        new Embedder(Runnable::run),
                        guard("another fingerprint"),
                        () -> true),
                document);
        assertEquals(1, client.requests.size());
    }

    public void testPicturesThatWereRemovedHaveNotChanged() {
        String config = "\"remove_source_image\": true, " + SKIP;
        assertEquals(Set.of(), askedAgain(config, config, document -> assertFalse(document.hasField("i"))));
        assertEquals(
                Set.of(new Source.Text("x")), askedAgain(config, config, document -> document.setFieldValue("t", "x")));
    }

    public void testAnIncompleteVectorIsTriedAgain() {
        String config = "\"on_image_error\": \"skip\", " + SKIP;
        IngestDocument document = one(config, "{\"t\": \"1234\", \"i\": [\"red\", \"broken\"]}");
        assertFalse(document.hasField("_clip.inputs"));
        AnsweringClient client = answering();
        run(processor(client, config), document);
        assertEquals(1, client.requests.size());
    }

    public void testHashesGoWithTheOptionThatKeepsThem() {
        IngestDocument document = one(SKIP, "{\"t\": \"1234\", \"i\": \"red\"}");
        assertEquals(
                Set.of("v.i", "b"),
                document.getFieldValue("_clip.inputs", Map.class).keySet());
        run(processor(answering(), SKIP.replace("true", "false")), document);
        assertFalse(document.hasField("_clip"));
    }

    public void testRemovesThePicturesItEmbedded() {
        IngestDocument document = one(
                "\"remove_source_image\": true, \"field_map\": {\"v\": {\"image\": [\"a.i\", \"j\"], \"text\": \"t\"}}",
                "{\"a\": [{\"i\": \"red\", \"k\": 1}, {\"i\": \"blue\"}], \"j\": \"red\", \"t\": \"x\"}");
        assertFalse(document.hasField("j"));
        assertEquals(
                document("{\"a\": [{\"k\": 1}, {}]}").getFieldValue("a", List.class),
                document.getFieldValue("a", List.class));
        assertTrue(document.hasField("t"));
    }

    public void testNothingIsWrittenWhenOneVectorHasNoPlace() {
        Exception e =
                failed("\"field_map\": {\"a\": {\"image\": \"i\"}, \"i.v\": {\"image\": \"i\"}}", "{\"i\": \"red\"}");
        assertTrue(e.getMessage(), e.getMessage().startsWith("[i.v] cannot be written"));
    }

    public void testEveryDocumentOfAFailedRequestHasItsOwnException() {
        var client = new AnsweringClient(
                threads, (request, listener) -> listener.onFailure(new ResourceNotFoundException("not declared")));
        List<IngestDocumentWrapper> results = run(
                processor(client, "\"field_map\": {\"v\": {\"image\": \"i\"}}"),
                document("{\"i\": \"red\"}"),
                document("{\"x\": 1}"),
                document("{\"i\": 3}"),
                document("{\"i\": \"blue\"}"));
        Exception first = results.get(0).getException();
        assertEquals("model [m]: not declared", first.getMessage());
        assertEquals(RestStatus.NOT_FOUND, ExceptionsHelper.status(first));
        assertNull("it needed no model", results.get(1).getException());
        assertTrue(results.get(2).getException() instanceof IllegalArgumentException);
        assertNotSame(first, results.get(3).getException());
        assertEquals(first.getMessage(), results.get(3).getException().getMessage());
    }

    public void testKeepsTheStatusOfARejection() {
        var client = new AnsweringClient(threads, (request, listener) -> {
            throw new OpenSearchRejectedExecutionException("full");
        });
        List<IngestDocumentWrapper> results =
                run(processor(client, "\"field_map\": {\"v\": {\"image\": \"i\"}}"), document("{\"i\": \"red\"}"));
        assertEquals(
                RestStatus.TOO_MANY_REQUESTS,
                ExceptionsHelper.status(results.getFirst().getException()));
    }

    public void testCutsABulkIntoRequests() {
        AnsweringClient client = answering();
        IngestDocument[] documents = IntStream.range(0, 10)
                .mapToObj(i -> document("{\"t\": \"" + "x".repeat(i + 1) + "\"}"))
                .toArray(IngestDocument[]::new);
        List<IngestDocumentWrapper> results =
                run(processor(client, "\"batch_size\": 4, \"field_map\": {\"v\": {\"text\": \"t\"}}"), documents);
        assertEquals(
                List.of(4, 4, 2),
                client.requests.stream().map(r -> r.inputs().size()).toList());
        for (int i = 0; i < 10; i++) {
            double length = Math.hypot(3, i + 1);
            assertVector(results.get(i).getIngestDocument(), "v", 3 / length, 0, 0, (i + 1) / length);
        }
    }

    public void testAsksForAnInputOnceHoweverOftenItIsUsed() {
        AnsweringClient client = answering();
        List<IngestDocumentWrapper> results = run(
                processor(client, """
                        "field_map": {"large": {"image": "i"}, "small": {"image": "i", "dimensions": 2},
                          "both": {"text": "t", "image": "i"}}"""),
                document("{\"i\": [\"red\", \"red\"], \"t\": \"x\"}"),
                document("{\"i\": \"red\", \"t\": \"x\"}"),
                document("{\"i\": \"red\"}"));
        assertEquals(
                Set.of(new Source.Image("red"), new Source.Text("x")),
                Set.copyOf(client.requests.getFirst().inputs()));
        assertEquals(2, client.requests.getFirst().inputs().size());
        for (IngestDocumentWrapper result : results) {
            assertVector(result.getIngestDocument(), "large", 0, 1, 0, 0);
            assertVector(result.getIngestDocument(), "small", 0, 1);
        }
    }

    public void testSlerpGoesAlongTheArc() {
        String config = """
                "field_map": {"b": {"text": "t", "image": "i",
                  "fusion": {"technique": "slerp", "weights": {"text": 1, "image": 2}}}}""";
        double angle = Math.PI / 3;
        assertVector(
                one(config, "{\"t\": \"1234\", \"i\": \"red\"}"),
                "b",
                0.6 * Math.cos(angle),
                Math.sin(angle),
                0,
                0.8 * Math.cos(angle));
        Exception e = failed(config, "{\"t\": \"1234\", \"i\": \"against\"}");
        assertTrue(e.getMessage(), e.getMessage().startsWith("[b] has no vector: the vectors point in opposite"));
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
    }

    private static final String NESTED = """
            "field_map": {"images.vector": {"image": "media.images", "multi_value": "nested"},
              "images.small": {"image": "media.images", "multi_value": "nested", "dimensions": 3}}""";

    public void testEachPictureGetsAnObjectOfItsOwn() {
        IngestDocument document = one(NESTED, "{\"media\": {\"images\": [\"red\", \"blue\", \"red\"]}}");
        assertEquals(3, document.getFieldValue("images", List.class).size());
        assertVector(document, "images.0.vector", 0, 1, 0, 0);
        assertVector(document, "images.1.vector", 0, 0, 1, 0);
        assertVector(document, "images.2.small", 0, 1, 0);

        document =
                one(NESTED, "{\"media\": {\"images\": \"blue\"}, \"images\": [{\"vector\": [1]}, {\"small\": [1]}]}");
        assertEquals(
                "those of an earlier run go",
                1,
                document.getFieldValue("images", List.class).size());
        assertVector(document, "images.0.vector", 0, 0, 1, 0);

        document = one(NESTED, "{\"media\": {\"images\": \"blue\"}, \"images\": [{\"alt\": \"sky\"}]}");
        assertEquals("sky", document.getFieldValue("images.0.alt", String.class));
        assertVector(document, "images.0.vector", 0, 0, 1, 0);
        Exception e =
                failed(NESTED, "{\"media\": {\"images\": [\"red\", \"blue\"]}, \"images\": [{\"alt\": \"sky\"}]}");
        assertTrue(e.getMessage(), e.getMessage().contains("has 1 objects, and there are 2 pictures"));
        e = failed(NESTED, "{\"media\": {\"images\": [\"red\", \"blue\"]}, \"images\": \"red\"}");
        assertTrue(e.getMessage(), e.getMessage().contains("is not an object"));
    }

    public void testAVectorGoesBesideItsPicture() {
        String config = """
                "on_image_error": "skip", "field_map": {"images.vector": {"image": "images.url", "multi_value": "nested"}}""";
        IngestDocument document = one(
                config,
                "{\"images\": [{\"url\": \"red\"}, {\"alt\": \"none\"}, {\"url\": \"broken\", \"vector\": [1]}, {\"url\": \"blue\"}]}");
        assertVector(document, "images.0.vector", 0, 1, 0, 0);
        assertEquals(Map.of("alt", "none"), document.getFieldValue("images.1", Map.class));
        assertEquals(Map.of("url", "broken"), document.getFieldValue("images.2", Map.class));
        assertVector(document, "images.3.vector", 0, 0, 1, 0);
        assertEquals(1, document.getFieldValue("_clip.errors", List.class).size());
        document = one(config, "{\"images\": {\"url\": \"red\"}}");
        assertVector(document, "images.vector", 0, 1, 0, 0);
    }

    public void testRunsAsThePluginAndReturnsAsTheCaller() {
        ThreadContext context = threads.getThreadContext();
        List<String> sent = new ArrayList<>();
        var client = new AnsweringClient(threads, (request, listener) -> {
            sent.add(context.getHeader("user"));
            listener.onResponse(AnsweringClient.answer(request, ClipEmbeddingProcessorTests::model));
        });
        var embedder = new Embedder(task -> {
            try (ThreadContext.StoredContext ignored = context.stashContext()) {
                context.putHeader("user", "plugin");
                task.run();
            }
        });
        Map<String, Object> config =
                new HashMap<>(Map.of("model_id", "m", "field_map", Map.of("v", Map.of("image", "i"))));
        var processor = new ClipEmbeddingProcessor(
                null, null, 1, Options.read(null, config), client, embedder, GUARD, () -> true);
        context.putHeader("user", "alice");
        List<String> handled = new ArrayList<>();
        processor.execute(document("{\"i\": \"red\"}"), (d, e) -> handled.add(context.getHeader("user")));
        assertEquals(List.of("plugin"), sent);
        assertEquals(List.of("alice"), handled);
        assertEquals("alice", context.getHeader("user"));
    }

    public void testSynchronousUseIsRefused() {
        var processor = processor(answering(), "\"field_map\": {\"v\": {\"image\": \"i\"}}");
        expectThrows(UnsupportedOperationException.class, () -> processor.execute(document("{}")));
    }

    public void testEmptyBulkIsHandled() {
        assertEquals(List.of(), run(processor(answering(), "\"field_map\": {\"v\": {\"image\": \"i\"}}")));
    }
}
