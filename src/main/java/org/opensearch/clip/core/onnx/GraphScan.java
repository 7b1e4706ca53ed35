// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.message.Shown;

/**
 * Looks at a whole graph before native code does: operators, control flow, sizes that the graph itself fixes, and where weights
 * lie. Sizes that depend on an input, or are computed, are beyond it: against those stand the trial run at load, the deadline
 * of every run, and that only an administrator declares a model. One use, one thread.
 */
final class GraphScan {

    /** Carries compiled code of an execution provider, or the path of a file with it. */
    private static final String COMPILED = "EPContext";

    /** Exporters may write a shared weight twice; more would be one piece of a file passed off as many weights. */
    private static final int SHARED = 2;

    private static final long SMALL = 64L << 20;

    /** Attributes that choose the type of elements that an operator makes. */
    private static final Set<String> TYPES = Set.of("to", "dtype", "output_dtype", "output_datatype");

    /**
     * What a part of the graph adds up to.
     *
     * @param constants elements of tensors that have no data in any file
     * @param made bytes of these and of what is made of them
     * @param height levels of subgraphs and functions inside it
     */
    private record Cost(long nodes, long weights, long constants, long made, int height) {
        static final Cost NONE = new Cost(0, 0, 0, 0, 0);

        Cost plus(Cost other) {
            return new Cost(
                    nodes + other.nodes,
                    weights + other.weights,
                    constants + other.constants,
                    Math.min(made + other.made, Long.MAX_VALUE / 4),
                    Math.max(height, other.height));
        }

        Cost inside() {
            return new Cost(nodes, weights, constants, made, height + 1);
        }
    }

    private final String graph;
    private final GraphLimits limits;
    private final ExternalWeights external;
    private final boolean prepared;
    private final Map<String, FunctionProto> functions = new HashMap<>();
    /** Null while a function is being counted. */
    private final Map<String, Cost> counted = new HashMap<>();

    /**
     * What has been looked at.
     *
     * @param model without its weights
     * @param nodes of the graph, subgraphs included
     * @param weights bytes of all of them
     * @param made bytes of values that no file holds and whose sizes the graph fixes
     * @param prepared see {@link #checkPrepared}
     */
    record Scanned(ModelProto model, long nodes, long weights, long made, boolean prepared) {}

    private GraphScan(String name, ExternalWeights external, boolean prepared, GraphLimits limits) {
        this.graph = "[" + name + "]";
        this.limits = limits;
        this.external = external;
        this.prepared = prepared;
    }

    /**
     * @param name of the graph, for messages
     * @param listed the files that may hold its weights, by the name that the graph has for them
     * @throws ModelException when the graph is refused: what was found and what is allowed
     */
    static Scanned check(String name, Path file, Map<String, Path> listed, GraphLimits limits) throws IOException {
        return check(name, file, new ExternalWeights(name, listed, false), false, limits);
    }

    /** As {@link #check}, of a graph in a folder of our own: ONNX Runtime made it, of operators that it knows and of weights that it packed. */
    static Scanned checkPrepared(String name, Path file, Map<String, Path> listed, GraphLimits limits)
            throws IOException {
        return check(name, file, new ExternalWeights(name, listed, true), true, limits);
    }

    private static Scanned check(String name, Path file, ExternalWeights external, boolean prepared, GraphLimits limits)
            throws IOException {
        ModelProto model = GraphReader.read(name, file, limits.heapBytes());
        var scan = new GraphScan(name, external, prepared, limits);
        Cost cost = scan.model(model);
        long files = Files.size(file) + external.fileBytes();
        if (cost.weights > SHARED * files + SMALL) {
            throw scan.refused("its weights are " + cost.weights + " bytes and its files hold " + files);
        }
        return new Scanned(model, cost.nodes, cost.weights, cost.made, prepared);
    }

    private Cost model(ModelProto model) throws IOException {
        if (model.getTrainingInfoCount() > 0) {
            throw refused("it holds a training graph");
        }
        if (model.getFunctionsCount() > limits.functions()) {
            throw refused("it defines " + model.getFunctionsCount() + " functions, at most " + limits.functions()
                    + " are allowed");
        }
        for (FunctionProto function : model.getFunctionsList()) {
            if (limits.domains().contains(function.getDomain())) {
                throw refused("it defines a function [" + Shown.printable(function.getName())
                        + "] of its own in the domain [" + function.getDomain() + "]");
            }
            if (functions.put(key(function.getDomain(), function.getName(), function.getOverload()), function)
                    != null) {
                throw refused("it defines the function [" + Shown.printable(function.getName()) + "] twice");
            }
        }
        for (String function : functions.keySet()) { // the library reads also those that nothing calls
            function(function, 0);
        }
        return graph(model.getGraph(), 0, null);
    }

    private Cost graph(GraphProto graph, int depth, FixedSizes outer) throws IOException {
        requireDepth(depth);
        if (graph.getSparseInitializerCount() > 0) {
            throw refused("it has sparse weights");
        }
        requireWhole(graph.getInputList());
        requireWhole(graph.getOutputList());
        requireWhole(graph.getValueInfoList());
        Cost cost = Cost.NONE;
        for (TensorProto tensor : graph.getInitializerList()) {
            cost = checked(cost.plus(weights(tensor)));
        }
        FixedSizes sizes = new FixedSizes(outer, graph.getInitializerList(), graph.getNodeList());
        return cost.plus(nodes(graph.getNodeList(), depth, sizes));
    }

    private Cost nodes(List<NodeProto> nodes, int depth, FixedSizes sizes) throws IOException {
        Cost cost = Cost.NONE;
        for (NodeProto node : nodes) {
            cost = checked(cost.plus(node(node, depth, sizes)));
        }
        return cost;
    }

    private Cost node(NodeProto node, int depth, FixedSizes sizes) throws IOException {
        String function = key(node.getDomain(), node.getOpType(), node.getOverload());
        String operator = Operators.name(node);
        requireNoSubgraph(node, node.getAttributeList());
        Cost cost = new Cost(1, 0, sizes.elementsOf(node), sizes.bytesOf(node), 0);
        if (functions.containsKey(function)) {
            cost = cost.plus(function(function, depth + 1).inside());
            requireDepth(depth + cost.height);
        } else if (!limits.domains().contains(node.getDomain())) {
            throw refused(operator(node) + " is of an unknown domain; allowed are " + limits.domains());
        } else if (node.getOpType().equals(COMPILED)) {
            throw refused(operator(node) + " brings compiled code");
        } else if (!prepared && !limits.operators().contains(operator)) {
            throw refused("it has the " + operator(node) + ", " + Operators.refusal(operator));
        }
        for (AttributeProto attribute : node.getAttributeList()) {
            cost = checked(cost.plus(attribute(node, attribute, depth, sizes)));
        }
        return cost;
    }

    private void requireNoSubgraph(NodeProto node, List<AttributeProto> attributes) {
        boolean branches = Operators.standard(node) && limits.controlFlow().contains(node.getOpType());
        if (!branches && attributes.stream().anyMatch(of -> of.hasG() || of.getGraphsCount() > 0)) {
            throw refused(operator(node) + " is control flow; allowed is " + limits.controlFlow());
        }
    }

    private Cost attribute(NodeProto node, AttributeProto attribute, int depth, FixedSizes sizes) throws IOException {
        if (attribute.hasSparseTensor() || attribute.getSparseTensorsCount() > 0) {
            throw refused(operator(node) + " has sparse weights");
        }
        if (attribute.hasTp() || attribute.getTypeProtosCount() > 0) {
            throw refused(operator(node) + " makes values that are no tensors");
        }
        if (TYPES.contains(attribute.getName())) {
            requireWhole((int) attribute.getI(), operator(node) + " makes them");
        }
        Cost cost = attribute.hasT() ? weights(attribute.getT()) : Cost.NONE;
        for (TensorProto tensor : attribute.getTensorsList()) {
            cost = checked(cost.plus(weights(tensor)));
        }
        if (attribute.hasG()) {
            cost = checked(cost.plus(graph(attribute.getG(), depth + 1, sizes).inside()));
        }
        for (GraphProto branch : attribute.getGraphsList()) {
            cost = checked(cost.plus(graph(branch, depth + 1, sizes).inside()));
        }
        return cost;
    }

    /** Every call of a function is a copy of it in the end, so functions that call each other twice grow like 2^n. */
    private Cost function(String key, int depth) throws IOException {
        requireDepth(depth);
        if (counted.containsKey(key)) {
            Cost known = counted.get(key);
            if (known == null) {
                throw refused(
                        "its function [" + Shown.printable(functions.get(key).getName()) + "] calls itself");
            }
            return known;
        }
        counted.put(key, null);
        FunctionProto function = functions.get(key);
        requireWhole(function.getValueInfoList());
        FixedSizes sizes = new FixedSizes(null, List.of(), function.getNodeList());
        Cost cost = nodes(function.getNodeList(), depth, sizes);
        NodeProto call = NodeProto.newBuilder()
                .setDomain(function.getDomain())
                .setOpType(function.getName())
                .build();
        requireNoSubgraph(call, function.getAttributeProtoList());
        for (AttributeProto given : function.getAttributeProtoList()) { // what a call does not say itself
            cost = checked(cost.plus(attribute(call, given, depth, sizes)));
        }
        counted.put(key, cost);
        return cost;
    }

    private void requireDepth(int depth) {
        if (depth > limits.depth()) {
            throw refused("its subgraphs and functions are deeper than " + limits.depth());
        }
    }

    private void requireWhole(List<ValueInfoProto> values) {
        for (ValueInfoProto value : values) {
            TypeProto type = value.getType();
            while (type.hasSequenceType()) { // as deep as the reader lets messages nest
                type = type.getSequenceType().getElemType();
            }
            if (type.hasMapType() || type.hasOptionalType() || type.hasSparseTensorType() || type.hasOpaqueType()) {
                throw refused("value [" + Shown.printable(value.getName()) + "] is no tensor");
            }
            requireWhole(
                    type.getTensorType().getElemType(), "value [" + Shown.printable(value.getName()) + "] has them");
        }
    }

    /** Four bits in a byte: ONNX Runtime 1.28.0 writes beyond such a buffer when it uses it again. */
    private void requireWhole(int type, String where) {
        if (TensorSize.packed(type)) {
            throw refused("elements of type " + type + ", several of which share a byte, are not supported: " + where
                    + " (docs/onnx-runtime.md)");
        }
    }

    private Cost weights(TensorProto tensor) throws IOException {
        requireWhole(tensor.getDataType(), "tensor [" + Shown.printable(tensor.getName()) + "] has them");
        long bytes = TensorSize.bytes(tensor);
        long held = ExternalWeights.elsewhere(tensor) ? external.length(tensor) : TensorSize.held(tensor);
        if (bytes < 0 || bytes > held) {
            throw refused("tensor [" + Shown.printable(tensor.getName()) + "] of element type " + tensor.getDataType()
                    + " and shape " + tensor.getDimsList() + " has data of " + held + " bytes");
        }
        return new Cost(0, bytes, 0, 0, 0);
    }

    private Cost checked(Cost cost) {
        if (cost.nodes > limits.nodes()) {
            throw refused("it has more than " + limits.nodes() + " nodes");
        }
        if (cost.weights > limits.weightBytes()) {
            throw refused("its weights are more than " + limits.weightBytes() + " bytes");
        }
        if (cost.constants > limits.constantElements()) {
            throw refused("it makes constants of more than " + limits.constantElements() + " elements");
        }
        return cost;
    }

    private ModelException refused(String why) {
        return ModelException.refusal(graph + " is refused: " + why, null);
    }

    private static String operator(NodeProto node) {
        return "operator ["
                + Shown.printable(
                        node.getDomain().isEmpty() ? node.getOpType() : node.getDomain() + ":" + node.getOpType())
                + "] of node [" + Shown.printable(node.getName()) + "]";
    }

    private static String key(String domain, String name, String overload) {
        return domain + '\n' + name + '\n' + overload;
    }
}
