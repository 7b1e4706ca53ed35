// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.clip.ClipSingleNodeTestCase;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.routing.VerifyModel.OnNode;
import org.opensearch.clip.embed.routing.VerifyModel.Request;
import org.opensearch.clip.embed.routing.VerifyModel.Response;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.Desired;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.rest.RestStatus;

/** On a node, with the bundled model and the golden vectors of its fp32 weights. */
public class VerifyModelTests extends ClipSingleNodeTestCase {

    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(2);

    private Response verify(Goldens goldens) {
        return client().execute(VerifyModel.ACTION, new Request(MODEL, goldens, AMPLE))
                .actionGet(AMPLE);
    }

    private static Goldens golden(String text, float[] vector, Map<String, Double> expected) {
        return new Goldens(List.of(new Source.Text(text)), List.of(vector), Side.PASSAGE, "fp32", expected);
    }

    /** Those of the bundled model but for WebP, which the native library decodes: JNA loads nothing here. {@code 25_verify.yml} has all on a real node. */
    private static Goldens goldensOfThisJvm() throws IOException {
        String file = Files.readString(Path.of("config/opensearch-clip-demo-v1/golden.json"));
        Goldens all = Goldens.parse(XContentHelper.convertToMap(JsonXContent.jsonXContent, file, true));
        List<Source> inputs = new ArrayList<>(all.inputs());
        List<float[]> embeddings = new ArrayList<>(all.embeddings());
        for (int i = inputs.size() - 1; i >= 0; i--) {
            if (inputs.get(i) instanceof Source.Image image && image.image().startsWith("UklGR")) {
                inputs.remove(i);
                embeddings.remove(i);
            }
        }
        return new Goldens(inputs, embeddings, all.side(), all.variant(), all.expected());
    }

    public void testTheBundledModelIsNearItsFullPrecisionWeights() throws Exception {
        loadModel();
        Response response = verify(goldensOfThisJvm());
        assertTrue(response.passed());
        assertEquals(RestStatus.OK, response.status());
        OnNode node = copyWriteable(response, new NamedWriteableRegistry(List.of()), Response::new)
                .nodes()
                .getFirst();
        assertEquals("int8", node.verdict().variant());
        assertEquals(0.98, node.verdict().threshold(), 0);
        assertEquals(31, node.verdict().towers().get(Modality.TEXT).count());
        assertEquals(8, node.verdict().towers().get(Modality.IMAGE).count());
        node.verdict().towers().values().forEach(tower -> {
            assertTrue("worst " + tower, tower.worst() > 0.98 && tower.worst() < 0.99999);
            assertTrue("mean " + tower, tower.mean() > 0.999 && tower.mean() > tower.worst());
        });
    }

    public void testGoldensOfOnesOwn() {
        loadModel();
        float[] right = embed(new Source.Text("red apple"));
        assertTrue(verify(golden("red apple", right, Map.of())).passed());

        Response wrong = verify(golden("green pear", right, Map.of()));
        assertFalse(wrong.passed());
        assertEquals(RestStatus.OK, wrong.status());
        assertEquals(
                "green pear",
                wrong.nodes().getFirst().verdict().towers().get(Modality.TEXT).text());
        assertTrue(verify(golden("green pear", right, Map.of("fp32", -1.0))).passed());
    }

    public void testANodeThatCannotCompareSaysWhy() {
        loadModel();
        Response response = verify(golden("red apple", new float[DIMENSION], Map.of()));
        assertFalse(response.passed());
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, response.status());
        assertNull(response.nodes().getFirst().verdict());
        assertEquals(
                "a zero vector has no direction and cannot be normalised",
                response.nodes().getFirst().reason());
    }

    public void testAReferenceThatIsTooShortIsTheCallersFault() {
        loadModel();
        Exception e = expectThrows(
                IllegalArgumentException.class, () -> verify(golden("red apple", new float[] {1}, Map.of())));
        assertEquals("[embeddings[0]] has [1] values, the model makes [256]", e.getMessage());
    }

    public void testAModelWithoutGoldenVectorsSaysHowToAddThem() {
        var model = new DeclaredModel(
                "m",
                Map.of("path", "m"),
                List.of(new Artifact("config.json", 1, "0".repeat(64))),
                Map.of(),
                "f",
                2,
                List.of(),
                Desired.LOADED,
                null,
                null,
                null);
        Exception e = expectThrows(ResourceNotFoundException.class, () -> VerifyModel.golden(model));
        assertTrue(e.getMessage(), e.getMessage().contains("declared without a [golden.json]: send"));
    }

    public void testAnUnknownModelIsNotFound() {
        var request = new Request("nobody", null, null);
        expectThrows(
                ResourceNotFoundException.class,
                () -> client().execute(VerifyModel.ACTION, request).actionGet(AMPLE));
    }
}
