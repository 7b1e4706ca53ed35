// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.EmbedGoldenTests;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.wire.GoldenBytes;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.test.OpenSearchTestCase;

/** What nodes send each other to have an embed request answered, byte by byte. */
public class RoutingGoldenTests extends OpenSearchTestCase {

    private static Goldens references() {
        return new Goldens(
                List.of(new Source.Text("t")), List.of(new float[] {1, 0}), Side.QUERY, "fp32", Map.of("int8", 0.5));
    }

    private static Verdict verdict() {
        return Verdict.of(references(), "int8", List.of(new Vector(new float[] {1, 0}, 3, true)));
    }

    public void testEachFormIsWhatItWas() throws IOException {
        check(new GoldenBytes());
    }

    public static void check(GoldenBytes goldens) throws IOException {
        goldens.both(
                "embed.forward", new Forward(EmbedGoldenTests.request(), TimeValue.timeValueSeconds(30)), Forward::new);
        goldens.framed("embed.asked", new Watch.Asked("node:1"), Watch.Asked::new);
        goldens.framed("embed.works", new Watch.Works(true), Watch.Works::new);
        goldens.both(
                "verify.request",
                new VerifyModel.Request("m", references(), TimeValue.timeValueSeconds(1)),
                VerifyModel.Request::new);
        goldens.both("verify.verdict", verdict(), Verdict::new);
        var onNode = new VerifyModel.OnNode("i", "n", verdict(), "r");
        goldens.framed(
                "verify.response", new VerifyModel.Response("m", "f", 5, List.of(onNode)), VerifyModel.Response::new);
    }
}
