// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import static org.hamcrest.Matchers.containsString;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.Settings;
import org.opensearch.core.rest.RestStatus;

/** {@code plugins.clip.image.url.ingest}: URLs in documents are switched off, those of users with the permission are not. */
@SuppressForbidden(reason = "a server for tests")
public class DocumentUrlsIT extends ClipSingleNodeTestCase {

    private static final String REFUSED =
            "URLs in documents are not fetched on this cluster (plugins.clip.image.url.ingest)";

    private final AtomicInteger asked = new AtomicInteger();
    private final HttpServer server = server();

    private HttpServer server() {
        try {
            HttpServer made = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            byte[] picture = Base64.getDecoder().decode(tinyPicture(1));
            made.createContext("/", exchange -> {
                asked.incrementAndGet();
                exchange.sendResponseHeaders(200, picture.length);
                exchange.getResponseBody().write(picture);
                exchange.close();
            });
            made.start();
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected Settings nodeSettings() {
        return Settings.builder()
                .put(super.nodeSettings())
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .build();
    }

    @Override
    protected boolean resetNodeAfterTest() {
        return true;
    }

    @Override
    public void tearDown() throws Exception {
        server.stop(0);
        super.tearDown();
    }

    private void fetchDocuments(String fetched) {
        client().admin()
                .cluster()
                .prepareUpdateSettings()
                .setPersistentSettings(Settings.builder().put("plugins.clip.image.url.ingest", fetched))
                .get();
    }

    private Map<String, Object> indexed(String onImageError, String document) {
        putPipeline(onImageError, """
                {"clip_embedding": {"model_id": "demo", "on_image_error": "%s",
                  "field_map": {"v": {"text": "t", "image": "i"}}}}""".formatted(onImageError));
        assertNoFailures(bulk("shop", onImageError, List.of(document)));
        return client().prepareGet("shop", "0").get().getSourceAsMap();
    }

    public void testAnOperatorSwitchesOffUrlsInDocuments() {
        loadModel();
        createIndex("shop", DIMENSION, "v");
        String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/a.png";
        String document = "{\"t\": \"red apple\", \"i\": \"" + url + "\"}";
        String base64 = "{\"t\": \"red apple\", \"i\": \"" + tinyPicture(1) + "\"}";
        Object whole = indexed("fail", document).get("v");
        assertEquals(1, asked.get());

        fetchDocuments("false");
        BulkResponse bulk = bulk("shop", "fail", List.of(document, base64));
        assertThat(bulk.getItems()[0].getFailureMessage(), containsString(REFUSED));
        assertEquals(RestStatus.FORBIDDEN, bulk.getItems()[0].getFailure().getStatus());
        assertFalse("the other one has what it needs", bulk.getItems()[1].isFailed());
        Map<String, Object> textOnly = indexed("text_only", document);
        assertTrue(textOnly.containsKey("v"));
        assertThat(textOnly.get("_clip").toString(), containsString(REFUSED));
        Map<String, Object> nothing = indexed("skip", "{\"i\": \"" + url + "\"}");
        assertFalse("no model was asked", nothing.containsKey("v"));
        assertThat(nothing.get("_clip").toString(), containsString(REFUSED));
        assertEquals("nobody was asked", 1, asked.get());
        var request =
                new Embed.Request(MODEL, List.of(new Source.Image(url)), Embed.Lane.SEARCH, Side.PASSAGE, null, null);
        var results = client().execute(request.action(), request).actionGet().results();
        assertTrue(results.toString(), results.getFirst() instanceof Embed.Result.Vector);
        assertEquals("a user with the permission was", 2, asked.get());

        fetchDocuments(null);
        assertEquals(whole, indexed("fail", document).get("v"));
        assertEquals(3, asked.get());
    }
}
