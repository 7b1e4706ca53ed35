// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.image.Resampler;
import org.opensearch.clip.core.text.Cleaning;

/** Each family with the files, and what is in them, as its publisher has them. */
class FamiliesTests extends FolderTestCase {

    private static final String CLIP_PREPROCESSOR = """
        {"image_processor_type": "CLIPImageProcessor", "do_center_crop": true, "crop_size": {"height": 224, "width": 224},
         "size": {"shortest_edge": 224}, "resample": 3, "do_normalize": true}\
        """;
    private static final String CLIP_TOKENIZER = """
        {"model_max_length": 77, "pad_token": "<|endoftext|>"}\
        """;
    private static final String JINA_V2 = """
        {"model_type": "jina_clip", "add_projections": false, "logit_scale_init_value": 2.6592, "projection_dim": 1024,
         "text_config": {"embed_dim": 1024, "hf_model_name_or_path": "jinaai/jina-embeddings-v3",
           "matryoshka_dimensions": [32, 64, 128, 256, 512, 768, 1024], "default_instruction_task": null,
           "hf_model_config_kwargs": {"lora_adaptations": ["retrieval.query"],
             "task_instructions": {"retrieval.query": "Represent the query for retrieving evidence documents: "}}},
         "vision_config": {"embed_dim": 1024, "image_size": 512}}\
        """;
    private static final String OPEN_CLIP = """
        {"model_cfg": {"embed_dim": 512, "vision_cfg": {"image_size": %s}, "text_cfg": %s},
         "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "interpolation": "%s", "resize_mode": "%s"}}\
        """;

    @Test
    void jinaClip2IsOneGraphForBothTowers() throws IOException {
        write("config.json", JINA_V2);
        write(
                "preprocessor_config.json",
                "{\"size\": 512, \"resize_mode\": \"shortest\", \"interpolation\": \"bicubic\", \"fill_color\": 0}");
        tokenizer("unigram", "{\"model_max_length\": 8194, \"pad_token\": \"<pad>\"}");
        graphs("onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data");
        ModelDescription d = describe();
        assertEquals("jina-clip", d.family());
        assertEquals("fp32", d.variant());
        assertEquals(1024, d.dimension());
        assertEquals(List.of(32, 64, 128, 256, 512, 768, 1024), d.dimensions());
        assertEquals("onnx/model.onnx", text(d).graph());
        assertEquals("onnx/model.onnx", d.image().orElseThrow().graph());
        List<String> graph =
                List.of("text_embeddings", "image_embeddings", "l2norm_text_embeddings", "l2norm_image_embeddings");
        assertEquals(Optional.of("text_embeddings"), text(d).output(graph));
        assertEquals(Optional.of("image_embeddings"), d.image().orElseThrow().output(graph));
        assertEquals(Tower.Padding.LONGEST, text(d).padding());
        assertEquals(512, pixels(d).width());
        assertEquals(ImageSpec.Offset.HALF_EVEN, pixels(d).offset());
        assertEquals(OptionalDouble.empty(), d.logitScale());
        Folder files = Folder.at(folder);
        assertEquals(
                List.of("onnx/model.onnx", "onnx/model.onnx_data"),
                ModelFolder.artifacts(files, d).stream()
                        .map(Artifact::path)
                        .filter(p -> p.startsWith("onnx/"))
                        .toList());
        ModelDescription half = describe("variant", "fp16");
        assertEquals("onnx/model_fp16.onnx", half.image().orElseThrow().graph());
        assertEquals(
                ModelFolder.fingerprint(files, d, Overrides.NONE, List.of()),
                ModelFolder.fingerprint(files, half, Overrides.NONE, List.of()));
    }

    @Test
    void aClipExportMayBeOneGraph() throws IOException {
        write("config.json", "{\"model_type\": \"clip\", \"projection_dim\": 512}");
        write("preprocessor_config.json", CLIP_PREPROCESSOR);
        tokenizer("clip", CLIP_TOKENIZER);
        graphs("model.onnx");
        ModelDescription d = describe();
        assertEquals("model.onnx", text(d).graph());
        List<String> graph = List.of("logits_per_image", "logits_per_text", "text_embeds", "image_embeds");
        assertEquals(Optional.of("text_embeds"), text(d).output(graph));
        assertEquals(Optional.of("image_embeds"), d.image().orElseThrow().output(graph));
        graphs("onnx/text_model.onnx", "onnx/vision_model.onnx");
        assertEquals("onnx/text_model.onnx", text(describe()).graph());
    }

    @Test
    void aFolderMayHoldOneTowerOfClip() throws IOException {
        write(
                "config.json",
                "{\"model_type\": \"clip_text_model\", \"projection_dim\": 512, \"max_position_embeddings\": 77}");
        tokenizer("clip", CLIP_TOKENIZER);
        graphs("model.onnx");
        assertTrue(describe().image().isEmpty());
        refused("expected a model with the towers [IMAGE]", "towers", List.of("image"));
    }

    @Test
    void siglipSeesItsPaddingAndLowerCase() throws IOException {
        write(
                "config.json",
                "{\"model_type\": \"siglip\", \"text_config\": {\"hidden_size\": 768}, \"vision_config\":"
                        + " {\"hidden_size\": 768}}");
        write(
                "preprocessor_config.json",
                "{\"image_processor_type\": \"SiglipImageProcessor\", \"size\": {\"height\": 224, \"width\": 224},"
                        + " \"resample\": 2}");
        tokenizer(
                "gemma",
                "{\"model_max_length\": 64, \"pad_token\": \"<pad>\", \"tokenizer_class\": \"GemmaTokenizer\"}");
        graphs("onnx/text_model.onnx", "onnx/vision_model.onnx");
        ModelDescription d = describe("logit_scale", 112.5, "logit_bias", -16.5);
        assertEquals(Tower.Padding.SEEN, text(d).padding());
        assertEquals(64, text(d).maxTokens());
        assertEquals(Cleaning.LOWER_EACH, text(d).cleaning());
        assertEquals(ImageSpec.Resize.SQUASH, pixels(d).resize());
        assertEquals(OptionalDouble.of(112.5), d.logitScale());
        assertEquals(OptionalDouble.of(-16.5), d.logitBias());
        assertEquals(Optional.of("pooler_output"), text(d).output(List.of("last_hidden_state", "pooler_output")));
        write(
                "tokenizer_config.json",
                "{\"model_max_length\": 64, \"pad_token\": \"<pad>\", \"padding_side\": \"left\"}");
        refused("[padding_side] is \"left\", expected right");
    }

    @Test
    void mobileClipSeesItsPadding() throws IOException {
        write("config.json", "{\"model_type\": \"clip\", \"projection_dim\": 512}");
        write(
                "preprocessor_config.json",
                CLIP_PREPROCESSOR.replace("\"do_normalize\": true", "\"do_normalize\": false"));
        tokenizer("clip", CLIP_TOKENIZER);
        graphs("onnx/text_model.onnx", "onnx/vision_model.onnx");
        assertEquals(Tower.Padding.SEEN, text(describe()).padding());
        assertEquals(Tower.Padding.LONGEST, text(describe("padding", "longest")).padding());
        write("preprocessor_config.json", CLIP_PREPROCESSOR);
        assertEquals(Tower.Padding.LONGEST, text(describe()).padding());
        write(
                "config.json",
                "{\"model_type\": \"clip\", \"_name_or_path\": \"apple/MobileCLIP-S2\", \"projection_dim\": 512}");
        assertEquals(Tower.Padding.SEEN, text(describe()).padding());
    }

    @Test
    void theCentreMayBeSmallerThanWhatIsResized() throws IOException {
        write("config.json", "{\"model_type\": \"clip\", \"projection_dim\": 512}");
        write(
                "preprocessor_config.json",
                CLIP_PREPROCESSOR.replace("{\"shortest_edge\": 224}", "{\"shortest_edge\": 256}"));
        tokenizer("clip", CLIP_TOKENIZER);
        graphs("onnx/text_model.onnx", "onnx/vision_model.onnx");
        ImageSpec spec = pixels(describe());
        assertEquals(224, spec.width());
        assertEquals(256, spec.resizeWidth());
        assertEquals(ImageSpec.Offset.FLOOR, spec.offset());
        ImageSpec whole = pixels(describe("resize_mode", "longest"));
        assertEquals(224, whole.resizeWidth());
    }

    @Test
    void openClipBringsItsOwnConfiguration() throws IOException {
        write(
                "open_clip_config.json",
                OPEN_CLIP.formatted("[336, 336]", "{\"context_length\": 77}", "bilinear", "squash"));
        tokenizer("clip", CLIP_TOKENIZER);
        graphs("visual.onnx", "textual.onnx");
        ModelDescription d = describe();
        assertEquals("open_clip", d.family());
        assertEquals(512, d.dimension());
        assertEquals("textual.onnx", text(d).graph());
        assertEquals(0, text(d).padId());
        assertEquals(Tower.Padding.SEEN, text(d).padding());
        assertEquals(Cleaning.WHITESPACE, text(d).cleaning());
        assertEquals(336, pixels(d).height());
        assertEquals(ImageSpec.Resize.SQUASH, pixels(d).resize());
        assertEquals(Resampler.Filter.BILINEAR, pixels(d).filter());
        assertArrayEquals(new double[] {0.25, 0.25, 0.25}, pixels(d).std());
        assertEquals(
                List.of(
                        "open_clip_config.json",
                        "textual.onnx",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "visual.onnx"),
                ModelFolder.artifacts(Folder.at(folder), d).stream()
                        .map(Artifact::path)
                        .toList());

        write("config.json", "{\"model_type\": \"clip\", \"projection_dim\": 512}");
        write("preprocessor_config.json", CLIP_PREPROCESSOR);
        assertEquals("clip", describe().family());
    }

    @Test
    void openClipsForeignTextTowersUseTheirOwnTokenizer() throws IOException {
        String nllb = "{\"hf_model_name\": \"facebook/nllb-200-distilled-600M\", \"hf_tokenizer_name\":"
                + " \"facebook/nllb-200\"}";
        write("open_clip_config.json", OPEN_CLIP.formatted("384", nllb, "bicubic", "longest"));
        tokenizer("unigram", "{\"pad_token\": \"<pad>\"}");
        graphs("onnx/text_model.onnx", "onnx/vision_model.onnx");
        ModelDescription d = describe();
        assertEquals(Tower.Padding.FIXED, text(d).padding());
        assertEquals(77, text(d).maxTokens());
        assertEquals(Cleaning.WHITESPACE, text(d).cleaning());
        assertEquals(TokenizerFiles.at(Folder.at(folder), "").padId(null), text(d).padId());
        assertEquals(ImageSpec.Resize.LONGEST, pixels(d).resize());
        String siglip = """
            {"context_length": 64, "hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"}}\
            """;
        String siglipConfig = OPEN_CLIP.formatted("224", siglip, "bicubic", "squash");
        write("open_clip_config.json", siglipConfig);
        assertTrue(describe().logits().isPresent());
        write(
                "open_clip_config.json",
                siglipConfig.replace("\"embed_dim\"", "\"init_logit_bias\": -10, \"embed_dim\""));
        assertEquals(Optional.empty(), describe().logits(), "scored by sigmoid, by nobody knows what scale");
        assertEquals(Cleaning.CANONICAL, text(describe()).cleaning());
        assertEquals(Tower.Padding.SEEN, text(describe()).padding());
        write(
                "open_clip_config.json",
                OPEN_CLIP.formatted("224", "{\"tokenizer_kwargs\": {\"strip_sep_token\": true}}", "bicubic", "squash"));
        refused("[strip_sep_token] is true, expected none");
    }

    @Test
    void immichHasAFolderATower() throws IOException {
        write(
                "config.json",
                "{\"embed_dim\": 640, \"vision_cfg\": {\"image_size\": 288}, \"text_cfg\": {\"context_length\": 77}}");
        tokenizer("clip", CLIP_TOKENIZER);
        Files.createDirectories(folder.resolve("textual"));
        Files.move(folder.resolve("tokenizer.json"), folder.resolve("textual/tokenizer.json"));
        Files.move(folder.resolve("tokenizer_config.json"), folder.resolve("textual/tokenizer_config.json"));
        write(
                "visual/preprocess_cfg.json",
                "{\"size\": [288, 288], \"mode\": \"RGB\", \"interpolation\": \"bicubic\", \"resize_mode\":"
                        + " \"shortest\"}");
        graphs("textual/model.onnx", "visual/model.onnx");
        ModelDescription d = describe();
        assertEquals(640, d.dimension());
        assertEquals("textual/tokenizer.json", text(d).tokenizer());
        assertEquals("textual/model.onnx", text(d).graph());
        assertEquals("visual/model.onnx", d.image().orElseThrow().graph());
        assertEquals(288, pixels(d).width());
        assertEquals(Optional.of("embedding"), text(d).output(List.of("embedding")));
        assertEquals(6, ModelFolder.artifacts(Folder.at(folder), d).size());
    }

    @Test
    void noVariantMeansTheBestThereIs() throws IOException {
        write("config.json", "{\"model_type\": \"clip\", \"projection_dim\": 512}");
        write("preprocessor_config.json", CLIP_PREPROCESSOR);
        tokenizer("clip", CLIP_TOKENIZER);
        graphs("onnx/text_model_fp16.onnx", "onnx/vision_model_quantized.onnx", "onnx/text_model_quantized.onnx");
        ModelDescription d = describe();
        assertEquals("quantized", d.variant());
        assertEquals("onnx/text_model_quantized.onnx", text(d).graph());
        assertEquals("quantized", describe("variant", "q8").variant().replace("q8", "quantized"));
        graphs("onnx/vision_model_fp16.onnx", "onnx/vision_model.onnx", "onnx/text_model.onnx");
        assertEquals("fp32", describe("variant", "auto").variant());
        assertEquals("fp16", describe("device", "cuda:0").variant());
        assertEquals("fp32", describe("device", "cuda", "variant", "fp32").variant());
        refused("[onnx/text_model_q4.onnx] is missing, found [onnx/text_model.onnx,", "variant", "q4");
    }

    @Test
    void anythingElseIsRefusedWithWhatIsKnown() throws IOException {
        write("config.json", "{\"model_type\": \"whisper\"}");
        refused("[model_type] is \"whisper\", expected");
        refused("open_clip_config.json");
        refused("jina_clip");
        refused("xlm-roberta");
    }
}
