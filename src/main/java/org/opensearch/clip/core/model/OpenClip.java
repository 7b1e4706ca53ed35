// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.List;
import java.util.Optional;
import org.opensearch.clip.core.text.Cleaning;
import org.opensearch.clip.core.vector.Pooling;

/**
 * Exports of open_clip (EVA02-CLIP, LiT, CoCa's dual part, SigLIP, MobileCLIP, nllb-clip, ..) that come with its own
 * configuration: {@code open_clip_config.json} beside the graphs, or Immich's layout, which is that file's {@code
 * model_cfg} as {@code config.json}, {@code textual/} with the tokenizer and {@code visual/} with {@code
 * preprocess_cfg.json}. Texts are prepared as {@code open_clip.tokenizer} does.
 */
record OpenClip() implements Family {

    private static final String FILE = "open_clip_config.json";
    private static final int CONTEXT_LENGTH = 77;

    @Override
    public String expected() {
        return "[" + FILE + "], or [embed_dim], [text_cfg] and [vision_cfg] in [config.json], with graphs"
                + " [textual] and [visual] or [text_model] and [vision_model]";
    }

    @Override
    public Optional<ModelDescription> describe(Folder folder, Config config, Overrides overrides) {
        boolean immich = config.isObject("text_cfg") && config.isObject("vision_cfg");
        if (!immich && (!folder.has(FILE) || folder.has("preprocessor_config.json") && config.has("model_type"))) {
            return Optional.empty();
        }
        Config file = immich ? config : folder.json(FILE).orElseThrow();
        Config model = immich ? config : file.at("model_cfg");
        Config pixels = folder.json("visual/preprocess_cfg.json").orElseGet(() -> file.at("preprocess_cfg"));
        int dimension =
                model.integer("embed_dim").orElseThrow(() -> model.wrong("embed_dim", "the length of an embedding"));
        List<Modality> wanted = overrides.towers().orElse(List.of(Modality.values()));
        Graphs graphs = Graphs.of(folder, wanted, overrides);
        Optional<Tower.Text> text = wanted.contains(Modality.TEXT)
                ? Optional.of(text(folder, model.at("text_cfg"), graphs.of(Modality.TEXT), overrides))
                : Optional.empty();
        Optional<Tower.Image> image = wanted.contains(Modality.IMAGE)
                ? Optional.of(new Tower.Image(
                        graphs.of(Modality.IMAGE),
                        Outputs.IMAGE,
                        Pooling.NONE,
                        Preprocessor.openClip(pixels, model.at("vision_cfg"), overrides)))
                : Optional.empty();
        return Optional.of(new ModelDescription(
                // a bias to begin the training with is what tells those that are scored by sigmoid
                model.has("init_logit_bias") ? "siglip_open_clip" : "open_clip",
                graphs.variant(),
                dimension,
                DualFamily.matryoshka(model, dimension),
                text,
                image,
                Logits.scale(model, overrides),
                Logits.bias(model, overrides)));
    }

    private static Tower.Text text(Folder folder, Config text, String graph, Overrides overrides) {
        TokenizerFiles tokenizer = TokenizerFiles.at(folder, folder.has("textual/tokenizer.json") ? "textual/" : "");
        Config options = text.at("tokenizer_kwargs");
        for (String name : List.of("strip_sep_token", "tokenizer_mode")) {
            if (options.has(name) && !options.flag(name).equals(Optional.of(false))) {
                throw options.wrong(name, "none: this tokenizer of open_clip is not supported");
            }
        }
        boolean foreign = text.has("hf_tokenizer_name") || text.has("hf_model_name");
        Tower.Padding padding = text.has("hf_model_name") ? Tower.Padding.FIXED : Tower.Padding.SEEN;
        Outputs outputs = Outputs.dual(Outputs.TEXT, Optional.empty(), overrides);
        return new Tower.Text(
                graph,
                outputs.names(),
                outputs.pooling(),
                tokenizer.path(),
                overrides
                        .maxTokens()
                        .orElseGet(() -> text.integer("context_length").orElse(CONTEXT_LENGTH)),
                overrides.padding().orElse(padding),
                // open_clip's own tokenizer fills up with zeros, whatever tokenizer_config.json says
                foreign ? tokenizer.padId(text) : 0,
                cleaning(options, foreign),
                overrides.query(Tower.Side.PLAIN),
                overrides.passage(Tower.Side.PLAIN));
    }

    /** Lower case, the default of open_clip's own tokenizer, is what CLIP's {@code tokenizer.json} makes of a text anyway. */
    private static Cleaning cleaning(Config options, boolean foreign) {
        String clean = options.text("clean").orElse(foreign ? "whitespace" : "lower");
        return switch (clean) {
            case "canonicalize" -> Cleaning.CANONICAL;
            case "whitespace" -> Cleaning.WHITESPACE;
            case "lower" -> foreign ? Cleaning.WHITESPACE_LOWER : Cleaning.WHITESPACE;
            default -> throw options.wrong("clean", "one of [canonicalize, lower, whitespace]");
        };
    }
}
