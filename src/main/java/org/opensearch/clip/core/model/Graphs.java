// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Names of ONNX files: {@code [onnx/]<stem>[_<variant>].onnx}, and of the weights beside a graph. */
final class Graphs {

    private static final List<String> PLACES = List.of("onnx/", "");

    private Graphs() {}

    /**
     * @param variant empty = the file without suffix, which is fp32 unless the publisher says otherwise
     * @throws IllegalArgumentException when there is no such file: what there is instead
     */
    static String find(Folder folder, String stem, Optional<String> variant) {
        String suffix = variant.filter(v -> !v.equals("fp32")).map(v -> "_" + v).orElse("");
        String name = stem + suffix + ".onnx";
        for (String place : PLACES) {
            if (folder.has(place + name)) {
                folder.file(place + name);
                return place + name;
            }
        }
        var found = new ArrayList<String>();
        for (String place : PLACES) {
            folder.list(place).stream().filter(f -> f.endsWith(".onnx")).forEach(f -> found.add(place + f));
        }
        throw new IllegalArgumentException("[onnx/" + name + "] is missing, found " + found
                + "; [variant] chooses another file suffix, [towers] leaves a tower out");
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
