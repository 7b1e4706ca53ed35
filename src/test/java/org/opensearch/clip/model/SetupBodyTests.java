// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.test.OpenSearchTestCase;

public class SetupBodyTests extends OpenSearchTestCase {

    private static SetupBody parse(String json) {
        return SetupBody.parse(XContentHelper.convertToMap(JsonXContent.jsonXContent, json.replace('\'', '"'), true));
    }

    private static Object fieldMap(String json) {
        Map<?, ?> pipeline = parse(json).pipelineBody("m");
        return ((Map<?, ?>) ((Map<?, ?>) ((List<?>) pipeline.get("processors")).getFirst()).get("clip_embedding"))
                .get("field_map");
    }

    private static void assertRefused(String json, String... parts) {
        String message =
                expectThrows(IllegalArgumentException.class, () -> parse(json)).getMessage();
        for (String part : parts) {
            assertThat(message, containsString(part));
        }
    }

    public void testVectorsFollowFromWhatIsGiven() {
        assertEquals(
                Map.of("text_vector", Map.of("text", List.of("title", "brand"))),
                fieldMap("{'index': 'i', 'text': ['title', 'brand']}"));
        assertEquals(Map.of("image_vector", Map.of("image", "p")), fieldMap("{'index': 'i', 'image': 'p'}"));
        assertEquals(
                Map.of("image_vector", Map.of("image", "p"), "both_vector", Map.of("text", "t", "image", "p")),
                fieldMap("{'index': 'i', 'text': 't', 'image': 'p'}"));
        assertEquals(
                "one vector of all where it is named, also by a usual name",
                Map.of("image_vector", Map.of("text", "t", "image", "p")),
                fieldMap("{'index': 'i', 'text': 't', 'image': 'p', 'vector_field': 'image_vector'}"));
    }

    public void testTheVectorsMappingIsThatOfTheModel() {
        DeclaredModel model = ModelMetadataTests.model("m");
        SetupBody whole = parse("{'index': 'i', 'text': 'product.title'}");
        SetupBody cut = parse("{'index': 'i', 'text': 'product.title', 'dimensions': 4, 'pipeline': 'p'}");

        assertEquals(
                Map.of("index.knn", true, "index.default_pipeline", "i", "index.clip.model_id", "m"),
                whole.settings(model));
        assertEquals(
                Map.of(
                        "product.title",
                        Map.of("type", "text"),
                        "text_vector",
                        model.mapping(0),
                        "_clip",
                        Map.of("type", "object", "enabled", false)),
                whole.mappings(model).get("properties"));
        assertEquals(model.dimension(), model.mapping(0).get("dimension"));
        assertThat(cut.mappings(model).toString(), containsString("dimension=4"));
        assertEquals("p", cut.settings(model).get("index.default_pipeline"));
        assertThat(cut.pipelineBody("m").toString(), containsString("dimensions=4"));
    }

    public void testABodyThatDoesNotSayWhatToMakeIsRefused() {
        assertRefused("{'text': 't'}", "[index]", "got [null]");
        assertRefused("{'index': 7, 'text': 't'}", "[index]", "got [7]");
        assertRefused("{'index': 'i'}", "[text], [image] or both");
        assertRefused("{'index': 'i', 'text': []}", "[text], [image] or both");
        assertRefused("{'index': 'i', 'text': ['a', 1]}", "[text]", "got [1]");
        assertRefused("{'index': 'i', 'image': ['p']}", "[image]");
        assertRefused("{'index': 'i', 'image': '_id'}", "[image]", "[_id]");
        for (String field : List.of("", " ", ".t", "t.", "a..b", "a. .b", "t\\u0000", "t\\ud800", "x".repeat(1001))) {
            assertRefused("{'index': 'i', 'text': '" + field + "'}", "[text]", "must be a field's name");
        }
        assertRefused("{'index': 'i', 'texts': 't'}", "[texts]", "known are");
        for (String dimensions : List.of("0", "-1", "1.5", "'64'", "1e99", "99999999999", "true")) {
            assertRefused("{'index': 'i', 'text': 't', 'dimensions': " + dimensions + "}", "[dimensions]");
        }
    }

    public void testNamesThatMeanOthersAreRefused() {
        for (String name : List.of("", "a*", "a,b", "_all", "-a", "<a-{now/d}>", "a b", "..", "a".repeat(256))) {
            assertRefused("{'index': '" + name + "', 'text': 't'}", "[index] is [" + Shown.of(name) + "]");
            assertRefused(
                    "{'index': 'i', 'text': 't', 'pipeline': '" + name + "'}",
                    "[pipeline] is [" + Shown.of(name) + "]");
        }
    }

    public void testNamesThatCannotBeWrittenAreRefused() {
        for (String name : List.of("a\\ud800", "a\\u0000", "a\\u0085")) {
            assertRefused("{'index': '" + name + "', 'text': 't'}", "[index] must be a name");
            assertRefused("{'index': 'i', 'text': 't', 'pipeline': '" + name + "'}", "[pipeline] must be a name");
        }
        assertEquals(
                "\ud83d\ude00",
                parse("{'index': 'i', 'text': '\\ud83d\\ude00'}").text().getFirst());
    }

    public void testFieldsThatWouldNeedTwoMappingsAreRefused() {
        List<String> bodies = new ArrayList<>();
        bodies.add("'text': 'a', 'image': 'a'");
        bodies.add("'text': ['a', 'a']");
        bodies.add("'text': 'a', 'image': 'a.b'");
        bodies.add("'text': 'a.b', 'image': 'a'");
        bodies.add("'text': 'a', 'vector_field': 'a'");
        bodies.add("'image': 'image_vector'");
        for (String body : bodies) {
            assertRefused("{'index': 'i', " + body + "}", "are the same or inside each other");
        }
        parse("{'index': 'i', 'text': ['a', 'ab', 'b.a'], 'image': 'b.ab'}");
    }
}
