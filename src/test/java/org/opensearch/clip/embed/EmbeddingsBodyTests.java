// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.test.OpenSearchTestCase;

public class EmbeddingsBodyTests extends OpenSearchTestCase {

    private static EmbeddingsBody parse(String json) {
        return EmbeddingsBody.parse(XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true));
    }

    private static EmbeddingsBody with(String fields) {
        return parse("{\"model\": \"m\", \"input\": \"a\", " + fields + "}");
    }

    private static List<Source> inputs(String input) {
        return parse("{\"model\": \"m\", \"input\": " + input + "}").inputs();
    }

    private static void refuses(String reason, String json) {
        Exception e = expectThrows(IllegalArgumentException.class, () -> parse(json));
        assertEquals(reason, e.getMessage());
    }

    public void testInputsInEveryForm() {
        Source text = new Source.Text("a");
        assertEquals(List.of(text), inputs("\"a\""));
        assertEquals(List.of(text), inputs("{\"text\": \"a\"}"));
        assertEquals(
                List.of(text, text, new Source.Image("b"), new Source.Image("https://c"), new Source.Image("d")),
                inputs("[\"a\", {\"text\": \"a\"}, {\"image\": \"b\"}, {\"url\": \"https://c\"}, {\"bytes\": \"d\"}]"));
    }

    public void testTokenIdsAreRefusedWithTheCure() {
        for (String input : List.of("[1, 2]", "[[1, 2], [3]]", "7")) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> inputs(input));
            assertTrue(e.getMessage(), e.getMessage().contains("[input[0]] is token ids"));
            assertTrue(e.getMessage(), e.getMessage().contains("check_embedding_ctx_length=False"));
        }
    }

    public void testWrongInputsAreNamed() {
        String expected =
                "[input] must be a text or an object with one of [text, image, url, bytes], or a list of 1 to 2048 of them, got [%d]";
        refuses(expected.replace("%d", "0"), "{\"model\": \"m\"}");
        refuses(expected.replace("%d", "0"), "{\"model\": \"m\", \"input\": []}");
        refuses(
                expected.replace("%d", "2049"),
                "{\"model\": \"m\", \"input\": [" + String.join(",", Collections.nCopies(2049, "\"a\"")) + "]}");
        String one = "[input[1]] must be a text or an object with one of [text, image, url, bytes]";
        refuses(one, "{\"model\": \"m\", \"input\": [\"a\", {\"pdf\": \"b\"}]}");
        refuses(one, "{\"model\": \"m\", \"input\": [\"a\", {\"text\": \"a\", \"image\": \"b\"}]}");
        refuses("[input[0].url] must be a text that is not empty", "{\"model\": \"m\", \"input\": {\"url\": 1}}");
        refuses("[model] is missing", "{\"input\": \"a\"}");
    }

    public void testDimensionsAsANumberOrAString() {
        assertEquals(768, with("\"dimensions\": 768").dimensions());
        assertEquals(768, with("\"dimensions\": \"768\"").dimensions());
        assertEquals(0, with("\"dimensions\": null").dimensions());
        for (String wrong : List.of("0", "-1", "1.5", "\"many\"", "true")) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> with("\"dimensions\": " + wrong));
            assertTrue(e.getMessage(), e.getMessage().startsWith("[dimensions] must be a positive integer, got ["));
        }
    }

    public void testEncodingInEverySpelling() {
        assertEquals(List.of(Encoding.FLOAT), with("\"user\": \"u\"").encodings());
        assertEquals(
                List.of(Encoding.BASE64),
                with("\"encoding_format\": \"base64\"").encodings());
        assertEquals(
                List.of(Encoding.UBINARY),
                with("\"encoding_type\": \"ubinary\"").encodings());
        assertEquals(
                List.of(Encoding.BINARY, Encoding.FLOAT),
                with("\"embedding_type\": [\"binary\", \"float\", \"binary\"]").encodings());
        assertEquals(
                "the client of OpenAI adds encoding_format by itself",
                List.of(Encoding.BINARY),
                with("\"encoding_format\": \"base64\", \"embedding_type\": \"binary\"")
                        .encodings());
        for (String wrong : List.of("\"int8\"", "[]", "[\"float\", 1]")) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> with("\"embedding_type\": " + wrong));
            assertTrue(
                    e.getMessage(),
                    e.getMessage()
                            .startsWith("[embedding_type] must be one of [float, base64, binary, ubinary] or a list"));
        }
    }

    /** Expected bytes: numpy 2.4, {@code packbits(v > 0)}, the same less 128, and {@code v.astype("<f4").tobytes()}. */
    public void testEncodingsAreThoseOfNumpy() throws IOException {
        float[] vector = {1, -1, 0, 2, -3, 4, 5, -6, 7, -8};
        XContentBuilder json = JsonXContent.contentBuilder().startObject();
        for (Encoding encoding : Encoding.values()) {
            encoding.write(json, encoding.toString(), encoding == Encoding.BASE64 ? new float[] {1, -2.5f} : vector);
        }
        assertEquals(
                "{\"float\":[1.0,-1.0,0.0,2.0,-3.0,4.0,5.0,-6.0,7.0,-8.0],\"base64\":\"AACAPwAAIMA=\","
                        + "\"binary\":[22,0],\"ubinary\":[150,128]}",
                json.endObject().toString());
    }

    public void testTaskNamesTheSideAndTheLane() {
        for (String task : List.of("retrieval.query", "code.query")) {
            Embed.Request query = parse("{\"model\": \"m\", \"input\": [\"a\", \"b\"], \"task\": \"" + task + "\"}")
                    .request();
            assertSame(Side.QUERY, query.side());
            assertSame(Lane.SEARCH, query.lane());
        }
        for (String task : List.of("retrieval.passage", "text-matching", "classification", "separation")) {
            Embed.Request passages = parse("{\"model\": \"m\", \"input\": [\"a\", \"b\"], \"task\": \"" + task + "\"}")
                    .request();
            assertSame(Side.PASSAGE, passages.side());
            assertSame(Lane.INGEST, passages.lane());
        }
        assertSame(
                "one text is a search that waits",
                Lane.SEARCH,
                with("\"task\": null").request().lane());
    }

    public void testFlagsAreTrueOrFalse() {
        assertTrue(with("\"late_chunking\": true").lateChunking());
        assertFalse(with("\"late_chunking\": false").lateChunking());
        for (String key : List.of("late_chunking", "truncate", "normalized")) {
            Exception e = expectThrows(IllegalArgumentException.class, () -> with("\"" + key + "\": \"yes\""));
            assertEquals("[" + key + "] must be true or false, got [yes]", e.getMessage());
        }
        refuses(
                "unknown parameters [colour], known are [dimensions, embedding_type, encoding_format, encoding_type, input, "
                        + "late_chunking, model, normalized, task, truncate, user]",
                "{\"model\": \"m\", \"input\": \"a\", \"colour\": \"red\"}");
    }

    public void testVectorsAreCutThenNormalised() {
        Vector made = new Vector(new float[] {3, 4, 12}, 7, true);
        assertArrayEquals(new float[] {0.6f, 0.8f}, with("\"dimensions\": 2").vector(0, made), 1e-6f);
        assertArrayEquals(new float[] {3, 4, 12}, with("\"normalized\": false").vector(0, made), 0);
        Exception e = expectThrows(
                IllegalArgumentException.class,
                () -> with("\"truncate\": false").vector(3, made));
        assertEquals("[input[3]] is longer than the model reads and [truncate] is false", e.getMessage());
    }
}
