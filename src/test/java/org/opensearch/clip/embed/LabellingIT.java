// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.ExceptionsHelper;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.clip.core.vector.ZeroShot.Activation;
import org.opensearch.clip.core.vector.ZeroShot.Logits;
import org.opensearch.clip.embed.Labelling.Answer;
import org.opensearch.clip.model.FakeHub;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.model.PutModel;
import org.opensearch.common.SuppressForbidden;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;
import org.opensearch.test.OpenSearchIntegTestCase.ClusterScope;
import org.opensearch.test.OpenSearchIntegTestCase.Scope;

/** Where a model's scale and bias come from: the declaration, its configuration, its graph, the catalog, in this order. */
@SuppressForbidden(reason = "files of this project")
@ClusterScope(scope = Scope.TEST, numDataNodes = 1, numClientNodes = 0, supportsDedicatedMasters = false)
public class LabellingIT extends OpenSearchIntegTestCase {

    private static final Path MODELS = Path.of("src/test/resources/models/parity");
    private static final String SIGLIP = "siglip";
    private static final String ONE_GRAPH = "openai-clip-one-graph";
    private static final TimeValue AMPLE = TimeValue.timeValueMinutes(2);

    private final FakeHub hub = new FakeHub()
            .as("Xenova/siglip-base-patch16-224", "4649052661e53c7000355844105f8a1792088239")
            .with(MODELS.resolve(SIGLIP).resolve("model"));
    private final Path config = createTempDir();

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(ClipPlugin.class);
    }

    @Override
    protected Settings nodeSettings(int nodeOrdinal) {
        return Settings.builder()
                .put(super.nodeSettings(nodeOrdinal))
                .put("plugins.clip.hub.url", hub.url())
                .put("plugins.clip.hub.allowed_networks", "127.0.0.0/8")
                .put("plugins.clip.disk.min_free", "0b")
                .build();
    }

    @Override
    protected Path nodeConfigPath(int nodeOrdinal) {
        for (String name : List.of(SIGLIP, ONE_GRAPH)) {
            Path from = MODELS.resolve(name).resolve("model");
            try (Stream<Path> files = Files.walk(from)) {
                for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    Path to = config.resolve("opensearch-clip/models")
                            .resolve(name)
                            .resolve(from.relativize(file).toString());
                    Files.createDirectories(to.getParent());
                    Files.copy(file, to);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return config;
    }

    @Override
    public void tearDown() throws Exception {
        super.tearDown();
        hub.close();
    }

    private static void declare(String id, Map<String, Object> source, Map<String, Object> overrides) {
        Map<String, Object> body = new HashMap<>(overrides);
        body.put("source", source);
        client().execute(PutModel.ACTION, new PutModel.Request(id, body, true, AMPLE, false))
                .actionGet(AMPLE);
    }

    private static Logits logits(String id) {
        PlainActionFuture<Answer> future = new PlainActionFuture<>();
        var labels = new Labels(List.of("apple", "shark"), Labels.NO_PROMPT);
        new Labelling(id, List.of(new Source.Text("apple")), labels, null).run(client(), new LabelVectors(), future);
        return future.actionGet(AMPLE).logits();
    }

    /** What was loaded before a declaration says something else stays in use until it is loaded anew. */
    private static void assertSoon(double scale, double bias, String id) throws Exception {
        assertBusy(() -> {
            Logits logits = logits(id);
            assertEquals(scale, logits.scale(), 1e-6);
            assertEquals(bias, logits.bias(), 1e-6);
            assertFalse(logits.assumed());
        });
    }

    public void testSiglipThatSaysNothingIsRefusedWithWhatToDeclare() throws Exception {
        Map<String, Object> source = Map.of("path", SIGLIP);
        declare("silent", source, Map.of());
        Exception e = expectThrows(Exception.class, () -> logits("silent"));
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        assertEquals(
                "model [silent] scores labels by sigmoid, and nobody says its [logit_scale] and [logit_bias]: declare it with both",
                e.getMessage());
        declare("says", source, Map.of("logit_scale", 20, "logit_bias", -3));
        assertEquals(new Logits(Activation.SIGMOID, 20, -3, false), logits("says"));
    }

    public void testSiglipOfTheCatalogHasTheScaleAndBiasOfTheCatalog() throws Exception {
        Map<String, Object> source = Map.of("catalog", "siglip-base-patch16-224");
        declare("s", source, Map.of());
        assertEquals(new Logits(Activation.SIGMOID, 117.330795, -12.932437, false), logits("s"));
        Map<String, Object> written = ModelMetadata.of(clusterService().state())
                .model("s")
                .orElseThrow()
                .overrides();
        assertEquals(Map.of("logit_scale", 117.330795, "logit_bias", -12.932437), written);
        declare("s", source, Map.of("logit_scale", 20));
        assertSoon(20, -12.932437, "s");
    }

    public void testOneGraphHasItsScaleUnlessItsConfigurationOrTheDeclarationSaysIt() throws Exception {
        Map<String, Object> source = Map.of("path", ONE_GRAPH);
        declare("c", source, Map.of());
        // exp(0.06613522)
        assertSoon(1.0683712, 0, "c");
        declare("c", source, Map.of("logit_scale", 7));
        assertSoon(7, 0, "c");
        Path json = config.resolve("opensearch-clip/models").resolve(ONE_GRAPH).resolve("config.json");
        Files.writeString(json, Files.readString(json).replaceFirst("\\{", "{\"logit_scale\": 5,"));
        declare("d", source, Map.of());
        assertSoon(5, 0, "d");
    }
}
