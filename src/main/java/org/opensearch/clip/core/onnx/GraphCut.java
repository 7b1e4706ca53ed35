// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The part of a graph that makes one output. ONNX Runtime always runs all of a graph and wants all of its inputs, so that a text would
 * run the picture tower of a model that is one file.
 */
final class GraphCut {

    private GraphCut() {}

    /**
     * Cut to the output that will do best.
     *
     * @param wanted names of outputs, best first
     * @return {@code model} itself when it has none of them
     */
    static ModelProto toFirst(ModelProto model, List<String> wanted) {
        Set<String> has = model.getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .collect(Collectors.toSet());
        return wanted.stream()
                .filter(has::contains)
                .findFirst()
                .map(output -> to(model, output))
                .orElse(model);
    }

    /**
     * Walks back from the output. Nodes keep their order, functions stay.
     *
     * @param output one of the graph's outputs
     * @return the same model with the nodes, weights and inputs that the output depends on, and no other output
     */
    static ModelProto to(ModelProto model, String output) {
        GraphProto graph = model.getGraph();
        Map<String, NodeProto> makers = new HashMap<>();
        graph.getNodeList()
                .forEach(node -> node.getOutputList().stream()
                        .filter(name -> !name.isEmpty())
                        .forEach(name -> makers.put(name, node)));
        Set<String> needed = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(output));
        while (!open.isEmpty()) {
            String name = open.pop();
            if (needed.add(name) && makers.containsKey(name)) {
                uses(makers.get(name), open);
            }
        }
        Predicate<String> used = needed::contains;
        GraphProto.Builder cut = graph.toBuilder()
                .clearNode()
                .addAllNode(graph.getNodeList().stream()
                        .filter(node -> node.getOutputList().stream().anyMatch(used))
                        .toList())
                .clearInitializer()
                .addAllInitializer(kept(graph.getInitializerList(), TensorProto::getName, used))
                .clearInput()
                .addAllInput(kept(graph.getInputList(), ValueInfoProto::getName, used))
                .clearValueInfo()
                .addAllValueInfo(kept(graph.getValueInfoList(), ValueInfoProto::getName, used))
                .clearQuantizationAnnotation()
                .clearOutput()
                .addAllOutput(kept(graph.getOutputList(), ValueInfoProto::getName, output::equals));
        return model.toBuilder().setGraph(cut).build();
    }

    private static <T> List<T> kept(List<T> all, Function<T, String> name, Predicate<String> used) {
        return all.stream().filter(one -> used.test(name.apply(one))).toList();
    }

    /** A subgraph sees what is around it, so whatever it names counts. */
    private static void uses(NodeProto node, Deque<String> names) {
        names.addAll(node.getInputList());
        for (AttributeProto attribute : node.getAttributeList()) {
            List<GraphProto> branches = new ArrayList<>(attribute.getGraphsList());
            if (attribute.hasG()) {
                branches.add(attribute.getG());
            }
            for (GraphProto branch : branches) {
                branch.getNodeList().forEach(inner -> uses(inner, names));
                branch.getOutputList().forEach(port -> names.add(port.getName()));
            }
        }
    }
}
