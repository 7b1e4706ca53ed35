// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where the graphs of an export are: {@code [onnx/]<stem>[_<suffix>].onnx}, and the weights beside a graph.
 *
 * @param variant the precision of all towers, one of {@link Overrides#VARIANTS}
 */
record Graphs(Folder folder, String variant) {

    /** One graph with both towers, or the only tower. */
    private static final List<String> WHOLE = List.of("onnx/model", "model");

    /** transformers.js, open_clip's exporters, Immich; then one graph for all. */
    private static final List<String> TEXT = of(
            "onnx/text_model",
            "text_model",
            "onnx/textual",
            "textual",
            "textual/model",
            "onnx/text_encoder",
            "text_encoder",
            "onnx/text",
            "text");

    private static final List<String> IMAGE = of(
            "onnx/vision_model",
            "vision_model",
            "onnx/visual",
            "visual",
            "visual/model",
            "onnx/image_encoder",
            "image_encoder",
            "onnx/vision",
            "vision");

    private static List<String> of(String... stems) {
        var all = new ArrayList<>(List.of(stems));
        all.addAll(WHOLE);
        return List.copyOf(all);
    }

    /**
     * @param wanted the towers that need a graph
     * @param overrides its {@code variant}, else the first of {@link Overrides#variants} that the folder has of every
     *     tower
     */
    static Graphs of(Folder folder, List<Modality> wanted, Overrides overrides) {
        return overrides.variants().stream()
                .map(variant -> new Graphs(folder, variant))
                .filter(graphs ->
                        wanted.stream().allMatch(tower -> graphs.find(tower).isPresent()))
                .findFirst()
                .orElse(new Graphs(folder, overrides.variants().getFirst()));
    }

    /** @throws IllegalArgumentException when there is no such file: what there is instead */
    String of(Modality tower) {
        String graph = find(tower).orElseThrow(() -> missing(tower));
        folder.require(graph);
        return graph;
    }

    private static List<String> stems(Modality tower) {
        return tower == Modality.TEXT ? TEXT : IMAGE;
    }

    private Optional<String> find(Modality tower) {
        return stems(tower).stream()
                .flatMap(stem -> suffixes(variant).stream().map(suffix -> stem + suffix + ".onnx"))
                .filter(folder::has)
                .findFirst();
    }

    /** As transformers.js names its files. */
    private static List<String> suffixes(String variant) {
        return switch (variant) {
            case "fp32" -> List.of("", "_fp32");
            case "q8" -> List.of("_q8", "_quantized");
            default -> List.of("_" + variant);
        };
    }

    private IllegalArgumentException missing(Modality tower) {
        var found = new ArrayList<String>();
        for (String place : List.of("onnx/", "textual/", "visual/", "")) {
            folder.list(place).stream().filter(f -> f.endsWith(".onnx")).forEach(f -> found.add(place + f));
        }
        String suffix = suffixes(variant).getFirst() + ".onnx";
        return new IllegalArgumentException("[" + stems(tower).getFirst() + suffix + "] is missing, found " + found
                + ", also looked for [" + WHOLE.getFirst() + suffix
                + "]; [variant] chooses another file suffix, [towers] leaves a tower out");
    }

    /**
     * The file without variant suffix when the folder has it, else the graph itself: it names the space, whatever the
     * precision.
     */
    static String reference(Folder folder, String graph) {
        String stem = graph.substring(0, graph.length() - ".onnx".length());
        for (String variant : Overrides.VARIANTS) {
            String plain = stem.endsWith("_" + variant)
                    ? stem.substring(0, stem.length() - variant.length() - 1) + ".onnx"
                    : graph;
            if (!plain.equals(graph) && folder.has(plain)) {
                return plain;
            }
        }
        return graph;
    }

    /** The graph and the files of weights that exporters put beside it, sorted. */
    static List<String> files(Folder folder, String graph) {
        int slash = graph.lastIndexOf('/') + 1;
        var weights = Pattern.compile(Pattern.quote(graph.substring(slash)) + "(_data(_\\d+)?|\\.data)");
        var files = new ArrayList<String>();
        files.add(graph);
        for (String file : folder.list(graph.substring(0, slash))) {
            if (weights.matcher(file).matches()) {
                files.add(graph.substring(0, slash) + file);
            }
        }
        return files;
    }
}
