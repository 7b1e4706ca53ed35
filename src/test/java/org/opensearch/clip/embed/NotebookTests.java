// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.clip.embed.Notebook.Made;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.test.OpenSearchTestCase;

public class NotebookTests extends OpenSearchTestCase {
    private final ThreadContext context = new ThreadContext(Settings.EMPTY);

    private static List<Float> randomVector() {
        List<Float> vector = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            vector.add((float) random().nextGaussian());
        }
        return vector;
    }

    private static Map<String, Object> document(String index, String id, String field, Object value) {
        Map<String, Object> document = new HashMap<>(Map.of("_index", index, field, value));
        document.put("_id", id);
        return document;
    }

    /** As a shard gets it. */
    private List<Made> made(String index, String id, String field, Map<String, Object> source, XContentType type) {
        var request = new IndexRequest(index).id(id).source(source, type);
        return Notebook.of(context).made(request, request.sourceAsMap(), field);
    }

    public void testOutsideOfABulkNothingIsNoted() {
        Notebook.note(context, document("i", "1", "v", randomVector()), "v", "fa");
        assertNull(Notebook.of(context));
    }

    public void testAVectorIsKnownAgainAsItIsWritten() {
        new Notebook(new VectorHeap()).open(context);
        List<Float> vector = randomVector();
        List<Integer> bytes = List.of(-128, 0, 127);
        Notebook.note(context, document("i", "1", "v", vector), "v", "fa");
        Notebook.note(context, document("i", "1", "b", bytes), "b", "fa");
        for (XContentType type : XContentType.values()) {
            assertEquals(List.of(new Made(Set.of("fa"), 64)), made("i", "1", "v", Map.of("v", vector, "t", "x"), type));
            assertEquals(List.of(new Made(Set.of("fa"), 3)), made("i", "1", "b", Map.of("b", bytes), type));
            assertEquals("somebody else's", List.of(), made("i", "1", "v", Map.of("v", randomVector()), type));
            assertEquals(List.of(), made("i", "1", "v", Map.of("v", "text"), type));
        }
    }

    public void testEachVectorOfAnArrayIsOneOfItsOwn() {
        new Notebook(new VectorHeap()).open(context);
        List<Float> a = randomVector();
        List<Float> b = randomVector();
        Notebook.note(
                context,
                document("i", "1", "images", List.of(Map.of("v", a), Map.of("t", "none"), Map.of("v", b))),
                "images.v",
                "fa");
        Map<String, Object> dotted = Map.of("images.v", a);
        Map<String, Object> other = Map.of("images", List.of(Map.of("v", randomVector()), Map.of("v", b)));
        assertEquals(1, made("i", "1", "images.v", dotted, XContentType.JSON).size());
        assertEquals(1, made("i", "1", "images.v", other, XContentType.JSON).size());
    }

    public void testTheSameVectorOfTwoModelsIsToldApartByTheDocument() {
        new Notebook(new VectorHeap()).open(context);
        Map<String, Object> source = Map.of("v", randomVector());
        Notebook.note(context, document("i", "1", "v", source.get("v")), "v", "fa");
        Notebook.note(context, document("j", "1", "v", source.get("v")), "v", "fb");
        Notebook.note(context, document("i", null, "v", source.get("v")), "v", "fc");
        assertEquals(
                Set.of("fa"),
                made("i", "1", "v", source, XContentType.JSON).getFirst().fingerprints());
        assertEquals(
                Set.of("fb"),
                made("j", "1", "v", source, XContentType.JSON).getFirst().fingerprints());
        assertEquals(
                "made when it was written",
                Set.of("fc"),
                made("i", "made", "v", source, XContentType.JSON).getFirst().fingerprints());
        assertEquals(
                "moved by what came after",
                Set.of("fa", "fb", "fc"),
                made("k", "1", "v", source, XContentType.JSON).getFirst().fingerprints());
    }
}
