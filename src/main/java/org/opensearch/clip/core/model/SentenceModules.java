// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.Pooling;

/**
 * What sentence-transformers does around its transformer.
 *
 * @param modules {@code modules.json}, empty when there is none
 * @param poolingConfig {@code 1_Pooling/config.json}
 * @param transformer {@code sentence_bert_config.json}
 * @param prompts of {@code config_sentence_transformers.json}
 */
record SentenceModules(
        List<Config> modules, Optional<Config> poolingConfig, Optional<Config> transformer, Optional<Config> prompts) {

    /** The length of a vector is ours to decide, at every request. */
    private static final Set<String> KNOWN = Set.of("Transformer", "Pooling", "Normalize");

    private static final Map<String, Pooling> POOLING = Map.of(
            "cls", Pooling.CLS,
            "mean", Pooling.MEAN,
            "lasttoken", Pooling.LAST);

    /** Fields of {@code 1_Pooling/config.json}, with the value that newer versions write as {@code pooling_mode}. */
    private static final Map<String, String> FLAGS = Map.of(
            "pooling_mode_cls_token", "cls",
            "pooling_mode_mean_tokens", "mean",
            "pooling_mode_lasttoken", "lasttoken",
            "pooling_mode_max_tokens", "max",
            "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens",
            "pooling_mode_weightedmean_tokens", "weightedmean");

    static final String POOLING_FILE = "1_Pooling/config.json";

    static SentenceModules read(Folder folder) {
        return new SentenceModules(
                folder.array("modules.json"),
                folder.json(POOLING_FILE),
                folder.json("sentence_bert_config.json"),
                folder.json("config_sentence_transformers.json"));
    }

    /**
     * @return empty when the folder does not say
     * @throws IllegalArgumentException when more is done to a text than we do
     */
    Optional<Pooling> pooling() {
        for (Config module : modules) {
            String type = module.text("type").orElse("");
            if (!KNOWN.contains(type.substring(type.lastIndexOf('.') + 1))) {
                throw module.wrong(
                        "type",
                        "one of " + KNOWN
                                + "; where the graph does the work of all modules, override [pooling] with none");
            }
            boolean elsewhere =
                    type.endsWith(".Pooling") && !module.text("path").orElse("").equals("1_Pooling");
            if (elsewhere) {
                throw module.wrong("path", "1_Pooling");
            }
        }
        return poolingConfig.map(SentenceModules::pooling);
    }

    private static Pooling pooling(Config config) {
        if (!config.flag("include_prompt").orElse(true)) {
            throw config.wrong("include_prompt", "true; override [pooling] to count the prompt too");
        }
        List<String> modes = new ArrayList<>();
        FLAGS.forEach((flag, mode) -> config.flag(flag).filter(on -> on).ifPresent(on -> modes.add(mode)));
        config.text("pooling_mode").ifPresent(modes::add);
        if (modes.size() != 1 || !POOLING.containsKey(modes.getFirst())) {
            throw new IllegalArgumentException("[" + config.file() + "] wants pooling "
                    + Shown.of(modes.stream().sorted().toList())
                    + ", expected one of [cls, lasttoken, mean]; override [pooling] to choose another");
        }
        return POOLING.get(modes.getFirst());
    }

    Optional<Integer> dimension() {
        return poolingConfig.flatMap(c -> c.integer("word_embedding_dimension"));
    }

    Optional<Integer> maxTokens() {
        return transformer.flatMap(c -> c.integer("max_seq_length")).filter(n -> n > 0);
    }

    boolean lowerCase() {
        return transformer.flatMap(c -> c.flag("do_lower_case")).orElse(false);
    }

    /** As {@code encode_query} and {@code encode_document} choose it; empty when there is none. */
    String prompt(String... names) {
        Optional<String> usual = prompts.flatMap(c -> c.text("default_prompt_name"));
        return prompts.map(c -> c.at("prompts"))
                .flatMap(c -> Stream.concat(Stream.of(names), usual.stream())
                        .flatMap(name -> c.text(name).stream())
                        .findFirst())
                .orElse("");
    }
}
