// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipSingleNodeTestCase;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.threadpool.ThreadPool;

/** More declarations than {@code generic} has threads, all of which wait for a hub that sends a byte now and then. */
public class SlowHubTests extends ClipSingleNodeTestCase {

    private static final int GENERIC = 4;

    private final FakeHub hub = new FakeHub().with("config.json", new byte[100_000]);

    @Override
    protected Settings nodeSettings() {
        return Settings.builder()
                .put(super.nodeSettings())
                .put("thread_pool.generic.core", 1)
                .put("thread_pool.generic.max", GENERIC)
                .put("plugins.clip.hub.url", hub.url())
                .put("plugins.clip.hub.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.disk.min_free", "0b")
                .build();
    }

    @Override
    protected boolean resetNodeAfterTest() {
        return true;
    }

    @Override
    public void tearDown() throws Exception {
        hub.close();
        super.tearDown();
    }

    public void testDeclarationsThatWaitForAHubKeepNobodyWaiting() throws Exception {
        loadModel();
        hub.trouble("config.json", (exchange, bytes) -> {
            hub.drip(exchange, bytes);
            return true;
        });
        Map<String, Object> body = Map.of("source", Map.of("hub", FakeHub.REPOSITORY));
        List<PlainActionFuture<PutModel.Response>> puts = IntStream.rangeClosed(0, GENERIC)
                .mapToObj(i -> {
                    PlainActionFuture<PutModel.Response> answer = new PlainActionFuture<>();
                    var put = new PutModel.Request("slow-" + i, body, false, TimeValue.timeValueMinutes(1), false);
                    client().execute(PutModel.ACTION, put, answer);
                    return answer;
                })
                .toList();
        ThreadPool threadPool = getInstanceFromNode(ThreadPool.class);
        assertBusy(() -> assertTrue(threadPool.stats().toString(), waiting(threadPool) >= GENERIC));
        assertEquals(DIMENSION, embed(new Source.Text("red apple")).length);
        puts.forEach(put -> assertFalse(put.isDone()));
    }

    /** Threads of the node that wait for files, whatever their pool. */
    private static int waiting(ThreadPool threadPool) {
        int active = 0;
        for (var pool : threadPool.stats()) {
            active += pool.getName().equals(LoadedModels.FILES) ? pool.getActive() + pool.getQueue() : 0;
        }
        return active;
    }
}
