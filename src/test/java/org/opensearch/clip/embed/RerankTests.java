// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.List;
import java.util.Map;
import org.opensearch.clip.embed.Comparison.Answer;
import org.opensearch.clip.embed.Comparison.Scored;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.test.OpenSearchTestCase;

public class RerankTests extends OpenSearchTestCase {

    private static Rerank.Body parse(String json) {
        return Rerank.Body.parse(XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true));
    }

    private static Map<String, Object> answer(String json) throws Exception {
        var response = new Embed.Response("demo", "f", 4, List.of());
        var answer = new Answer(response, List.of(new Scored(1, 0.5), new Scored(0, -1)), Map.of(), 12);
        return XContentHelper.convertToMap(
                JsonXContent.jsonXContent,
                parse(json).answer(JsonXContent.contentBuilder(), answer).toString(),
                true);
    }

    public void testReadsWhatClientsSend() {
        Source red = new Source.Text("red");
        assertEquals(
                new Rerank.Body(new Comparison("m", red, List.of(red, new Source.Image("i")), 0, null), 2, true),
                parse(
                        "{\"model\": \"m\", \"query\": \"red\", \"documents\": [\"red\", {\"url\": \"i\"}], \"top_n\": null}"));
        assertEquals(
                new Rerank.Body(new Comparison("m", new Source.Image("i"), List.of(red), 0, null), 5, false),
                parse("""
                        {"model": "m", "query": {"bytes": "i"}, "documents": [{"text": "red"}], "top_n": 5,
                         "return_documents": false}"""));
    }

    public void testAnswersAsJinaDoes() throws Exception {
        String body = "{\"model\": \"demo\", \"query\": \"q\", \"documents\": [\"red\", {\"image\": \"i\"}]";
        assertEquals(
                Map.of(
                        "model",
                        "demo",
                        "object",
                        "list",
                        "results",
                        List.of(
                                Map.of("index", 1, "relevance_score", 0.75, "document", Map.of("image", "i")),
                                Map.of("index", 0, "relevance_score", 0.0, "document", Map.of("text", "red"))),
                        "usage",
                        Map.of("total_tokens", 12, "prompt_tokens", 12)),
                answer(body + "}"));
        assertEquals(
                List.of(Map.of("index", 1, "relevance_score", 0.75)),
                answer(body + ", \"top_n\": 1, \"return_documents\": false}").get("results"));
    }

    public void testWhatIsWrongIsNamed() {
        for (var wrong : Map.of(
                        "{\"query\": \"a\", \"documents\": [\"a\"]}",
                        "[model] is missing",
                        "{\"model\": \"m\", \"documents\": [\"a\"]}",
                        "[query] must be a text or an object with one of [text, image, url, bytes]",
                        "{\"model\": \"m\", \"query\": \"a\"}",
                        "[documents] must be a text or an object with one of [text, image, url, bytes], or a list of 1 to 2048 of them, got [0]",
                        "{\"model\": \"m\", \"query\": \"a\", \"documents\": [\"a\"], \"top_n\": 0}",
                        "[top_n] must be a positive integer, got [0]",
                        "{\"model\": \"m\", \"query\": \"a\", \"documents\": [\"a\"], \"top_k\": 1}",
                        "unknown parameters [top_k], known are [documents, model, query, return_documents, top_n]")
                .entrySet()) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> parse(wrong.getKey()));
            assertEquals(wrong.getValue(), e.getMessage());
        }
    }
}
