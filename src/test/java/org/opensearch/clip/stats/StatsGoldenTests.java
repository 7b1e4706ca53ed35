// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.stats;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.wire.GoldenBytes;
import org.opensearch.cluster.ClusterName;
import org.opensearch.test.OpenSearchTestCase;

/** What nodes ask of each other for the statistics is in each format, byte by byte. */
public class StatsGoldenTests extends OpenSearchTestCase {

    public void testEachFormIsWhatItWas() throws IOException {
        check(new GoldenBytes());
    }

    public static void check(GoldenBytes goldens) throws IOException {
        goldens.framed("stats", new GetStats.Request("n"), GetStats.Request::new);
        goldens.framed("stats.request", new GetStats.NodeRequest(), GetStats.NodeRequest::new);
        var onNode = new GetStats.NodeResponse(GoldenBytes.node(), Map.of("open", 3L));
        goldens.both("stats.node", onNode, GetStats.NodeResponse::new);
        goldens.within(
                "stats.nodes",
                new GetStats.Response(new ClusterName("c"), List.of(onNode), List.of()),
                GetStats.Response::new);
    }
}
