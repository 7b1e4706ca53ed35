// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A folder in the layout of the Hugging Face hub, read without running anything. Only regular files that lie in the
 * folder itself are read: no links.
 */
public final class ModelFolder {

    private static final List<Family> FAMILIES = Stream.of(
                    List.<Family>of(new OpenClip()), DualFamily.ALL, List.<Family>of(new SentenceEncoder()))
            .flatMap(List::stream)
            .toList();

    /** Inputs and the vectors that they should have: pinned like the rest, no part of the fingerprint, and mostly not there. */
    public static final String GOLDEN = "golden.json";

    /** All that a description may be read from, beside {@code tokenizer.json}. */
    private static final List<String> CONFIGURATION = List.of(
            "config.json",
            "preprocessor_config.json",
            "processor_config.json",
            "tokenizer_config.json",
            "open_clip_config.json",
            "textual/tokenizer_config.json",
            "visual/preprocess_cfg.json",
            "modules.json",
            SentenceModules.POOLING_FILE,
            "sentence_bert_config.json",
            "config_sentence_transformers.json",
            GOLDEN);

    private ModelFolder() {}

    /**
     * Where no variant is declared: with the one that was chosen, so that every node takes the same. Of full precision is the
     * first choice, of half precision on a GPU; else {@link Overrides#variants} in their order, as far as the folder has them.
     *
     * @param device declared, or null
     */
    public static Overrides pinned(Folder files, Overrides declared, String device) {
        Overrides choosing = device == null ? declared : declared.with("device", device);
        String variant = describe(files, choosing).variant();
        return declared.variant().isPresent() || variant.equals("fp32") ? declared : declared.with("variant", variant);
    }

    /** As {@link #describe(Folder, Overrides)}, of a folder of this machine. */
    public static ModelDescription describe(Path folder, Overrides overrides) {
        return describe(Folder.at(folder), overrides);
    }

    /** @throws IllegalArgumentException when the folder is no model that we know: what was found, what was expected */
    public static ModelDescription describe(Folder files, Overrides overrides) {
        if (!files.has("config.json") && !files.has("open_clip_config.json")) {
            throw new IllegalArgumentException(
                    "[config.json] is missing: expected a folder in the layout of the Hugging Face hub");
        }
        Config config = files.json("config.json").orElse(new Config("config.json", new JsonObject()));
        for (Family family : FAMILIES) {
            Optional<ModelDescription> description = family.describe(files, config, overrides);
            if (description.isPresent()) {
                return checked(description.get(), overrides);
            }
        }
        throw config.wrong(
                "model_type", FAMILIES.stream().map(Family::expected).toList().toString());
    }

    private static ModelDescription checked(ModelDescription description, Overrides overrides) {
        overrides.dimensions().ifPresent(length -> description.matryoshka().check(length, "the model"));
        return description;
    }

    /**
     * The files that {@code description} needs, sorted by path, with sizes and hashes; reads every byte of those whose
     * hash is not known.
     *
     * @throws IllegalArgumentException when one is missing, or is no regular file of this folder
     */
    public static List<Artifact> artifacts(Folder files, ModelDescription description) {
        var names = new TreeSet<String>();
        CONFIGURATION.stream().filter(files::has).forEach(names::add);
        description.text().ifPresent(text -> {
            names.add(text.tokenizer());
            names.addAll(Graphs.files(files, text.graph()));
        });
        description.image().ifPresent(image -> names.addAll(Graphs.files(files, image.graph())));
        return names.stream().map(files::artifact).toList();
    }

    /**
     * What defines the space: preprocessing, tokenizer, pooling, prompts, dimension, normalisation and weights, not the
     * names of files, nor the precision when the folder has the weights without suffix too. The same on every machine.
     *
     * @param artifacts of this folder, so that nothing is hashed twice
     * @return 32 hexadecimal digits
     */
    public static String fingerprint(
            Folder files, ModelDescription description, Overrides overrides, List<Artifact> artifacts) {
        var hashes = new HashMap<String, String>();
        artifacts.forEach(a -> hashes.put(a.path(), a.sha256()));
        return new Fingerprint(name ->
                        hashes.computeIfAbsent(name, n -> files.artifact(n).sha256()))
                .of(description, overrides, graph -> Graphs.files(files, Graphs.reference(files, graph)));
    }
}
