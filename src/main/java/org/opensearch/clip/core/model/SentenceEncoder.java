// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.text.Cleaning;

/**
 * Encoders of texts alone, in the layout of sentence-transformers: {@code model.onnx}, {@code modules.json}, {@code
 * 1_Pooling/config.json}, {@code sentence_bert_config.json}, prompts in {@code config_sentence_transformers.json};
 * jina-embeddings-v3 with the adapter and the instruction of each side.
 */
record SentenceEncoder() implements Family {

    private static final Set<String> MODEL_TYPES = Set.of(
            "albert",
            "bert",
            "camembert",
            "deberta",
            "deberta-v2",
            "distilbert",
            "electra",
            "modernbert",
            "mpnet",
            "new",
            "nomic_bert",
            "roberta",
            "xlm-roberta");

    /** Their positions begin behind the id of the padding, which takes two off what {@code config.json} says. */
    private static final Set<String> OFFSET_POSITIONS = Set.of("camembert", "mpnet", "roberta", "xlm-roberta");

    private static final int MAX_TOKENS = 512;

    @Override
    public String expected() {
        return "a text encoder with [onnx/model.onnx] and [tokenizer.json], its [model_type] one of " + MODEL_TYPES
                + " or with [modules.json]";
    }

    @Override
    public Optional<ModelDescription> describe(Folder folder, Config config, Overrides overrides) {
        String type = config.text("model_type").orElse("");
        if (type.isEmpty() || !MODEL_TYPES.contains(type) && !folder.has("modules.json")) {
            return Optional.empty();
        }
        if (!overrides.towers().orElse(List.of(Modality.TEXT)).equals(List.of(Modality.TEXT))) {
            throw new IllegalArgumentException(
                    "[towers] must be [text]: [model_type] is [" + Shown.of(type) + "], which is a text encoder");
        }
        Graphs graphs = Graphs.of(folder, List.of(Modality.TEXT), overrides);
        SentenceModules modules = SentenceModules.read(folder);
        Outputs outputs =
                Outputs.sentence(overrides.pooling().isPresent() ? Optional.empty() : modules.pooling(), overrides);
        TokenizerFiles tokenizer = TokenizerFiles.at(folder, "");
        Tower.Text text = new Tower.Text(
                graphs.of(Modality.TEXT),
                outputs.names(),
                outputs.pooling(),
                tokenizer.path(),
                overrides
                        .maxTokens()
                        .orElseGet(() -> modules.maxTokens().orElseGet(() -> maxTokens(tokenizer, config))),
                overrides.padding().orElse(Tower.Padding.LONGEST),
                tokenizer.padId(config),
                modules.lowerCase() ? Cleaning.LOWER : Cleaning.NONE,
                overrides.query(side(config, modules, "retrieval.query", "query")),
                overrides.passage(side(config, modules, "retrieval.passage", "document", "passage", "corpus")));
        int dimension = dimension(config, modules);
        return Optional.of(new ModelDescription(
                "sentence-encoder",
                graphs.variant(),
                dimension,
                DualFamily.matryoshka(config, dimension),
                Optional.of(text),
                Optional.empty(),
                Logits.scale(config, overrides),
                Logits.bias(config, overrides)));
    }

    private static int maxTokens(TokenizerFiles tokenizer, Config config) {
        int positions = tokenizer.maxTokens(config).orElse(MAX_TOKENS);
        boolean offset = OFFSET_POSITIONS.contains(config.text("model_type").orElse(""))
                && !tokenizer.maxLength().equals(Optional.of(positions));
        return offset ? positions - 2 : positions;
    }

    private static int dimension(Config config, SentenceModules modules) {
        return config.integer("hidden_size")
                .or(() -> config.integer("dim"))
                .or(() -> config.integer("n_embd"))
                .or(modules::dimension)
                .orElseThrow(() -> config.wrong("hidden_size", "the length of an embedding"));
    }

    /**
     * @param task the name of jina-embeddings-v3's adapter
     * @param names of the side's prompt in sentence-transformers, best first
     */
    private static Tower.Side side(Config config, SentenceModules modules, String task, String... names) {
        List<String> adapters = config.texts("lora_adaptations");
        if (adapters.isEmpty()) {
            return new Tower.Side(modules.prompt(names), OptionalLong.empty());
        }
        int adapter = adapters.indexOf(task);
        if (adapter < 0) {
            throw config.wrong("lora_adaptations", "a list with [" + task + "]");
        }
        String instruction = config.at("task_instructions").text(task).orElse("");
        return new Tower.Side(instruction, OptionalLong.of(adapter));
    }
}
