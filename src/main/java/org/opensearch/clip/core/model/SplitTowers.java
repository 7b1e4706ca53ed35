// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.opensearch.clip.core.vector.Pooling;

/**
 * Dual encoders exported as two graphs, {@code text_model.onnx} and {@code vision_model.onnx}, in {@code onnx/} or
 * beside {@code config.json}: OpenAI CLIP and what follows its configuration (open_clip, MobileCLIP, TinyCLIP), SigLIP,
 * jina-clip-v1.
 *
 * @param name of the family
 * @param modelTypes values of {@code model_type}
 * @param maxTokens when no file says it
 * @param fixedLength see {@link Tower.Text}
 * @param dimension when no file says it, 0 = it must
 * @param textOutputs see {@link Tower#outputs}
 * @param imageOutputs see {@link Tower#outputs}
 */
record SplitTowers(
        String name,
        Set<String> modelTypes,
        int maxTokens,
        boolean fixedLength,
        int dimension,
        List<String> textOutputs,
        List<String> imageOutputs)
        implements Family {

    /** Before those of length 1, which are no worse. */
    private static final List<String> TEXT = List.of("text_embeds", "text_embeddings", "l2norm_text_embeddings");

    private static final List<String> IMAGE = List.of("image_embeds", "image_embeddings", "l2norm_image_embeddings");

    /** SigLIP has no projection behind its pooling. */
    private static final List<String> POOLED = List.of("pooler_output");

    static final List<Family> ALL = List.of(
            new SplitTowers("clip", Set.of("clip", "mobileclip"), 77, false, 512, TEXT, IMAGE),
            new SplitTowers("siglip", Set.of("siglip", "siglip2"), 64, true, 768, POOLED, POOLED),
            new SplitTowers("jina-clip", Set.of("jina_clip"), 8192, false, 0, TEXT, IMAGE));

    @Override
    public String expected() {
        return "[model_type] one of " + modelTypes + " with [onnx/text_model.onnx] and [onnx/vision_model.onnx]";
    }

    @Override
    public Optional<ModelDescription> describe(Folder folder, Config config, Overrides overrides) {
        if (!modelTypes.contains(config.text("model_type").orElse(""))) {
            return Optional.empty();
        }
        List<Modality> wanted = overrides.towers().orElse(List.of(Modality.values()));
        Optional<Tower.Text> text = Optional.empty();
        Optional<Tower.Image> image = Optional.empty();
        if (wanted.contains(Modality.TEXT)) {
            String graph = Graphs.find(folder, "text_model", overrides.variant());
            text = Optional.of(TextSettings.tower(folder, config.at("text_config"), this, graph, overrides));
        }
        if (wanted.contains(Modality.IMAGE)) {
            String graph = Graphs.find(folder, "vision_model", overrides.variant());
            image = Optional.of(new Tower.Image(
                    graph, imageOutputs, Pooling.NONE, Preprocessor.read(preprocessor(folder), overrides)));
        }
        int dimension = dimension(config);
        return Optional.of(new ModelDescription(
                name,
                dimension,
                matryoshka(config, dimension),
                text,
                image,
                overrides.logitScale(),
                overrides.logitBias()));
    }

    private static Config preprocessor(Folder folder) {
        return folder.json("preprocessor_config.json")
                .or(() -> folder.json("processor_config.json").map(c -> c.at("image_processor")))
                .orElseThrow(() -> new IllegalArgumentException("[preprocessor_config.json] is missing"));
    }

    private int dimension(Config config) {
        Config text = config.at("text_config");
        Config vision = config.at("vision_config");
        return config.integer("projection_dim")
                .or(() -> text.integer("projection_size"))
                .or(() -> text.integer("embed_dim"))
                .or(() -> vision.integer("embed_dim"))
                .or(() -> fixedLength
                        ? text.integer("hidden_size").or(() -> vision.integer("hidden_size"))
                        : Optional.empty())
                .or(() -> Optional.of(dimension).filter(d -> d > 0))
                .orElseThrow(() -> config.wrong("projection_dim", "the length of an embedding"));
    }

    private static List<Integer> matryoshka(Config config, int dimension) {
        var lengths = new ArrayList<Integer>();
        for (String name : List.of("matryoshka_dimensions", "matryoshka_dims")) {
            lengths.addAll(config.integers(name));
            lengths.addAll(config.at("text_config").integers(name));
        }
        return lengths.stream().filter(d -> d <= dimension).distinct().sorted().toList();
    }
}
