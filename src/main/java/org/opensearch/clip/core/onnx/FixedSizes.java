// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** The small constants that nodes of a graph can see, and the sizes that nodes make of them. One thread. */
final class FixedSizes {

    private final FixedSizes outer;
    private final Map<String, TensorProto> tensors = new HashMap<>();
    private final Map<String, List<Long>> integers = new HashMap<>();

    /** @param outer of the graph around, or null */
    FixedSizes(FixedSizes outer, List<TensorProto> initializers, List<NodeProto> nodes) {
        this.outer = outer;
        initializers.forEach(tensor -> tensors.put(tensor.getName(), tensor));
        for (NodeProto node : nodes) {
            if (node.getOpType().equals("Constant") && node.getOutputCount() == 1) {
                attribute(node, "value").ifPresent(value -> tensors.put(node.getOutput(0), value.getT()));
                attribute(node, "value_ints").ifPresent(value -> integers.put(node.getOutput(0), value.getIntsList()));
                attribute(node, "value_int").ifPresent(value -> integers.put(node.getOutput(0), List.of(value.getI())));
            }
        }
    }

    /**
     * The elements that a node makes by constants alone, beyond any input: 0 when it makes none or they are not known. Not
     * exact: an upper bound where an operator multiplies, so that no size of a file means no size in memory.
     */
    long elementsOf(NodeProto node) {
        double elements = switch (node.getOpType()) {
            case "ConstantOfShape" -> product(input(node, 0));
            case "Expand", "Tile", "OneHot" -> product(input(node, 1));
            case "Pad" -> padding(input(node, 1));
            case "Upsample" -> product(input(node, 1));
            case "Resize" -> Math.max(product(input(node, 2)), product(input(node, 3)));
            case "Range" -> range(input(node, 0), input(node, 1), input(node, 2));
            default -> 0;
        };
        return elements >= Long.MAX_VALUE / 4 ? Long.MAX_VALUE / 4 : (long) elements;
    }

    private static double product(double[] sizes) {
        return sizes.length == 0
                ? 0
                : DoubleStream.of(sizes).map(size -> Math.max(1, size)).reduce(1, (a, b) -> a * b);
    }

    private static double padding(double[] pads) {
        int axes = pads.length / 2;
        return IntStream.range(0, axes)
                .mapToDouble(axis -> 1 + Math.max(0, pads[axis]) + Math.max(0, pads[axis + axes]))
                .reduce((a, b) -> a * b)
                .orElse(0);
    }

    private static double range(double[] start, double[] limit, double[] delta) {
        return start.length != 1 || limit.length != 1 || delta.length != 1 || delta[0] == 0
                ? 0
                : Math.max(0, (limit[0] - start[0]) / delta[0]);
    }

    private double[] input(NodeProto node, int index) {
        return index < node.getInputCount() ? values(node.getInput(index)) : new double[0];
    }

    private double[] values(String name) {
        if (integers.containsKey(name)) {
            return doubles(integers.get(name));
        }
        TensorProto tensor = tensors.get(name);
        if (tensor != null) {
            return values(tensor);
        }
        return outer == null ? new double[0] : outer.values(name);
    }

    /** Shapes are int64, scales and bounds may be int32 or float; others, and what stayed in the file, are no sizes. */
    private static double[] values(TensorProto tensor) {
        ByteBuffer raw = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        return switch (tensor.getDataType()) {
            case TensorProto.DataType.INT64_VALUE ->
                tensor.hasRawData()
                        ? IntStream.range(0, raw.remaining() / 8)
                                .mapToDouble(i -> raw.getLong(8 * i))
                                .toArray()
                        : doubles(tensor.getInt64DataList());
            case TensorProto.DataType.INT32_VALUE ->
                tensor.hasRawData()
                        ? IntStream.range(0, raw.remaining() / 4)
                                .mapToDouble(i -> raw.getInt(4 * i))
                                .toArray()
                        : doubles(tensor.getInt32DataList());
            case TensorProto.DataType.FLOAT_VALUE ->
                tensor.hasRawData()
                        ? IntStream.range(0, raw.remaining() / 4)
                                .mapToDouble(i -> raw.getFloat(4 * i))
                                .toArray()
                        : doubles(tensor.getFloatDataList());
            default -> new double[0];
        };
    }

    private static Optional<AttributeProto> attribute(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .findFirst();
    }

    private static double[] doubles(List<? extends Number> values) {
        return values.stream().mapToDouble(Number::doubleValue).toArray();
    }
}
