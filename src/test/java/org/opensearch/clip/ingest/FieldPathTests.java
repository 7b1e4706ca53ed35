// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.OpenSearchParseException;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.test.OpenSearchTestCase;

public class FieldPathTests extends OpenSearchTestCase {

    static IngestDocument document(String json) {
        return new IngestDocument(
                new HashMap<>(XContentHelper.convertToMap(JsonXContent.jsonXContent, json, false)), new HashMap<>());
    }

    public void testReadsThroughObjectsAndArraysOfObjects() {
        IngestDocument document = document(
                "{\"media\": [{\"images\": [\"a\", \"b\"]}, {\"images\": \"c\"}, {\"other\": \"d\"}, null], \"title\": \"t\"}");
        assertEquals(List.of("a", "b", "c"), new FieldPath("media.images").values(document));
        assertEquals(List.of("t"), new FieldPath("title").values(document));
        assertEquals(List.of("t"), new FieldPath("_source.title").values(document));
        assertEquals(List.of(), new FieldPath("title.text").values(document));
        assertEquals(List.of(), new FieldPath("nothing.here").values(document));
    }

    public void testIsNoDeeperThanAnyDocumentOfUse() {
        String deepest = "a.".repeat(99) + "a";
        String inner = "\"b\"";
        for (int i = 0; i < 100; i++) {
            inner = "{\"a\": " + inner + "}";
        }
        assertEquals(List.of("b"), FieldPath.declared(deepest).values(document(inner)));
        Exception e = expectThrows(IllegalArgumentException.class, () -> FieldPath.declared(deepest + ".a"));
        assertTrue(e.getMessage(), e.getMessage().endsWith("..] is deeper than 100 objects"));
    }

    /** Documents nest at most 1,000 deep: core does not read others. */
    public void testReadsListsInListsAsDeepAsDocumentsNest() {
        String list = "[".repeat(999) + "\"b\"" + "]".repeat(999);
        assertEquals(List.of("b"), new FieldPath("a").values(document("{\"a\": " + list + "}")));
        expectThrows(OpenSearchParseException.class, () -> document("{\"a\": [" + list + "]}"));
    }

    public void testReadsKeysThatHoldDots() {
        IngestDocument document = document("{\"media.images\": \"a\", \"x\": {\"y.z\": {\"w\": \"b\"}}}");
        assertEquals(List.of("a"), new FieldPath("media.images").values(document));
        assertEquals(List.of("b"), new FieldPath("x.y.z.w").values(document));
    }

    public void testReadsWhatForeachHandsOver() {
        Map<String, Object> element = new HashMap<>(Map.of("image", "a"));
        var document = new IngestDocument(new HashMap<>(), new HashMap<>(Map.of("_value", element)));
        assertEquals(List.of("a"), new FieldPath("_ingest._value.image").values(document));
        new FieldPath("_ingest._value.vector").requireSettable(document);
        new FieldPath("_ingest._value.vector").set(document, 1);
        assertEquals(1, element.get("vector"));
    }

    public void testRemovesFromEveryObject() {
        IngestDocument document = document(
                "{\"media\": [{\"images\": [\"a\"], \"id\": 1}, {\"images\": \"c\"}], \"media.images\": \"x\"}");
        new FieldPath("media.images").remove(document);
        assertEquals(document("{\"media\": [{\"id\": 1}, {}]}"), document);
    }

    public void testRefusesToWriteBelowWhatIsNoObject() {
        for (String json : List.of("{\"a\": \"text\"}", "{\"a\": [{}]}", "{\"a\": null}", "{\"a\": {\"b\": 1}}")) {
            IngestDocument document = document(json);
            IllegalArgumentException e = expectThrows(
                    IllegalArgumentException.class, () -> new FieldPath("a.b.c").requireSettable(document));
            assertTrue(e.getMessage(), e.getMessage().contains("[a.b.c]"));
        }
    }

    public void testWhatItFindsSettableCoreCanSet() {
        for (String json : List.of("{}", "{\"a\": {}}", "{\"a\": {\"b\": {}}}", "{\"a\": {\"b\": {\"c\": 1}}}")) {
            IngestDocument document = document(json);
            var path = new FieldPath("a.b.c");
            path.requireSettable(document);
            path.set(document, new ArrayList<>());
            assertEquals(document("{\"a\": {\"b\": {\"c\": []}}}"), document);
        }
    }
}
