// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.List;
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
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;

public class EmbedWireTests extends OpenSearchTestCase {

    private static <T extends Writeable> T sent(T value, Writeable.Reader<T> reader) throws IOException {
        BytesStreamOutput out = new BytesStreamOutput();
        value.writeTo(out);
        try (StreamInput in = out.bytes().streamInput()) {
            T read = reader.read(in);
            assertEquals("bytes that nobody read", 0, in.available());
            return read;
        }
    }

    public void testRequestArrivesAsItWasSent() throws IOException {
        List<Source> inputs = List.of(new Source.Text("ä😀"), new Source.Image("aGk="), new Source.Text(""));
        EmbeddingType type = randomFrom(EmbeddingType.BYTE, null);
        Target target = new Target(
                new String[] {"a", "b*"}, IndicesOptions.lenientExpandOpen(), "f.v", 64, type, randomBoolean());
        List<Target.VectorAt> documents = List.of(new Target.VectorAt("i", "w"));
        Request request = new Request("m", inputs, Lane.INGEST, Side.PASSAGE, TimeValue.timeValueMillis(1500), target);
        Request read = sent(request, Request::new);
        assertEquals("m", read.modelId());
        assertEquals(inputs, read.inputs());
        assertEquals(Lane.INGEST, read.lane());
        assertEquals(Side.PASSAGE, read.side());
        assertEquals(TimeValue.timeValueMillis(1500), read.timeout());
        assertArrayEquals(target.indices(), read.target().indices());
        assertEquals(target.options(), read.target().options());
        assertEquals("f.v", read.target().field());
        assertEquals(64, read.target().dimensions());
        assertEquals(type, read.target().embeddingType());
        assertEquals(target.mayBeUnmapped(), read.target().mayBeUnmapped());
        assertEquals(documents, sent(request.besides(documents), Request::new).documents());
        assertEquals(List.of(), read.dimensions());
        assertEquals(
                List.of(0, 128),
                sent(request.cutTo(List.of(0, 128)), Request::new).dimensions());
    }

    public void testRequestArrivesWithoutWhatIsOptional() throws IOException {
        Request read = sent(new Request(null, List.of(), Lane.SEARCH, Side.QUERY, null, null), Request::new);
        assertNull(read.modelId());
        assertNull(read.timeout());
        assertNull(read.target());
        assertEquals(List.of(), read.inputs());
    }

    public void testResponseArrivesAsItWasSent() throws IOException {
        Failure failure = new Failure("invalid_image", "r", RestStatus.BAD_REQUEST);
        ImageInfo info = randomBoolean() ? null : new ImageInfo(3, 4, "png", randomLong());
        Logits logits = randomBoolean() ? null : new Logits(Activation.SIGMOID, 4.5, -0.5, true);
        Response read = sent(
                new Response("m", "f", 2, List.of(new Vector(new float[] {1, -0f}, 3, true, info), failure))
                        .scoredBy(logits)
                        .telling(
                                new Target.Kept(EmbeddingType.BYTE, List.of(EmbeddingType.BINARY, EmbeddingType.FLOAT)),
                                List.of("w")),
                Response::new);
        assertEquals(logits, read.logits());
        assertEquals(info, ((Vector) read.results().get(0)).info());
        assertEquals(List.of("w"), read.warnings());
        assertEquals(EmbeddingType.BYTE, read.kept().searched());
        assertEquals(
                List.of(EmbeddingType.BINARY, EmbeddingType.FLOAT), read.kept().documents());
        assertEquals("m", read.modelId());
        assertEquals("f", read.fingerprint());
        assertEquals(2, read.dimension());
        assertEquals(failure, read.results().get(1));
        Vector vector = (Vector) read.results().get(0);
        assertArrayEquals(new float[] {1, -0f}, vector.values(), 0);
        assertEquals(3, vector.tokens());
        assertTrue(vector.truncated());
    }

    public void testOnlyAUrlNeedsThePermissionToFetch() {
        for (String url : List.of("http://a", "https://a", "HTTPS://a")) {
            assertSame(
                    Embed.BY_URL,
                    request(new Source.Text("t"), new Source.Image(url)).action());
        }
        assertSame(
                Embed.ACTION,
                request(new Source.Text("https://a"), new Source.Image("data:,"))
                        .action());
    }

    public void testAsksForAModelOrAPlaceThatNamesOne() {
        assertNull(request(new Source.Text("t")).validate());
        Request neither = new Request(null, List.of(new Source.Text("t")), Lane.SEARCH, Side.QUERY, null, null);
        assertTrue(neither.validate().getMessage().contains("[model_id] is missing"));
        Request late = new Request("m", List.of(), Lane.SEARCH, Side.QUERY, TimeValue.ZERO, null);
        assertTrue(late.validate().getMessage().contains("[timeout] must be positive"));
    }

    private static Request request(Source... inputs) {
        return new Request("m", List.of(inputs), Lane.SEARCH, Side.QUERY, null, null);
    }
}
