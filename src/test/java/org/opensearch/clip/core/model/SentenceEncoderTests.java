// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.vector.Pooling;

/** Encoders of texts alone, with the files of sentence-transformers. */
class SentenceEncoderTests extends FolderTestCase {

    private static final String BERT =
            "{\"model_type\": \"bert\", \"hidden_size\": 384, \"max_position_embeddings\": 512}";
    private static final String MODULES = """
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
         {"idx": 2, "name": "2", "path": "2_%s", "type": "sentence_transformers.models.%s"}]\
        """;

    private void sentenceEncoder(String pooling) throws IOException {
        write("config.json", BERT);
        write("modules.json", MODULES.formatted("Normalize", "Normalize"));
        write("1_Pooling/config.json", pooling);
        write("sentence_bert_config.json", "{\"max_seq_length\": 256, \"do_lower_case\": false}");
        tokenizer("wordpiece", "{\"model_max_length\": 512, \"pad_token\": \"[PAD]\"}");
        graphs("onnx/model.onnx");
    }

    @Test
    void aSentenceEncoderPoolsAsItsModulesSay() throws IOException {
        sentenceEncoder(
                "{\"word_embedding_dimension\": 384, \"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\":"
                        + " true}");
        ModelDescription d = describe();
        assertEquals("sentence-encoder", d.family());
        assertEquals(384, d.dimension());
        assertTrue(d.image().isEmpty());
        assertEquals(Pooling.MEAN, text(d).pooling());
        assertEquals(256, text(d).maxTokens());
        assertEquals(Optional.of("last_hidden_state"), text(d).output(List.of("last_hidden_state", "pooler_output")));
        assertEquals(
                Optional.of("sentence_embedding"), text(d).output(List.of("token_embeddings", "sentence_embedding")));
        write("1_Pooling/config.json", "{\"pooling_mode_cls_token\": true}");
        assertEquals(Pooling.CLS, text(describe()).pooling());
        write("1_Pooling/config.json", "{\"pooling_mode\": \"lasttoken\"}");
        assertEquals(Pooling.LAST, text(describe()).pooling());
        write("1_Pooling/config.json", "{\"pooling_mode_max_tokens\": true}");
        refused("[1_Pooling/config.json] wants pooling [max], expected one of [cls, lasttoken, mean]");
        assertEquals(Pooling.CLS, text(describe("pooling", "cls")).pooling());
        refused("[towers] must be [text]", "towers", List.of("image"));
    }

    @Test
    void aDualEncoderMayHaveASentenceEncoderForTexts() throws IOException {
        write("config.json", "{\"model_type\": \"clip\", \"projection_dim\": 384}");
        write("preprocessor_config.json", "{\"size\": 64, \"crop_size\": 64}");
        tokenizer("wordpiece", "{\"model_max_length\": 256, \"pad_token\": \"[PAD]\"}");
        graphs("onnx/text_model.onnx", "onnx/vision_model.onnx");
        assertEquals(Pooling.NONE, text(describe()).pooling());
        write("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true}");
        Tower.Text text = text(describe());
        assertEquals(Pooling.MEAN, text.pooling());
        assertEquals(Optional.of("last_hidden_state"), text.output(List.of("last_hidden_state", "pooler_output")));
        assertEquals(Optional.of("text_embeds"), text.output(List.of("last_hidden_state", "text_embeds")));
        assertEquals(Pooling.CLS, text(describe("pooling", "cls")).pooling());
        assertEquals(Pooling.NONE, text(describe("pooling", "none")).pooling());
        write("1_Pooling/config.json", "{\"pooling_mode_max_tokens\": true}");
        refused("[1_Pooling/config.json] wants pooling [max]");
    }

    @Test
    void modulesThatWeDoNotDoAreRefused() throws IOException {
        sentenceEncoder("{\"pooling_mode_mean_tokens\": true}");
        write("modules.json", MODULES.formatted("Dense", "Dense"));
        refused("[modules.json]: [type] is \"sentence_transformers.models.Dense\", expected one of");
        Tower.Text text = text(describe("pooling", "none"));
        assertEquals(Pooling.NONE, text.pooling());
        assertEquals(List.of("sentence_embedding", "sentence_embeddings"), text.outputs());
    }

    @Test
    void withoutModulesTheGraphOrTheDeclarationMustPool() throws IOException {
        write(
                "config.json",
                "{\"model_type\": \"xlm-roberta\", \"hidden_size\": 384, \"max_position_embeddings\": 514}");
        tokenizer("unigram", "{\"pad_token\": \"<pad>\"}");
        graphs("onnx/model_quantized.onnx");
        ModelDescription d = describe();
        assertEquals(Pooling.NONE, text(d).pooling());
        assertEquals(512, text(d).maxTokens());
        assertEquals("quantized", d.variant());
        assertEquals(Pooling.MEAN, text(describe("pooling", "mean")).pooling());
    }

    @Test
    void eachSideOfASentenceEncoderHasItsPrompt() throws IOException {
        sentenceEncoder("{\"pooling_mode_mean_tokens\": true}");
        write(
                "config_sentence_transformers.json",
                "{\"prompts\": {\"query\": \"find: \", \"passage\": \"doc: \"}, \"default_prompt_name\": null}");
        Tower.Text text = text(describe("query_prompt", "q: "));
        assertEquals("q: ", text.query().prompt());
        assertEquals("doc: ", text.passage().prompt());
    }

    @Test
    void jinaEmbeddings3HasAnAdapterAndAnInstructionASide() throws IOException {
        String config = """
            {"model_type": "xlm-roberta", "hidden_size": 1024, "max_position_embeddings": 8194, "matryoshka_dimensions": [32, 1024],
             "lora_adaptations": ["retrieval.query", "retrieval.passage", "separation"],
             "task_instructions": {"retrieval.query": "Represent the query: ", "retrieval.passage": "Represent the document: "}}\
            """;
        write("config.json", config);
        write(
                "modules.json",
                MODULES.formatted("Normalize", "Normalize").replace("sentence_transformers.models.T", "custom_st.T"));
        write("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true, \"include_prompt\": true}");
        tokenizer("unigram", "{\"model_max_length\": 8194, \"pad_token\": \"<pad>\"}");
        graphs("onnx/model.onnx", "onnx/model.onnx_data");
        ModelDescription d = describe();
        assertEquals(new Tower.Side("Represent the query: ", OptionalLong.of(0)), text(d).query());
        assertEquals(new Tower.Side("Represent the document: ", OptionalLong.of(1)), text(d).passage());
        assertEquals(Optional.of("text_embeds"), text(d).output(List.of("text_embeds", "13049")));
        assertEquals(Pooling.MEAN, text(d).pooling());
        assertEquals(List.of(32, 1024), d.dimensions());
        write("config.json", config.replace("retrieval.passage\",", "other\","));
        refused("expected a list with [retrieval.passage]");
    }

    @Test
    void theFingerprintTellsApartWhatMovesVectors() throws IOException {
        sentenceEncoder("{\"pooling_mode_mean_tokens\": true}");
        String mean = fingerprint();
        assertFalse(mean.equals(fingerprint("pooling", "cls")));
        assertFalse(mean.equals(fingerprint("padding", "max_length")));
        assertEquals(mean, fingerprint("padding", "longest"));
        write("sentence_bert_config.json", "{\"max_seq_length\": 256, \"do_lower_case\": true}");
        assertFalse(mean.equals(fingerprint()));
    }

    private String fingerprint(Object... overrides) {
        return ModelFolder.fingerprint(Folder.at(folder), describe(overrides), Overrides.parse(Map.of()), List.of());
    }
}
