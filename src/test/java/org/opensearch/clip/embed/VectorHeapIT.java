// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.opensearch.action.bulk.BulkItemResponse;
import org.opensearch.action.bulk.BulkResponse;
import org.opensearch.clip.ClipSingleNodeTestCase;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.indices.breaker.CircuitBreakerService;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.http.HttpChannel;
import org.opensearch.http.HttpResponse;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.test.rest.FakeRestChannel;
import org.opensearch.test.rest.FakeRestRequest;
import org.opensearch.transport.client.node.NodeClient;

/** Vectors are charged from when they are made until they are written or sent, and given back whatever becomes of them. */
public class VectorHeapIT extends ClipSingleNodeTestCase {
    private static final int FIELDS = 20;

    private void limit(String size) {
        client().admin()
                .cluster()
                .prepareUpdateSettings()
                .setTransientSettings(Settings.builder().put("indices.breaker.request.limit", size))
                .get();
    }

    private void assertGivenBack() throws Exception {
        CircuitBreaker breaker =
                getInstanceFromNode(CircuitBreakerService.class).getBreaker(CircuitBreaker.REQUEST);
        assertBusy(() -> assertEquals(0, breaker.getUsed())); // shards have pages of their own in it, for a moment
    }

    private static List<String> documents(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> "{\"t\": \"text number " + i + "\"}")
                .toList();
    }

    public void testABulkPaysForItsVectorsUntilItIsAnswered() throws Exception {
        loadModel();
        String fields = IntStream.range(0, FIELDS)
                .mapToObj(i -> "\"v" + i + "\": {\"text\": \"t\"}")
                .collect(Collectors.joining(", "));
        putPipeline("p", "{\"clip_embedding\": {\"model_id\": \"demo\", \"field_map\": {" + fields + "}}}");
        putPipeline("q", "{\"clip_embedding\": {\"model_id\": \"nobody\", \"field_map\": {" + fields + "}}}");
        client().admin()
                .indices()
                .prepareCreate("i")
                .setMapping("{\"enabled\": false}")
                .get();
        limit("1mb");
        try {
            assertNoFailures(bulk("i", "p", documents(0, 10)));
            assertGivenBack();
            for (BulkItemResponse item : bulk("i", "q", documents(0, 10))) {
                assertEquals(RestStatus.NOT_FOUND, item.status());
            }
            assertGivenBack();
            // 60 KB each
            Map<Boolean, List<BulkItemResponse>> items = Arrays.stream(
                            bulk("i", "p", documents(0, 40)).getItems())
                    .collect(Collectors.partitioningBy(BulkItemResponse::isFailed));
            assertTrue(
                    items.toString(),
                    items.get(false).size() >= 10 && items.get(true).size() >= 20);
            for (BulkItemResponse item : items.get(true)) {
                assertEquals(item.getFailureMessage(), RestStatus.TOO_MANY_REQUESTS, item.status());
                assertTrue(item.getFailureMessage(), item.getFailureMessage().contains("indices.breaker"));
                assertTrue(item.getFailureMessage(), item.getFailureMessage().contains("retry after 5 seconds"));
            }
            assertGivenBack();
            BulkResponse partly = bulk("i", "p", List.of("{\"t\": {\"no\": \"text\"}}", "{\"t\": \"a text\"}"));
            assertTrue(partly.getItems()[0].isFailed());
            assertFalse(partly.getItems()[1].isFailed());
            assertGivenBack();
        } finally {
            limit(null);
        }
    }

    private FakeRestChannel answer(BaseRestHandler handler, String body) throws Exception {
        RestRequest fake = new FakeRestRequest.Builder(NamedXContentRegistry.EMPTY)
                .withMethod(RestRequest.Method.POST)
                .withContent(new BytesArray(body), XContentType.JSON)
                .build();
        try (Connection connection = new Connection()) {
            RestRequest request = RestRequest.request(NamedXContentRegistry.EMPTY, fake.getHttpRequest(), connection);
            if (handler instanceof EmbedEndpoint.Rest) {
                request.params().put("id", MODEL);
            }
            var channel = new FakeRestChannel(request, true, 1);
            handler.handleRequest(request, channel, (NodeClient) node().client());
            assertBusy(() -> assertNotNull(channel.capturedResponse()), 1, TimeUnit.MINUTES);
            return channel;
        }
    }

    /** One that closes: core keeps each that a cancellable request came by, for all nodes of this JVM, until then. */
    private static final class Connection implements HttpChannel {
        private final AtomicBoolean closed = new AtomicBoolean();
        private final List<ActionListener<Void>> listeners = new CopyOnWriteArrayList<>();

        @Override
        public void addCloseListener(ActionListener<Void> listener) {
            listeners.add(listener);
        }

        @Override
        public boolean isOpen() {
            return !closed.get();
        }

        @Override
        public void close() {
            closed.set(true);
            listeners.forEach(listener -> listener.onResponse(null));
        }

        @Override
        public void sendResponse(HttpResponse response, ActionListener<Void> listener) {
            listener.onResponse(null);
        }

        @Override
        public InetSocketAddress getLocalAddress() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        }

        @Override
        public InetSocketAddress getRemoteAddress() {
            return getLocalAddress();
        }
    }

    public void testAnAnswerIsPaidForBeforeItIsMade() throws Exception {
        loadModel();
        var heap = getInstanceFromNode(VectorHeap.class);
        limit("1mb");
        try {
            for (BaseRestHandler handler : List.of(new EmbedEndpoint.Rest(heap), new Embeddings(heap))) {
                for (int inputs : new int[] {10, 400}) { // 30 KB, 1.2 MB
                    FakeRestChannel channel = answer(handler, body(handler, inputs));
                    assertEquals(
                            inputs == 10 ? RestStatus.OK : RestStatus.TOO_MANY_REQUESTS,
                            channel.capturedResponse().status());
                    assertGivenBack();
                }
            }
        } finally {
            limit(null);
        }
    }

    private static String body(BaseRestHandler handler, int inputs) throws IOException {
        String texts = IntStream.range(0, inputs)
                .mapToObj(i -> "\"text number " + i + "\"")
                .collect(Collectors.joining(",", "[", "]"));
        return handler instanceof Embeddings
                ? "{\"model\": \"demo\", \"input\": " + texts + "}"
                : "{\"inputs\": " + texts + "}";
    }
}
