// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.TinyFolder;
import org.opensearch.clip.UntrainedKnnPlugin;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.DeleteModel;
import org.opensearch.clip.model.PutModel;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.test.OpenSearchIntegTestCase.ClusterScope;
import org.opensearch.test.OpenSearchIntegTestCase.Scope;
import org.opensearch.test.transport.MockTransportService;
import org.opensearch.transport.TransportChannel;
import org.opensearch.transport.TransportRequest;
import org.opensearch.transport.TransportService;

/** A node that hangs is left for another while the caller's time lasts, and one that is busy is not. */
@SuppressForbidden(reason = "files of this project, and a server for tests")
@ClusterScope(scope = Scope.SUITE, numDataNodes = 2, numClientNodes = 1, supportsDedicatedMasters = false)
public class SilentNodesIT extends OpenSearchIntegTestCase {

    private static final String FORWARD = "internal:opensearch/clip/embed/2";
    private static final String WORKS = "internal:opensearch/clip/embed/works";
    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(2);

    private final List<String> holders = new ArrayList<>();
    private final Queue<TransportChannel> unanswered = new ConcurrentLinkedQueue<>();
    private String coordinator;

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(
                UntrainedKnnPlugin.class,
                PainlessModulePlugin.class,
                ClipPlugin.class,
                MockTransportService.TestPlugin.class);
    }

    @Override
    protected Settings nodeSettings(int nodeOrdinal) {
        return Settings.builder()
                .put(super.nodeSettings(nodeOrdinal))
                .putList("plugins.clip.image.url.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.image.url.timeout", "2m")
                .build();
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        return TinyFolder.in(createTempDir());
    }

    @Override
    public void setUp() throws Exception {
        super.setUp();
        for (DiscoveryNode node : clusterService().state().nodes()) {
            if (node.isDataNode()) {
                holders.add(node.getName());
            } else {
                coordinator = node.getName();
            }
        }
        Map<String, Object> body = Map.of("source", Map.of("path", "tiny"), "nodes", "data:true");
        client().execute(PutModel.ACTION, new PutModel.Request("tiny", body, true, AMPLE, false))
                .actionGet(AMPLE);
    }

    @Override
    public void tearDown() throws Exception {
        holders.forEach(node -> transport(node).clearInboundRules());
        for (TransportChannel channel : unanswered) { // the node wakes up
            channel.sendResponse(new IllegalStateException("an answer that nobody waits for"));
        }
        client().execute(DeleteModel.ACTION, new DeleteModel.Request("tiny", true))
                .actionGet(AMPLE);
        super.tearDown();
    }

    private static MockTransportService transport(String node) {
        return (MockTransportService) internalCluster().getInstance(TransportService.class, node);
    }

    /** From now on the node takes requests of this name and says nothing. */
    private AtomicInteger swallow(String node, String action) {
        AtomicInteger swallowed = new AtomicInteger();
        transport(node).<TransportRequest>addRequestHandlingBehavior(action, (handler, request, channel, task) -> {
            swallowed.incrementAndGet();
            unanswered.add(channel);
        });
        return swallowed;
    }

    private static AtomicInteger count(String node, String action) {
        AtomicInteger counted = new AtomicInteger();
        transport(node).<TransportRequest>addRequestHandlingBehavior(action, (handler, request, channel, task) -> {
            counted.incrementAndGet();
            handler.messageReceived(request, channel, task);
        });
        return counted;
    }

    private Response ask(Source input, TimeValue timeout) {
        Request request = new Request("tiny", List.of(input), Lane.SEARCH, Side.QUERY, timeout, null);
        return client(coordinator).execute(request.action(), request).actionGet(AMPLE);
    }

    /** Which holder is asked first is a matter of chance. */
    private void askUntil(AtomicInteger swallowed) {
        for (int i = 0; i < 100 && swallowed.get() == 0; i++) {
            Response response = ask(new Source.Text("red shoe " + i), TimeValue.timeValueSeconds(4));
            assertTrue(
                    response.results().getFirst().toString(), response.results().getFirst() instanceof Vector);
        }
        assertTrue("nobody asked the node that hangs", swallowed.get() > 0);
    }

    public void testANodeThatHangsIsLeftForAnother() {
        AtomicInteger swallowed = swallow(holders.get(0), FORWARD);
        swallow(holders.get(0), WORKS);
        askUntil(swallowed);
    }

    public void testANodeThatNeverGotTheRequestIsLeftForAnother() {
        AtomicInteger swallowed = swallow(holders.get(0), FORWARD);
        askUntil(swallowed);
    }

    public void testWhenAllHangTheCallerIsToldWithinHisTimeToComeBack() {
        for (String holder : holders) {
            swallow(holder, FORWARD);
            swallow(holder, WORKS);
        }
        OpenSearchStatusException e = expectThrows(
                OpenSearchStatusException.class, () -> ask(new Source.Text("a"), TimeValue.timeValueSeconds(1)));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, e.status());
        assertEquals(List.of("5"), e.getHeader("Retry-After"));
        assertTrue(e.getMessage(), e.getMessage().contains("[timeout] is [1s]"));
        assertFalse(e.getMessage(), e.getMessage().contains("127.0.0.1"));
    }

    public void testANodeThatIsBusyIsWaitedFor() throws Exception {
        List<AtomicInteger> forwards =
                holders.stream().map(node -> count(node, FORWARD)).toList();
        CountDownLatch questions = new CountDownLatch(8);
        for (String holder : holders) {
            transport(holder).<TransportRequest>addRequestHandlingBehavior(WORKS, (handler, request, channel, task) -> {
                handler.messageReceived(request, channel, task);
                questions.countDown();
            });
        }
        byte[] picture = Files.readAllBytes(Path.of("src/test/resources/image/files/png-rgb.png"));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try {
                assertTrue(questions.await(1, TimeUnit.MINUTES));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            exchange.sendResponseHeaders(200, picture.length);
            exchange.getResponseBody().write(picture);
            exchange.close();
        });
        server.start();
        try {
            Source image =
                    new Source.Image("http://127.0.0.1:" + server.getAddress().getPort() + "/");
            Response response = ask(image, TimeValue.timeValueSeconds(6));
            assertTrue(
                    response.results().getFirst().toString(), response.results().getFirst() instanceof Vector);
            assertEquals(1, forwards.stream().mapToInt(AtomicInteger::get).sum());
        } finally {
            server.stop(0);
        }
    }
}
