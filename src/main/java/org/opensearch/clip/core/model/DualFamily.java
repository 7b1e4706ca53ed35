// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.opensearch.clip.core.text.Cleaning;
import org.opensearch.clip.core.vector.Pooling;

/**
 * Dual encoders with the configuration of {@code transformers}: OpenAI CLIP and what follows it (open_clip, MobileCLIP,
 * TinyCLIP, MetaCLIP, AltCLIP, Chinese-CLIP), SigLIP, jina-clip; as two graphs or as one with both towers.
 *
 * @param name of the family
 * @param modelTypes values of {@code model_type}
 * @param maxTokens when no file says it
 * @param padding of the text tower
 * @param dimension when no file says it, 0 = it must
 * @param textOutputs see {@link Tower#outputs}
 * @param imageOutputs see {@link Tower#outputs}
 */
record DualFamily(
        String name,
        Set<String> modelTypes,
        int maxTokens,
        Tower.Padding padding,
        int dimension,
        List<String> textOutputs,
        List<String> imageOutputs)
        implements Family {

    /** Ends of {@code model_type} where a folder holds one tower, whose configuration is then the whole file. */
    private static final String TEXT_ONLY = "_text_model";

    private static final String IMAGE_ONLY = "_vision_model";

    static final List<Family> ALL = List.of(
            new DualFamily(
                    "clip",
                    Set.of("clip", "mobileclip", "metaclip_2", "altclip", "chinese_clip"),
                    77,
                    Tower.Padding.LONGEST,
                    512,
                    Outputs.TEXT,
                    Outputs.IMAGE),
            new DualFamily(
                    "siglip",
                    Set.of("siglip", "siglip2"),
                    64,
                    Tower.Padding.SEEN,
                    768,
                    Outputs.SIGLIP_TEXT,
                    Outputs.SIGLIP_IMAGE),
            new DualFamily(
                    "jina-clip", Set.of("jina_clip"), 8192, Tower.Padding.LONGEST, 0, Outputs.TEXT, Outputs.IMAGE));

    @Override
    public String expected() {
        return "[model_type] one of " + modelTypes
                + " with [onnx/text_model.onnx] and [onnx/vision_model.onnx], or [onnx/model.onnx] for both";
    }

    @Override
    public Optional<ModelDescription> describe(Folder folder, Config config, Overrides overrides) {
        String type = config.text("model_type").orElse("");
        boolean textOnly = type.endsWith(TEXT_ONLY);
        boolean imageOnly = type.endsWith(IMAGE_ONLY);
        if (!modelTypes.contains(type.replaceFirst("(" + TEXT_ONLY + "|" + IMAGE_ONLY + ")$", ""))) {
            return Optional.empty();
        }
        List<Modality> has =
                textOnly ? List.of(Modality.TEXT) : imageOnly ? List.of(Modality.IMAGE) : List.of(Modality.values());
        List<Modality> wanted = overrides.towers().orElse(has);
        if (!has.containsAll(wanted)) {
            throw config.wrong("model_type", "a model with the towers " + wanted);
        }
        Graphs graphs = Graphs.of(folder, wanted, overrides);
        Optional<Tower.Text> text = Optional.empty();
        Optional<Tower.Image> image = Optional.empty();
        if (wanted.contains(Modality.TEXT)) {
            text = Optional.of(text(folder, config, graphs.of(Modality.TEXT), overrides));
        }
        if (wanted.contains(Modality.IMAGE)) {
            image = Optional.of(new Tower.Image(
                    graphs.of(Modality.IMAGE),
                    imageOutputs,
                    Pooling.NONE,
                    Preprocessor.read(preprocessor(folder), overrides)));
        }
        int dimension = dimension(config);
        return Optional.of(new ModelDescription(
                name,
                graphs.variant(),
                dimension,
                matryoshka(config, dimension),
                text,
                image,
                Logits.scale(config, overrides),
                Logits.bias(config, overrides)));
    }

    private static Config preprocessor(Folder folder) {
        return folder.json("preprocessor_config.json")
                .or(() -> folder.json("processor_config.json").map(c -> c.at("image_processor")))
                .orElseThrow(() -> new IllegalArgumentException("[preprocessor_config.json] is missing"));
    }

    private Tower.Text text(Folder folder, Config config, String graph, Overrides overrides) {
        Config text = config.isObject("text_config") ? config.at("text_config") : config;
        TokenizerFiles tokenizer = TokenizerFiles.at(folder, "");
        Tower.Padding padding = overrides.padding().orElseGet(() -> padding(folder, config));
        if (padding == Tower.Padding.SEEN) {
            tokenizer.requireRightPadding();
        }
        Outputs outputs = Outputs.dual(textOutputs, SentenceModules.read(folder).pooling(), overrides);
        return new Tower.Text(
                graph,
                outputs.names(),
                outputs.pooling(),
                tokenizer.path(),
                overrides.maxTokens().orElseGet(() -> tokenizer.maxTokens(text).orElse(maxTokens)),
                padding,
                tokenizer.padId(text),
                cleaning(tokenizer),
                overrides.query(Tower.Side.PLAIN),
                overrides.passage(Tower.Side.PLAIN));
    }

    /**
     * MobileCLIP's text towers have no causal mask, so they see what fills up. Their exports are plain CLIP by {@code
     * model_type}; what gives them away is a name, or pictures that are not normalised.
     */
    private Tower.Padding padding(Folder folder, Config config) {
        boolean named = (config.text("model_type").orElse("")
                        + config.text("_name_or_path").orElse(""))
                .toLowerCase(Locale.ROOT)
                .contains("mobileclip");
        boolean plain = folder.json("preprocessor_config.json")
                .flatMap(c -> c.flag("do_normalize"))
                .filter(normalized -> !normalized)
                .isPresent();
        return name.equals("clip") && (named || plain) ? Tower.Padding.SEEN : padding;
    }

    /** SigLIP was trained on lower case; SigLIP 2's tokenizer.json, which is Gemma's, does not say so. */
    private Cleaning cleaning(TokenizerFiles tokenizer) {
        boolean lower = tokenizer.config().flatMap(c -> c.flag("do_lower_case")).orElse(true);
        return name.equals("siglip") && lower ? Cleaning.LOWER_EACH : Cleaning.NONE;
    }

    private int dimension(Config config) {
        Config text = config.at("text_config");
        Config vision = config.at("vision_config");
        return config.integer("projection_dim")
                .or(() -> text.integer("projection_size"))
                .or(() -> text.integer("embed_dim"))
                .or(() -> vision.integer("embed_dim"))
                .or(() -> name.equals("siglip")
                        ? text.integer("hidden_size").or(() -> vision.integer("hidden_size"))
                        : Optional.empty())
                .or(() -> Optional.of(dimension).filter(d -> d > 0))
                .orElseThrow(() -> config.wrong("projection_dim", "the length of an embedding"));
    }

    /** Named in the configuration, or in that of the text tower. */
    static List<Integer> matryoshka(Config config, int dimension) {
        var lengths = new ArrayList<Integer>();
        for (String name : List.of("matryoshka_dimensions", "matryoshka_dims")) {
            lengths.addAll(config.integers(name));
            lengths.addAll(config.at("text_config").integers(name));
        }
        return lengths.stream().filter(d -> d <= dimension).distinct().sorted().toList();
    }
}
