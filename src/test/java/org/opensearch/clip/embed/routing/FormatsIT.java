// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.TinyFolder;
import org.opensearch.clip.UntrainedKnnPlugin;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.DeleteModel;
import org.opensearch.clip.model.LoadModel;
import org.opensearch.clip.model.PutModel;
import org.opensearch.clip.stats.GetStats;
import org.opensearch.clip.wire.Frame;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.test.OpenSearchIntegTestCase.ClusterScope;
import org.opensearch.test.OpenSearchIntegTestCase.Scope;
import org.opensearch.test.transport.MockTransportService;
import org.opensearch.transport.TransportService;

/**
 * A cluster in the middle of an upgrade: its manager says of itself that it is from before the first release, so it is sent the old
 * form of everything under the old names, and answers so; another says what nobody knows, and is sent nothing.
 */
@ClusterScope(scope = Scope.TEST, numDataNodes = 0, supportsDedicatedMasters = false)
public class FormatsIT extends OpenSearchIntegTestCase {

    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(2);

    private final Set<String> sent = ConcurrentHashMap.newKeySet();

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(
                UntrainedKnnPlugin.class,
                PainlessModulePlugin.class,
                ClipPlugin.class,
                MockTransportService.TestPlugin.class);
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        return TinyFolder.in(createTempDir());
    }

    private static String start(String format) {
        return internalCluster().startNode(Settings.builder().put("node.attr." + Frame.NODE_ATTRIBUTE, format));
    }

    /** What {@code node} sends to {@code to} of ours from now on. */
    private void listen(String node, String to) {
        var from = (MockTransportService) internalCluster().getInstance(TransportService.class, node);
        from.addSendBehavior(
                internalCluster().getInstance(TransportService.class, to),
                (connection, id, action, request, options) -> {
                    if (action.contains("opensearch/clip")) {
                        sent.add(action);
                    }
                    connection.sendRequest(id, action, request, options);
                });
    }

    private static void declare(String by, String nodes) {
        Map<String, Object> body = Map.of("source", Map.of("path", "tiny"), "nodes", nodes);
        client(by)
                .execute(PutModel.ACTION, new PutModel.Request("tiny", body, true, AMPLE, false))
                .actionGet(AMPLE);
    }

    private static float[] ask(String node) {
        Request request =
                new Request("tiny", List.of(new Source.Text("red shoe")), Lane.SEARCH, Side.QUERY, null, null);
        var response = client(node).execute(Embed.ACTION, request).actionGet(AMPLE);
        return ((Vector) response.results().getFirst()).values();
    }

    private void everything(String by, String of) {
        declare(by, of);
        float[] there = ask(of);
        assertArrayEquals(there, ask(by), 1e-5f);
        var goldens = new Goldens(List.of(new Source.Text("red shoe")), List.of(there), Side.QUERY, "fp32", Map.of());
        assertTrue(client(by)
                .execute(VerifyModel.ACTION, new VerifyModel.Request("tiny", goldens, AMPLE))
                .actionGet(AMPLE)
                .passed());
        var stats = client(by).execute(GetStats.ACTION, new GetStats.Request()).actionGet(AMPLE);
        assertFalse(stats.hasFailures());
        assertEquals(
                Set.of(by, of),
                stats.getNodes().stream().map(node -> node.getNode().getName()).collect(Collectors.toSet()));
        client(by)
                .execute(LoadModel.UNLOAD, new LoadModel.Request("tiny", AMPLE, false))
                .actionGet(AMPLE);
        client(by)
                .execute(DeleteModel.ACTION, new DeleteModel.Request("tiny", true))
                .actionGet(AMPLE);
    }

    public void testAnOlderNodeIsAskedAndAnsweredInItsForm() {
        String old = start("1");
        String today = internalCluster().startNode();
        listen(today, old);
        everything(today, old);
        assertEquals(
                Set.of(
                        "internal:opensearch/clip/embed",
                        "internal:opensearch/clip/models/update",
                        "internal:opensearch/clip/models/observe[n]",
                        "internal:opensearch/clip/models/verify",
                        "cluster:admin/opensearch/clip/stats[n]"),
                new TreeSet<>(sent));
    }

    public void testANodeOfTodayIsSentFramesByOneOfToday() {
        String first = internalCluster().startNode();
        String second = start("3");
        listen(second, first);
        everything(second, first);
        assertEquals(
                Set.of(
                        "internal:opensearch/clip/embed/2",
                        "internal:opensearch/clip/models/update/2",
                        "internal:opensearch/clip/models/observe/2",
                        "internal:opensearch/clip/models/verify/2",
                        "internal:opensearch/clip/stats/2"),
                new TreeSet<>(sent));
    }

    public void testWhatNoNodeUnderstandsIsA503ThatSaysWhenToComeBack() {
        String today = internalCluster().startNode();
        String strange = start("strange");
        Map<String, Object> body = Map.of("source", Map.of("path", "tiny"), "nodes", strange);
        client(today)
                .execute(PutModel.ACTION, new PutModel.Request("tiny", body, null, AMPLE, false))
                .actionGet(AMPLE);
        listen(today, strange);
        OpenSearchStatusException e = expectThrows(OpenSearchStatusException.class, () -> ask(today));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, e.status());
        assertEquals(List.of("5"), e.getHeader("Retry-After"));
        assertEquals(Set.of(), sent);
        client(today)
                .execute(DeleteModel.ACTION, new DeleteModel.Request("tiny", true))
                .actionGet(AMPLE);
    }
}
