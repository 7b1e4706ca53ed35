// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.embed.Embed;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.Desired;
import org.opensearch.clip.model.LoadedModels.Ref;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

/** Requests for a queue, which nobody works for. */
public abstract class QueueTestCase extends OpenSearchTestCase {

    private ThreadPool threadPool;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        threadPool = new TestThreadPool(getTestName());
    }

    @Override
    public void tearDown() throws Exception {
        terminate(threadPool);
        super.tearDown();
    }

    final PendingRequest request(Lane lane, Source... sources) {
        Request request = new Request("m", List.of(sources), lane, Side.QUERY, null, null);
        Ref ref = new Ref() {
            @Override
            public DeclaredModel model() {
                return new DeclaredModel(
                        "m", Map.of(), List.of(), Map.of(), "f", 1, List.of(), Desired.LOADED, null, null, null);
            }

            @Override
            public DualEncoder encoder() {
                return null;
            }

            @Override
            public void close() {}
        };
        TimeValue ample = TimeValue.timeValueMinutes(1);
        var completion = new Completion<Embed.Response>(threadPool, ActionListener.wrap(() -> {}));
        return new PendingRequest(
                request,
                new RequestLimits(ample, ample),
                ref,
                new ClipStats().model("m"),
                completion,
                ended -> {},
                () -> 0);
    }
}
