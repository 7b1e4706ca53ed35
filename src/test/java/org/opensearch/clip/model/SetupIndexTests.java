// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.opensearch.action.ingest.GetPipelineRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.clip.ClipSingleNodeTestCase;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.rest.RestRequest;
import org.opensearch.test.rest.FakeRestChannel;
import org.opensearch.test.rest.FakeRestRequest;
import org.opensearch.transport.client.node.NodeClient;

public class SetupIndexTests extends ClipSingleNodeTestCase {

    private String answer;

    private RestStatus setUp(String body) throws Exception {
        return setUp(MODEL, body, false);
    }

    private RestStatus setUp(String model, String body, boolean dryRun) throws Exception {
        RestRequest request = new FakeRestRequest.Builder(xContentRegistry())
                .withMethod(RestRequest.Method.POST)
                .withPath("/_plugins/_clip/models/" + model + "/_setup")
                .withParams(new HashMap<>(Map.of("id", model, "dry_run", Boolean.toString(dryRun))))
                .withContent(new BytesArray(body.replace('\'', '"')), XContentType.JSON)
                .build();
        var channel = new FakeRestChannel(request, true, 1);
        new SetupIndex().handleRequest(request, channel, (NodeClient) client());
        assertBusy(() -> assertNotNull(channel.capturedResponse()));
        answer = channel.capturedResponse().content().utf8ToString();
        return channel.capturedResponse().status();
    }

    private void assertMade(RestStatus status) {
        assertEquals(answer, RestStatus.OK, status);
    }

    private Map<String, Object> answer() {
        return XContentHelper.convertToMap(JsonXContent.jsonXContent, answer, true);
    }

    private boolean hasPipeline(String name) {
        return !client().admin()
                .cluster()
                .getPipeline(new GetPipelineRequest(name))
                .actionGet()
                .pipelines()
                .isEmpty();
    }

    private boolean hasIndex(String name) {
        return client().admin().indices().prepareExists(name).get().isExists();
    }

    /** Noise does not compress, so the file is as large as its pixels. */
    private static String noise(int side) throws IOException {
        var image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < side * side; i++) {
            image.setRGB(i % side, i / side, randomInt());
        }
        var out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return Base64.getEncoder().encodeToString(out.toByteArray());
    }

    public void testAfterItABulkAndASearchAreAllThatIsNeeded() throws Exception {
        loadModel();
        assertMade(setUp("{'index': 'shop', 'text': 'title', 'image': 'picture'}"));
        assertEquals(answer, true, answer().get("acknowledged"));
        String large = noise(1130);
        assertTrue(large.length() + " characters", large.length() > 5_000_000);

        assertNoFailures(bulk(
                "shop",
                null,
                List.of(
                        "{\"title\": \"apple\", \"picture\": \"" + picture("1F34E") + "\"}",
                        "{\"title\": \"noise\", \"picture\": \"" + large + "\"}")));

        assertEquals(
                "0",
                ids(search("shop", "{\"clip\": {\"image_vector\": {\"query_text\": \"apple\"}}}"))
                        .getFirst());
        assertEquals(
                "0",
                ids(search("shop", "{\"clip\": {\"both_vector\": {\"query_text\": \"apple\"}}}"))
                        .getFirst());
        SearchResponse noise = search("shop", "{\"match\": {\"title\": \"noise\"}}");
        assertEquals(large, noise.getHits().getAt(0).getSourceAsMap().get("picture"));
    }

    public void testADryRunMakesNothingAndItsBodiesAreTheOnesThatAreMade() throws Exception {
        loadModel();
        String body = "{'index': 'shop', 'pipeline': 'embed', 'text': ['a.title', 'brand'], 'dimensions': 64}";
        assertMade(setUp(MODEL, body, true));
        Map<String, Object> dry = answer();
        assertEquals(true, dry.get("dry_run"));
        assertFalse(hasIndex("shop"));
        assertFalse(hasPipeline("embed"));

        assertMade(setUp(body));
        assertEquals(dry.get("pipeline"), answer().get("pipeline"));
        assertEquals(dry.get("index"), answer().get("index"));
        assertTrue(hasPipeline("embed"));
        assertNoFailures(bulk("shop", null, List.of("{\"a\": {\"title\": \"apple\"}, \"brand\": \"x\"}")));
        assertEquals(
                List.of("0"),
                ids(search("shop", "{\"clip\": {\"text_vector\": {\"query_text\": \"apple\", \"dimensions\": 64}}}")));
    }

    public void testWhatIsThereIsNotTouched() throws Exception {
        loadModel();
        createIndex("there", DIMENSION, "v");
        assertEquals(RestStatus.CONFLICT, setUp("{'index': 'there', 'text': 'title'}"));
        assertThat(answer, containsString("[there]"));
        assertFalse(hasPipeline("there"));

        client().admin().indices().prepareAliases().addAlias("there", "named").get();
        assertEquals(RestStatus.CONFLICT, setUp("{'index': 'named', 'text': 'title'}"));
        assertFalse(hasPipeline("named"));

        putPipeline("old", "");
        assertEquals(RestStatus.CONFLICT, setUp("{'index': 'new', 'pipeline': 'old', 'text': 'title'}"));
        assertThat(answer, containsString("pipeline [old]"));
        assertFalse(hasIndex("new"));
        assertTrue(hasPipeline("old"));
    }

    public void testAPipelineIsTakenBackWhenItsIndexCannotBeMade() throws Exception {
        loadModel();
        assertEquals(RestStatus.BAD_REQUEST, setUp("{'index': 'Upper', 'pipeline': 'taken-back', 'text': 'title'}"));
        assertThat(answer, containsString("lowercase"));
        assertFalse(hasPipeline("taken-back"));
    }

    public void testWhatTheModelCannotDoIsRefusedBeforeAnythingIsMade() throws Exception {
        loadModel();
        assertEquals(RestStatus.BAD_REQUEST, setUp("{'index': 'i', 'text': 'title', 'dimensions': 512}"));
        assertThat(answer, containsString("[dimensions] is [512]"));
        assertFalse(hasPipeline("i"));
    }

    public void testAModelThatIsNotDeclaredIsMissing() throws Exception {
        assertEquals(RestStatus.NOT_FOUND, setUp("nobody", "{'index': 'i', 'text': 'title'}", true));
    }
}
