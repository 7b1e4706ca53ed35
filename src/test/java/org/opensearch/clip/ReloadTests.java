// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.instanceOf;
import static org.hamcrest.Matchers.not;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.FakeHub;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.KeyStoreWrapper;
import org.opensearch.common.settings.MockSecureSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.env.Environment;

/** A keystore that changes under a running node, seen from the servers that its secrets are for. */
@SuppressForbidden(reason = "a server for tests")
public class ReloadTests extends ClipSingleNodeTestCase {

    private static final String VALUE = "plugins.clip.image.credentials.cdn.value";
    private static final String TOKEN = "plugins.clip.hub.token";

    private static HttpServer server;
    private static FakeHub hub;

    /** What opens the pictures of the server. */
    private static volatile String key;

    @BeforeClass
    public static void startServers() throws IOException {
        hub = new FakeHub();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            boolean open = key.equals(exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] body = open ? Base64.getDecoder().decode(tinyPicture(1)) : new byte[] {'?'};
            try (exchange) {
                exchange.sendResponseHeaders(open ? 200 : 403, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        server.start();
    }

    @AfterClass
    public static void stopServers() {
        server.stop(0);
        hub.close();
        server = null;
        hub = null;
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        key = "Bearer one";
    }

    @Override
    protected boolean resetNodeAfterTest() {
        return true;
    }

    @Override
    protected Settings nodeSettings() {
        var keystore = new MockSecureSettings();
        keystore.setString(VALUE, "Bearer one");
        keystore.setString(TOKEN, "hf_one");
        return Settings.builder()
                .put(super.nodeSettings())
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .putList("plugins.clip.image.credentials.cdn.hosts", host())
                .put("plugins.clip.hub.url", hub.url())
                .setSecureSettings(keystore)
                .build();
    }

    private static String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** {@code null} when the picture is embedded, otherwise why not. */
    private String failure() {
        Source picture = new Source.Image("http://" + host() + "/picture.png");
        var request = new Embed.Request(MODEL, List.of(picture), Embed.Lane.SEARCH, Side.PASSAGE, null, null);
        Embed.Response response = client().execute(request.action(), request).actionGet(TimeValue.timeValueMinutes(2));
        return switch (response.results().getFirst()) {
            case Embed.Result.Vector vector -> null;
            case Embed.Result.Failure failure -> failure.reason();
        };
    }

    /** The tokens that the hub is shown when a model is declared. */
    private String tokens() {
        hub.requests.clear();
        Map<String, Object> body = Map.of("source", Map.of("hub", "acme/unknown"));
        expectThrows(
                Exception.class,
                () -> client().execute(
                                PutModel.ACTION,
                                new PutModel.Request("x", body, false, TimeValue.timeValueMinutes(1), false))
                        .actionGet());
        return hub.requests.stream()
                .map(request -> request.replaceAll(".*Bearer ", ""))
                .distinct()
                .collect(Collectors.joining(" "));
    }

    /** @return why the node refuses it, {@code null} when it does not */
    private Exception reload(Map<String, String> secrets) throws Exception {
        KeyStoreWrapper keystore = KeyStoreWrapper.create();
        for (var secret : secrets.entrySet()) {
            keystore.setString(secret.getKey(), secret.getValue().toCharArray());
        }
        keystore.save(getInstanceFromNode(Environment.class).configDir(), new char[0]);
        var response = client().admin().cluster().prepareReloadSecureSettings().get();
        assertFalse(response.hasFailures());
        return response.getNodes().getFirst().reloadException();
    }

    public void testChangedSecretsArriveWithoutARestart() throws Exception {
        loadModel();
        assertNull(failure());
        assertEquals("hf_one", tokens());

        key = "Bearer two";
        assertThat(failure(), containsString("what plugins.clip.image.credentials has for it does not open it"));
        assertThat(failure(), not(containsString("Bearer")));

        assertNull(reload(Map.of(VALUE, "Bearer two", TOKEN, "hf_two")));
        assertNull(failure());
        assertEquals("hf_two", tokens());
    }

    public void testReloadThatIsRefusedSaysWhyAndChangesNothing() throws Exception {
        loadModel();
        Exception refused = reload(Map.of(TOKEN, "hf_two"));
        assertThat(refused, instanceOf(IllegalArgumentException.class));
        assertEquals("[" + VALUE + "] is not in the keystore of this node", refused.getMessage());
        assertNull(failure());
        assertEquals("hf_one", tokens());
    }
}
