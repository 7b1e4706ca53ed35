// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.util.List;
import java.util.Map;
import org.opensearch.OpenSearchParseException;
import org.opensearch.clip.LongValues;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Source;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;

public class GoldensTests extends OpenSearchTestCase {

    private static Goldens parse(String json) {
        return Goldens.parse(XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true));
    }

    private static void refuses(String message, String json) {
        Exception e = expectThrows(IllegalArgumentException.class, () -> parse(json));
        assertTrue(e.getMessage(), e.getMessage().contains(message));
    }

    private static Result vector(float... values) {
        return new Result.Vector(values, 1, false);
    }

    public void testAFileThatNestsTooDeepIsRefused() {
        expectThrows(OpenSearchParseException.class, () -> parse("{\"inputs\": " + "[".repeat(1_000_000)));
        refuses("[inputs[0]]", "{\"inputs\": " + "[".repeat(900) + "]".repeat(900) + "}");
    }

    public void testARefusalIsShort() throws Exception {
        Map<String, Object> goldens = Map.of(
                "inputs",
                List.of(Map.of("text", "a")),
                "embeddings",
                List.of(List.of(1)),
                "side",
                "query",
                "variant",
                "fp32",
                "expected",
                Map.of("fp32", 1));
        assertTrue(LongValues.refused(goldens, Goldens::parse) > 25);
    }

    public void testReadsAFileAndTravels() throws Exception {
        Goldens read = parse("""
                {"reference": "made by hand", "variant": "int8", "expected": {"int8": 0.9}, "side": "passage",
                 "inputs": [{"text": "a"}, {"image": "aGk="}], "embeddings": [[1, 0.5], [0, 1]]}""");
        Goldens copy = copyWriteable(read, new NamedWriteableRegistry(List.of()), Goldens::new);
        assertEquals(List.of(new Source.Text("a"), new Source.Image("aGk=")), copy.inputs());
        assertArrayEquals(new float[] {1, 0.5f}, copy.embeddings().getFirst(), 0);
        assertEquals(Side.PASSAGE, copy.side());
        assertEquals("int8", copy.variant());
        assertEquals(Map.of("int8", 0.9), copy.expected());
    }

    public void testExactnessIsExpectedOfFullPrecisionAndOfNothingElse() {
        Goldens plain = parse("{\"inputs\": [\"a\"], \"embeddings\": [[1]]}");
        assertEquals("fp32", plain.variant());
        assertEquals(0.9999, plain.threshold("fp32"), 0);
        assertEquals(0.999, plain.threshold("fp16"), 0);
        assertNull(plain.threshold("int8"));
        assertEquals(
                0.5,
                parse("{\"inputs\": [\"a\"], \"embeddings\": [[1]], \"expected\": {\"fp32\": 0.5}}")
                        .threshold("fp32"),
                0);
    }

    public void testNamesTheFieldThatIsWrong() {
        refuses("[inputs] must be an array", "{\"embeddings\": []}");
        refuses("[embeddings] must be an array of vectors, got nothing", "{\"inputs\": [\"a\"]}");
        refuses("[embeddings[0]] must be an array of numbers", "{\"inputs\": [\"a\"], \"embeddings\": [[]]}");
        refuses("[embeddings[0][1]] must be a number, got [b]", "{\"inputs\": [\"a\"], \"embeddings\": [[1, \"b\"]]}");
        refuses("[embeddings[0][1]] must be a number of 32 bits", "{\"inputs\": [\"a\"], \"embeddings\": [[1, 1e39]]}");
        refuses(
                "[embeddings[1]] must be a vector that is not zero",
                "{\"inputs\": [\"a\", \"b\"], \"embeddings\": [[1], [0]]}");
        refuses("one vector an input, got [2] for [1] inputs", "{\"inputs\": [\"a\"], \"embeddings\": [[1], [2]]}");
        refuses(
                "[expected.int8] must be a cosine, got [2]",
                "{\"inputs\": [\"a\"], \"embeddings\": [[1]], \"expected\": {\"int8\": 2}}");
        refuses("unknown parameter [vectors]", "{\"inputs\": [\"a\"], \"vectors\": [[1]]}");
        refuses(
                "must hold the pictures themselves",
                "{\"inputs\": [{\"image\": \"https://a.org/b\"}], \"embeddings\": [[1]]}");
    }

    public void testAReferenceShorterThanTheModelsVectorsIsNamed() {
        Goldens goldens = parse("{\"inputs\": [\"a\", \"b\"], \"embeddings\": [[1, 1], [1]]}");
        goldens.requireLength(1);
        assertEquals(
                "[embeddings[1]] has [1] values, the model makes [2]",
                expectThrows(IllegalArgumentException.class, () -> goldens.requireLength(2))
                        .getMessage());
    }

    public void testTheWorstInputOfEachTowerIsFound() throws Exception {
        Goldens goldens = parse("""
                {"inputs": ["a", "b", {"image": "aGk="}], "embeddings": [[1, 0, 0], [0, 2, 9], [3, 4, 0]]}""");
        Verdict verdict = copyWriteable(
                Verdict.of(goldens, "fp32", List.of(vector(1, 0), vector(1, 1), vector(3, 4))),
                new NamedWriteableRegistry(List.of()),
                Verdict::new);
        Verdict.Measured texts = verdict.towers().get(Modality.TEXT);
        assertEquals(2, texts.count());
        assertEquals(Math.sqrt(0.5), texts.worst(), 1e-7);
        assertEquals((1 + Math.sqrt(0.5)) / 2, texts.mean(), 1e-7);
        assertEquals(1, texts.input());
        assertEquals("b", texts.text());
        Verdict.Measured pictures = verdict.towers().get(Modality.IMAGE);
        assertEquals(1, pictures.worst(), 1e-7);
        assertEquals(2, pictures.input());
        assertNull(pictures.text());
        assertFalse(verdict.passed());
    }

    public void testPassesWhereNoCosineIsExpectedButNotWithoutAVector() {
        Goldens goldens = parse("{\"inputs\": [\"a\"], \"embeddings\": [[1, 0]]}");
        assertTrue(Verdict.of(goldens, "q4", List.of(vector(0, 1))).passed());
        var failure = new Result.Failure("invalid_text", "text is empty", RestStatus.BAD_REQUEST);
        assertFalse(Verdict.of(goldens, "q4", List.of(failure)).passed());
    }

    public void testARemedyForAReferenceThatIsTooShort() {
        Goldens goldens = parse("{\"inputs\": [\"a\"], \"embeddings\": [[1]]}");
        Exception e =
                expectThrows(IllegalArgumentException.class, () -> Verdict.of(goldens, "fp32", List.of(vector(1, 0))));
        assertEquals("[embeddings[0]] has [1] values, the model makes [2]", e.getMessage());
    }
}
