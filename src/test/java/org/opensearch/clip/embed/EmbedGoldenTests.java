// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.action.support.IndicesOptions;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.image.ImageInfo;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.core.vector.ZeroShot.Activation;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.wire.GoldenBytes;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.index.Index;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;

/** What the embed requests of each format are, byte by byte. */
public class EmbedGoldenTests extends OpenSearchTestCase {

    public static Request request() {
        return new Request(
                        "m",
                        List.of(new Source.Text("ä"), new Source.Image("aGk=")),
                        Lane.INGEST,
                        Side.PASSAGE,
                        TimeValue.timeValueMillis(1500),
                        new Target(
                                new String[] {"a", "b*"},
                                IndicesOptions.lenientExpandOpen(),
                                "f.v",
                                64,
                                EmbeddingType.BYTE,
                                true))
                .besides(List.of(new Target.VectorAt("i", "w")))
                .cutTo(List.of(0, 128))
                .describing(true);
    }

    public static Response response() {
        return new Response(
                        "m",
                        "f",
                        2,
                        List.of(
                                new Vector(new float[] {1, -0.5f}, 3, true, new ImageInfo(3, 4, "png", 5)),
                                new Vector(new float[] {1}, 3, false),
                                new Failure("invalid_image", "r", RestStatus.BAD_REQUEST)))
                .scoredBy(new Logits(Activation.SIGMOID, 4.5, -0.5, true))
                .telling(new Target.Kept(EmbeddingType.BYTE, List.of(EmbeddingType.BINARY)), List.of("w"));
    }

    public void testEachFormIsWhatItWas() throws IOException {
        check(new GoldenBytes());
    }

    public static void check(GoldenBytes goldens) throws IOException {
        goldens.both("embed.answer", response(), Response::new);
        for (boolean old : new boolean[] {true, false}) {
            var record = new RecordSpaces.Request(new Index("i", "u"), Map.of("v", "f")).in(old);
            if (old) {
                goldens.without("spaces.request", record, in -> new RecordSpaces.Request(in, true));
            } else {
                goldens.framed("spaces.request", record, in -> new RecordSpaces.Request(in, false));
            }
        }
    }
}
