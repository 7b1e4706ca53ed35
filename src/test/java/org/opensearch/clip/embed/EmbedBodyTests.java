// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;

public class EmbedBodyTests extends OpenSearchTestCase {

    private EmbedBody parse(String json) {
        return EmbedBody.parse(XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true));
    }

    private void refuses(String reason, String json) {
        Exception e = expectThrows(IllegalArgumentException.class, () -> parse(json));
        assertTrue(e.getMessage(), e.getMessage().contains(reason));
    }

    public void testReadsEveryParameter() {
        EmbedBody body = parse("""
                {"inputs": [{"text": "a"}, "b", {"image": "aGk="}], "dimensions": 3, "normalize": false, "side": "passage",
                 "timeout": "2s"}""");
        List<Source> inputs = List.of(new Source.Text("a"), new Source.Text("b"), new Source.Image("aGk="));
        assertEquals(new EmbedBody(inputs, 3, false, Side.PASSAGE, TimeValue.timeValueSeconds(2)), body);
        assertEquals(Lane.INGEST, body.request("m").lane());
    }

    public void testKnowsWhatIsMeantByNothing() {
        EmbedBody body = parse("{\"inputs\": [\"a\"]}");
        assertEquals(new EmbedBody(List.of(new Source.Text("a")), 0, true, Side.QUERY, null), body);
        assertEquals(Lane.SEARCH, body.request("m").lane());
    }

    public void testNamesTheFieldOfTheWrongType() {
        refuses("[inputs] must be an array of texts and pictures, got nothing", "{}");
        refuses("[inputs] must be an array of texts and pictures, got [a]", "{\"inputs\": \"a\"}");
        refuses("[inputs] must have 1 to 2048 elements, got [0]", "{\"inputs\": []}");
        refuses("[inputs[1]] must be a string, {\"text\": ..} or {\"image\": ..}, got [7]", "{\"inputs\": [\"a\", 7]}");
        refuses("[inputs[0].text] must be a string, got nothing", "{\"inputs\": [{\"text\": null}]}");
        refuses("[inputs[0].image] must be a string, got an array", "{\"inputs\": [{\"image\": [\"a\"]}]}");
        refuses("[inputs[0]] must have one of [text] and [image]", "{\"inputs\": [{}]}");
        refuses(
                "[inputs[0]] must have one of [text] and [image]",
                "{\"inputs\": [{\"text\": \"a\", \"image\": \"b\"}]}");
        refuses("[dimensions] must be a positive integer, got [0]", "{\"inputs\": [\"a\"], \"dimensions\": 0}");
        refuses("[dimensions] must be a positive integer, got [1.5]", "{\"inputs\": [\"a\"], \"dimensions\": 1.5}");
        refuses("[dimensions] must be a positive integer, got [64]", "{\"inputs\": [\"a\"], \"dimensions\": \"64\"}");
        refuses("[normalize] must be true or false, got [yes]", "{\"inputs\": [\"a\"], \"normalize\": \"yes\"}");
        refuses("[side] must be \"query\" or \"passage\", got [left]", "{\"inputs\": [\"a\"], \"side\": \"left\"}");
        refuses("[timeout] must be a string, got [5]", "{\"inputs\": [\"a\"], \"timeout\": 5}");
        refuses("timeout", "{\"inputs\": [\"a\"], \"timeout\": \"soon\"}");
        refuses("[timeout] must be a positive time", "{\"inputs\": [\"a\"], \"timeout\": \"0s\"}");
    }

    public void testNamesWhatItDoesNotKnow() {
        refuses("unknown parameter [model], known are [dimensions, inputs,", "{\"inputs\": [\"a\"], \"model\": \"m\"}");
        refuses(
                "unknown parameter [inputs[0].url], known are [image, text]",
                "{\"inputs\": [{\"url\": \"http://a\"}]}");
    }

    public void testHasALimit() {
        String many = IntStream.rangeClosed(0, 2048).mapToObj(i -> "\"a\"").collect(Collectors.joining(","));
        refuses("[inputs] must have 1 to 2048 elements, got [2049]", "{\"inputs\": [" + many + "]}");
    }

    public void testAnswersWithVectorsAndFailuresInOrder() throws IOException {
        Response response = new Response(
                "m",
                "f",
                3,
                List.of(
                        new Vector(new float[] {3, 4, 12}, 7, true),
                        new Failure("invalid_image", "no picture", RestStatus.BAD_REQUEST),
                        new Vector(new float[] {0, 2, 0}, 12_000, false)));
        assertEquals(
                """
                {"took":5,"model_id":"m","fingerprint":"f","results":[\
                {"embedding":[0.6,0.8],"usage":{"tokens":7},"truncated":true},\
                {"error":{"type":"invalid_image","reason":"no picture"},"status":400},\
                {"embedding":[0.0,1.0]}]}""",
                answer("{\"inputs\": [\"a\", {\"image\": \"b\"}, {\"image\": \"c\"}], \"dimensions\": 2}", response));
        assertTrue(answer("{\"inputs\": [\"a\", \"b\", \"c\"], \"normalize\": false}", response)
                .contains("[3.0,4.0,12.0]"));
    }

    private String answer(String json, Response response) throws IOException {
        return parse(json).answer(JsonXContent.contentBuilder(), response, 5).toString();
    }
}
