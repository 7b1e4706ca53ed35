// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.core.common.Strings;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.test.OpenSearchTestCase;

public class CatalogTests extends OpenSearchTestCase {

    public void testBundledModelIsThere() {
        Catalog.Entry bundled = Catalog.read().entry("opensearch-clip-demo-v1").orElseThrow();
        assertEquals(true, bundled.about().get("bundled"));
        assertEquals(256, bundled.about().get("dimension"));
        assertTrue(Files.isDirectory(Path.of("config").resolve(bundled.folder())));
    }

    public void testTheModelOfPhotographsIsTheFirst() {
        Catalog.Entry photographs = Catalog.read().entries().getFirst();
        assertEquals("opensearch-clip-photos-v1", photographs.id());
        assertEquals(true, photographs.about().get("bundled"));
        assertEquals(384, photographs.about().get("dimension"));
        assertEquals(List.of("en"), photographs.about().get("languages"));
        assertTrue(Files.isDirectory(Path.of("config").resolve(photographs.folder())));
    }

    public void testEveryEntrySaysWhatItTakesToChooseIt() {
        List<Catalog.Entry> entries = Catalog.read().entries();
        assertEquals(
                entries.size(),
                entries.stream().map(Catalog.Entry::id).distinct().count());
        for (Catalog.Entry entry : entries) {
            Map<String, Object> about = entry.about();
            String id = DeclaredModel.requireId(entry.id());
            assertTrue(id, about.get("bundled").equals(true) ? entry.hub() == null : entry.folder() == null);
            assertTrue(id, entry.folder() != null || entry.hub().matches("[\\w.-]+/[\\w.-]+"));
            assertTrue(id, entry.revision() == null || entry.revision().matches("[0-9a-f]{40}"));
            assertTrue(id, about.get("license") instanceof String && about.get("commercial_use") instanceof Boolean);
            assertTrue(id, about.get("description") instanceof String text && !text.isBlank());
            int dimension = (Integer) about.get("dimension");
            List<?> lengths = (List<?>) about.getOrDefault("dimensions", List.of(dimension));
            assertEquals(id, lengths.stream().sorted().toList(), lengths);
            assertEquals(id, dimension, lengths.getLast());
            assertTrue(id, (Integer) about.get("image_size") >= 64);
            assertFalse(id, ((List<?>) about.get("languages")).isEmpty());
            List<?> variants = (List<?>) about.get("variants");
            assertFalse(id, variants.isEmpty());
            for (Object variant : variants) {
                Map<?, ?> one = (Map<?, ?>) variant;
                Overrides.parse(Map.of("variant", one.get("name")));
                Object size = one.get("size_in_bytes");
                assertTrue(id + size, size == null || ((Number) size).longValue() > 1_000_000);
            }
            assertEquals(id, about.containsKey("logit_bias"), id.startsWith("siglip"));
        }
    }

    public void testTheModelsOfTheMissionAreThere() {
        Catalog catalog = Catalog.read();
        assertEquals(
                "jinaai/jina-clip-v1",
                catalog.entry("jina-clip-v1").orElseThrow().hub());
        Catalog.Entry second = catalog.entry("jina-clip-v2").orElseThrow();
        assertEquals("jinaai/jina-clip-v2", second.hub());
        assertEquals("CC-BY-NC-4.0", second.about().get("license"));
        assertEquals(false, second.about().get("commercial_use"));
        assertEquals(List.of(32, 64, 128, 256, 512, 768, 1024), second.about().get("dimensions"));
    }

    public void testSaysWhatMayNotBeSold() {
        Catalog catalog = Catalog.read();
        assertEquals(
                "the licence of [jina-clip-v2] is [CC-BY-NC-4.0]: commercial use needs another one, from its publisher",
                catalog.licenceNote(Map.of("catalog", "jina-clip-v2")).orElseThrow());
        assertTrue(catalog.licenceNote(Map.of("hub", "jinaai/jina-clip-v2")).isPresent());
        assertTrue(catalog.licenceNote(Map.of("catalog", "jina-clip-v1")).isEmpty());
        assertTrue(catalog.licenceNote(Map.of("hub", "someone/else")).isEmpty());
        assertTrue(catalog.licenceNote(Map.of("path", "jina-clip-v2")).isEmpty());
    }

    public void testGivesItsScaleAndBiasWhereNobodyElseSaysThem() {
        Catalog catalog = Catalog.read();
        Map<String, Object> siglip = Map.of("catalog", "siglip-base-patch16-224");
        ModelDescription silent =
                ModelFolder.describe(Path.of("src/test/resources/models/parity/siglip/model"), Overrides.NONE);
        Map<String, Object> given = Map.of("logit_scale", 117.330795, "logit_bias", -12.932437);
        assertEquals(given, catalog.scored(siglip, Overrides.NONE, silent).toMap());
        assertEquals(
                given,
                catalog.scored(Map.of("hub", "Xenova/siglip-base-patch16-224"), Overrides.NONE, silent)
                        .toMap());
        assertEquals(
                Map.of("logit_bias", -12.932437),
                catalog.scored(siglip, Overrides.NONE, silent.orLogits(OptionalDouble.of(10), OptionalDouble.empty()))
                        .toMap());
        assertSame(
                Overrides.NONE,
                catalog.scored(siglip, Overrides.NONE, silent.orLogits(OptionalDouble.of(10), OptionalDouble.of(-1))));
        for (Map<String, Object> source : List.<Map<String, Object>>of(
                Map.of("path", "siglip-base-patch16-224"),
                Map.of("hub", "someone/else"),
                Map.of("catalog", "jina-clip-v1"))) {
            assertSame(Overrides.NONE, catalog.scored(source, Overrides.NONE, silent));
        }
    }

    public void testTheAnswerOfADeclarationCarriesTheNote() throws Exception {
        var written = new UpdateModels.Response(true, UpdateModels.Result.CREATED, false);
        PutModel.Response plain = new PutModel.Response("m", written, "f", 2, null);
        PutModel.Response noted = copyWriteable(
                plain.noting(Optional.of("mind the licence")), writableRegistry(), PutModel.Response::new);
        assertTrue(Strings.toString(MediaTypeRegistry.JSON, noted).contains("\"warning\":\"mind the licence\""));
        assertFalse(Strings.toString(MediaTypeRegistry.JSON, plain.noting(Optional.empty()))
                .contains("warning"));
    }

    public void testWhereItLiesIsNoOnesBusiness() {
        for (Catalog.Entry entry : Catalog.read().entries()) {
            assertFalse(entry.about().containsKey("folder"));
        }
    }

    public void testResponseSurvivesTheWire() throws Exception {
        List<Map<String, Object>> models =
                Catalog.read().entries().stream().map(Catalog.Entry::about).toList();
        assertEquals(
                models,
                copyWriteable(new Catalog.Response(models), writableRegistry(), Catalog.Response::new)
                        .models());
    }
}
