// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.image.Resampler;
import org.opensearch.clip.core.text.Cleaning;
import org.opensearch.clip.core.vector.Pooling;

class ModelFolderTests {

    private static final Path TINY = Path.of("src/test/resources/models/tiny-clip");
    private static final Path TOKENIZERS = Path.of("src/test/resources/tokenizers");

    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createDirectory(temp.resolve("model"));
    }

    private static Overrides with(String name, Object value) {
        return Overrides.parse(Map.of(name, value));
    }

    private void write(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
    }

    /** A folder like the tiny model's, to be spoilt. */
    private void copyTiny() throws IOException {
        Files.createDirectories(folder.resolve("onnx"));
        for (String name : List.of(
                "config.json",
                "preprocessor_config.json",
                "tokenizer_config.json",
                "tokenizer.json",
                "onnx/text_model.onnx",
                "onnx/vision_model.onnx")) {
            Files.copy(TINY.resolve(name), folder.resolve(name));
        }
    }

    private ModelDescription describe(String config, String preprocessor, String tokenizerConfig) throws IOException {
        write("config.json", config);
        write("preprocessor_config.json", preprocessor);
        write("tokenizer_config.json", tokenizerConfig);
        write("onnx/text_model.onnx", "text");
        write("onnx/vision_model.onnx", "vision");
        return ModelFolder.describe(folder, Overrides.NONE);
    }

    private void tokenizer(String family) throws IOException {
        Files.copy(TOKENIZERS.resolve(family + ".json"), folder.resolve("tokenizer.json"));
    }

    private void refused(Overrides overrides, String... parts) {
        var e = assertThrows(IllegalArgumentException.class, () -> ModelFolder.describe(folder, overrides));
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), part + " not in: " + e.getMessage());
        }
        assertFalse(e.getMessage().contains(folder.toString()), e.getMessage());
    }

    @Test
    void readsAClipExport() {
        ModelDescription d = ModelFolder.describe(TINY, Overrides.NONE);
        assertEquals("clip", d.family());
        assertEquals(24, d.dimension());
        assertEquals(List.of(8, 16, 24), d.dimensions());
        assertEquals(
                new Tower.Text(
                        "onnx/text_model.onnx",
                        List.of(
                                "text_embeds",
                                "text_embeddings",
                                "text_features",
                                "embedding",
                                "l2norm_text_embeddings"),
                        Pooling.NONE,
                        "tokenizer.json",
                        32,
                        Tower.Padding.LONGEST,
                        1,
                        Cleaning.NONE,
                        Tower.Side.PLAIN,
                        Tower.Side.PLAIN),
                d.text().orElseThrow());
        Tower.Image image = d.image().orElseThrow();
        assertEquals("onnx/vision_model.onnx", image.graph());
        assertEquals(ImageSpec.Resize.SHORTEST, image.pixels().resize());
        assertEquals(Resampler.Filter.BICUBIC, image.pixels().filter());
        assertEquals(3 * 32 * 32, image.pixels().floats());
        assertEquals(0.4578275, image.pixels().mean()[1]);
    }

    @Test
    void readsTheBundledModel() {
        ModelDescription d = ModelFolder.describe(Path.of("config/opensearch-clip-demo-v1"), Overrides.NONE);
        assertEquals(256, d.dimension());
        assertEquals(List.of(64, 128, 256), d.dimensions());
        assertEquals(48, d.text().orElseThrow().maxTokens());
        assertEquals(0, d.text().orElseThrow().padId());
        assertEquals(Resampler.Filter.BILINEAR, d.image().orElseThrow().pixels().filter());
        assertArrayEquals(
                new double[] {0.5, 0.5, 0.5}, d.image().orElseThrow().pixels().std());
    }

    @Test
    void fillsInWhatOldClipFilesLeaveOut() throws IOException {
        tokenizer("clip");
        ModelDescription d = describe(
                "{\"model_type\":\"clip\"}",
                "{\"feature_extractor_type\":\"CLIPFeatureExtractor\",\"size\":224,\"crop_size\":224}",
                "{\"model_max_length\":77,\"pad_token\":\"<|endoftext|>\"}");
        assertEquals(512, d.dimension());
        assertEquals(List.of(), d.dimensions());
        assertEquals(77, d.text().orElseThrow().maxTokens());
        ImageSpec spec = d.image().orElseThrow().pixels();
        assertEquals(224, spec.width());
        assertEquals(ImageSpec.Resize.SHORTEST, spec.resize());
        assertEquals(0.48145466, spec.mean()[0]);
    }

    @Test
    void readsASiglipExport() throws IOException {
        tokenizer("siglip");
        ModelDescription d = describe(
                "{\"model_type\":\"siglip\",\"text_config\":{\"hidden_size\":1152},\"vision_config\":{\"hidden_size\":1152}}",
                "{\"image_processor_type\":\"SiglipImageProcessor\",\"size\":{\"height\":384,\"width\":384},\"resample\":3,"
                        + "\"image_mean\":[0.5,0.5,0.5],\"image_std\":[0.5,0.5,0.5],\"do_center_crop\":null}",
                "{\"model_max_length\":64,\"pad_token\":{\"content\":\"</s>\"}}");
        assertEquals("siglip", d.family());
        assertEquals(1152, d.dimension());
        assertTrue(d.text().orElseThrow().fixedLength());
        assertEquals(64, d.text().orElseThrow().maxTokens());
        assertEquals(2, d.text().orElseThrow().padId());
        assertEquals(ImageSpec.Resize.SQUASH, d.image().orElseThrow().pixels().resize());
        assertEquals(384, d.image().orElseThrow().pixels().height());
    }

    @Test
    void readsAJinaClipExport() throws IOException {
        tokenizer("wordpiece");
        ModelDescription d = describe(
                "{\"model_type\":\"jina_clip\",\"projection_dim\":768,\"text_config\":{\"embed_dim\":768}}",
                "{\"size\":224,\"resize_mode\":\"shortest\",\"interpolation\":\"bicubic\",\"fill_color\":0,"
                        + "\"mean\":[0.48145466,0.4578275,0.40821073],\"std\":[0.26862954,0.26130258,0.27577711]}",
                "{\"model_max_length\":8192,\"pad_token\":\"[PAD]\"}");
        assertEquals("jina-clip", d.family());
        assertEquals(768, d.dimension());
        assertEquals(8192, d.text().orElseThrow().maxTokens());
        assertFalse(d.text().orElseThrow().fixedLength());
        assertEquals(ImageSpec.Resize.SHORTEST, d.image().orElseThrow().pixels().resize());
        assertEquals(224, d.image().orElseThrow().pixels().width());
    }

    @Test
    void readsMobileClipsPixelsThatAreNotNormalised() throws IOException {
        tokenizer("clip");
        ImageSpec spec = describe(
                        "{\"model_type\":\"clip\"}",
                        "{\"image_processor_type\":\"CLIPImageProcessor\",\"do_normalize\":false,\"resample\":2,"
                                + "\"size\":{\"shortest_edge\":256},\"crop_size\":{\"height\":256,\"width\":256}}",
                        "{}")
                .image()
                .orElseThrow()
                .pixels();
        assertEquals(256, spec.height());
        assertEquals(Resampler.Filter.BILINEAR, spec.filter());
        assertArrayEquals(new double[3], spec.mean());
        assertArrayEquals(new double[] {1, 1, 1}, spec.std());
    }

    @Test
    void appliesOverrides() {
        Overrides o = Overrides.parse(Map.of(
                "pooling",
                "cls",
                "max_tokens",
                9,
                "resize_mode",
                "longest",
                "fill_color",
                7,
                "query_prompt",
                "q: ",
                "passage_prompt",
                "p: "));
        ModelDescription d = ModelFolder.describe(TINY, o);
        Tower.Text text = d.text().orElseThrow();
        assertEquals(Pooling.CLS, text.pooling());
        assertEquals(9, text.maxTokens());
        assertEquals("q: ", text.query().prompt());
        assertEquals("p: ", text.passage().prompt());
        assertEquals(ImageSpec.Resize.LONGEST, d.image().orElseThrow().pixels().resize());
        assertEquals(7, d.image().orElseThrow().pixels().fill());
        assertEquals(
                8,
                ModelFolder.describe(TINY, with("dimensions", 8)).dimensions().getFirst());
        var e = assertThrows(IllegalArgumentException.class, () -> ModelFolder.describe(TINY, with("dimensions", 9)));
        assertEquals("[dimensions] is [9], the model was trained for [8, 16, 24]", e.getMessage());
    }

    @Test
    void leavesATowerOut() throws IOException {
        copyTiny();
        Files.delete(folder.resolve("onnx/vision_model.onnx"));
        refused(Overrides.NONE, "[onnx/vision_model.onnx] is missing, found [onnx/text_model.onnx]", "[towers]");
        ModelDescription d = ModelFolder.describe(folder, with("towers", List.of("text")));
        assertTrue(d.image().isEmpty());
        assertTrue(d.text().isPresent());
    }

    @Test
    void choosesAVariantByItsSuffix() throws IOException {
        copyTiny();
        Files.copy(folder.resolve("onnx/text_model.onnx"), folder.resolve("onnx/text_model_fp16.onnx"));
        Overrides fp16 = Overrides.parse(Map.of("variant", "fp16", "towers", List.of("text")));
        ModelDescription d = ModelFolder.describe(folder, fp16);
        assertEquals("onnx/text_model_fp16.onnx", d.text().orElseThrow().graph());
        refused(
                with("variant", "q4"),
                "[onnx/text_model_q4.onnx] is missing",
                "onnx/text_model_fp16.onnx",
                "[variant]");
    }

    @Test
    void saysWhatWasFoundAndExpected() throws IOException {
        refused(Overrides.NONE, "[config.json] is missing");
        write("config.json", "{\"model_type\":\"llama\"}");
        refused(Overrides.NONE, "[config.json]: [model_type] is \"llama\", expected", "jina_clip", "siglip");
        write("config.json", "{\"model_type\":7}");
        refused(Overrides.NONE, "[model_type] is 7, expected a text");
        write("config.json", "[");
        refused(Overrides.NONE, "[config.json] is not JSON");
        write("config.json", "[]");
        refused(Overrides.NONE, "[config.json] is not a JSON object");
        write("config.json", " ".repeat(1 << 21));
        refused(Overrides.NONE, "[config.json] has more than 1048576 bytes");
        Files.delete(folder.resolve("config.json"));
        copyTiny();
        write("tokenizer_config.json", "{\"pad_token\":\"<nowhere>\"}");
        refused(Overrides.NONE, "[pad_token] is [<nowhere>], which [tokenizer.json] does not have");
        Files.delete(folder.resolve("tokenizer.json"));
        refused(Overrides.NONE, "[tokenizer.json] is missing");
    }

    @Test
    void refusesConfigurationThatNestsDeeperThanItsReaderGoes() throws IOException {
        copyTiny();
        for (String name : List.of("config.json", "preprocessor_config.json", "tokenizer_config.json")) {
            String good = Files.readString(folder.resolve(name));
            for (int depth : List.of(300, 500_000)) {
                write(name, good.replaceFirst("\\{", "{\"deep\": " + "[".repeat(depth) + "]".repeat(depth) + ","));
                refused(Overrides.NONE, "[" + name + "] is not JSON: ", "Nesting limit 255");
            }
            write(name, good);
        }
        write("config.json", "{\"model_type\": " + "[".repeat(250) + "]".repeat(250) + "}");
        refused(Overrides.NONE, "[model_type] is [[[");
    }

    @Test
    void refusesPreprocessingThatWeDoNotDo() throws IOException {
        copyTiny();
        Map<String, String> cases = Map.of(
                "{\"do_resize\":false}", "[do_resize] is false, expected true",
                "{\"resample\":0}", "[resample] is 0, expected 1 (Lanczos)",
                "{\"do_center_crop\":false}", "[do_center_crop] is false, expected true",
                "{\"size\":{\"longest_edge\":256}}", "[size] is {\"longest_edge\":256}",
                "{\"size\":\"big\"}", "[size] is \"big\"",
                "{\"size\":99999}", "must be in [1, 4096]",
                "{\"image_mean\":[0.5]}", "must have 3 values",
                "{\"interpolation\":\"nearest\",\"size\":224}", "[interpolation] is \"nearest\"",
                "{\"resize_mode\":\"stretch\",\"size\":224}", "[resize_mode] is \"stretch\"");
        for (var c : cases.entrySet()) {
            write("preprocessor_config.json", c.getKey());
            refused(Overrides.NONE, "[preprocessor_config.json]", c.getValue());
        }
    }

    @Test
    void listsTheFilesOfAModelWithTheirHashes() throws IOException {
        copyTiny();
        write("onnx/text_model.onnx_data", "abc");
        write("onnx/text_model.onnx_data_1", "");
        write("onnx/text_model_fp16.onnx_data", "not ours");
        write("README.md", "not ours");
        ModelDescription d = ModelFolder.describe(folder, with("towers", List.of("text")));
        List<Artifact> files = ModelFolder.artifacts(Folder.at(folder), d);
        assertEquals(
                List.of(
                        "config.json",
                        "onnx/text_model.onnx",
                        "onnx/text_model.onnx_data",
                        "onnx/text_model.onnx_data_1",
                        "preprocessor_config.json",
                        "tokenizer.json",
                        "tokenizer_config.json"),
                files.stream().map(Artifact::path).toList());
        Artifact data = files.get(2);
        assertEquals(3, data.size());
        assertEquals("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", data.sha256());
    }

    @Test
    void refusesLinksOfEveryKind() throws IOException {
        copyTiny();
        Path graph = folder.resolve("onnx/text_model.onnx");
        Path elsewhere = temp.resolve("elsewhere");
        Files.move(graph, elsewhere);
        Files.createSymbolicLink(graph, elsewhere);
        refused(Overrides.NONE, "[onnx/text_model.onnx] is not a regular file, put a copy there");
        Files.delete(graph);
        Files.createLink(graph, elsewhere);
        refused(Overrides.NONE, "[onnx/text_model.onnx] is a hard link");
        Files.delete(graph);
        Files.createDirectory(graph);
        refused(Overrides.NONE, "[onnx/text_model.onnx] is not a regular file");
        Files.delete(graph);
        Files.move(elsewhere, graph);

        Path real = temp.resolve("onnx");
        Files.move(folder.resolve("onnx"), real);
        Files.createSymbolicLink(folder.resolve("onnx"), real);
        refused(Overrides.NONE, "[onnx/text_model.onnx] leads out of the model's folder");
    }

    @Test
    void aFolderReachedByALinkIsFine() throws IOException {
        copyTiny();
        Path link = Files.createSymbolicLink(temp.resolve("link"), folder);
        assertEquals(24, ModelFolder.describe(link, Overrides.NONE).dimension());
    }

    private String fingerprint(Overrides overrides) {
        ModelDescription d = ModelFolder.describe(folder, overrides);
        return ModelFolder.fingerprint(Folder.at(folder), d, overrides, ModelFolder.artifacts(Folder.at(folder), d));
    }

    @Test
    void fingerprintsAreTheSameEverywhere() {
        ModelDescription d = ModelFolder.describe(TINY, Overrides.NONE);
        String fingerprint =
                ModelFolder.fingerprint(Folder.at(TINY), d, Overrides.NONE, ModelFolder.artifacts(Folder.at(TINY), d));
        assertEquals(fingerprint, ModelFolder.fingerprint(Folder.at(TINY), d, Overrides.NONE, List.of()));
        assertEquals("a2a011747a24b23dd6f6f891bb2a4d17", fingerprint);
    }

    @Test
    void fingerprintsTellSpacesApart() throws IOException {
        copyTiny();
        String plain = fingerprint(Overrides.NONE);
        for (Overrides o : List.of(
                with("pooling", "mean"),
                with("max_tokens", 9),
                with("resize_mode", "squash"),
                with("dimensions", 8),
                with("normalize", false),
                with("query_prompt", "q"),
                with("passage_prompt", "q"),
                with("towers", List.of("text")))) {
            assertNotEquals(plain, fingerprint(o), o.toString());
        }
        assertEquals(plain, fingerprint(with("device", "cuda")));
        assertEquals(plain, fingerprint(with("logit_scale", 3)));
        assertEquals(plain, fingerprint(with("dimensions", 24)));
        Files.writeString(folder.resolve("onnx/vision_model.onnx"), "other weights");
        assertNotEquals(plain, fingerprint(Overrides.NONE));
    }

    @Test
    void theVariantIsNotPartOfAFingerprint() throws IOException {
        copyTiny();
        String plain = fingerprint(Overrides.NONE);
        write("onnx/text_model_fp16.onnx", "halves");
        write("onnx/vision_model_fp16.onnx", "halves");
        assertEquals(plain, fingerprint(with("variant", "fp16")));
        Files.delete(folder.resolve("onnx/text_model.onnx"));
        assertNotEquals(plain, fingerprint(with("variant", "fp16")));
    }

    @Test
    void configurationThatChangesNothingKeepsTheFingerprint() throws IOException {
        copyTiny();
        String plain = fingerprint(Overrides.NONE);
        String config = Files.readString(folder.resolve("config.json"));
        write("config.json", config.replaceFirst("\\{", "{\"transformers_version\":\"9\","));
        assertEquals(plain, fingerprint(Overrides.NONE));
    }
}
