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
import java.util.Set;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * The small constants that nodes of a graph can see, the sizes that nodes make of them, and what other nodes make of those. Nodes are asked for in the
 * order of the graph. One thread.
 */
final class FixedSizes {

    /** They make less of what they get, or nothing that has its size. */
    private static final Set<String> SMALLER = Set.of(
            "ArgMax", "ArgMin", "Gather", "GatherND", "NonZero", "SequenceLength", "Shape", "Size", "Slice", "TopK");

    /** Of an element whose type is not known. */
    private static final int WIDEST = 8;

    /** @param width of an element in bytes */
    private record Made(double elements, int width) {
        long bytes() {
            return elements >= Long.MAX_VALUE / 64 ? Long.MAX_VALUE / 4 : (long) elements * width;
        }

        Made larger(Made other) {
            return new Made(Math.max(elements, other.elements), Math.max(width, other.width));
        }
    }

    private static final Made NOTHING = new Made(0, 0);

    /** A shape has one for each dimension. */
    private static final int MOST_VALUES = 1024;

    private final Map<String, Made> made = new HashMap<>();
    private final Map<String, double[]> computed = new HashMap<>();
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
        double elements = elements(node);
        return elements >= Long.MAX_VALUE / 4 ? Long.MAX_VALUE / 4 : (long) elements;
    }

    /** The bytes of these, or of what a node makes of values that others made so. */
    long bytesOf(NodeProto node) {
        double[] values = compute(node);
        if (values.length > 0 && values.length <= MOST_VALUES && node.getOutputCount() == 1) {
            computed.put(node.getOutput(0), values);
        }
        Made all = new Made(elements(node), width(node));
        if (all.elements == 0) {
            all = NOTHING;
            for (String input : node.getInputList()) {
                all = all.larger(made(input));
            }
            if (all.elements == 0
                    || SMALLER.contains(node.getOpType())
                    || node.getOpType().startsWith("Reduce")) {
                return 0;
            }
            all = new Made(all.elements, cast(node, all.width));
        }
        for (String output : node.getOutputList()) {
            made.put(output, all);
        }
        return all.bytes();
    }

    /** Arithmetic of sizes, as ONNX Runtime does it before it makes what is so large; empty when it is something else or not known. */
    private double[] compute(NodeProto node) {
        double[] first = input(node, 0);
        double[] second = input(node, 1);
        return switch (node.getOpType()) {
            case "Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze" -> first;
            case "Abs" -> DoubleStream.of(first).map(Math::abs).toArray();
            case "Neg" -> DoubleStream.of(first).map(a -> -a).toArray();
            case "Add" -> both(first, second, (a, b) -> a + b);
            case "Div" -> both(first, second, (a, b) -> a / b);
            case "Max" -> both(first, second, Math::max);
            case "Min" -> both(first, second, Math::min);
            case "Mul" -> both(first, second, (a, b) -> a * b);
            case "Pow" -> both(first, second, Math::pow);
            case "Sub" -> both(first, second, (a, b) -> a - b);
            case "ReduceProd" -> first.length == 0 ? first : new double[] {product(first)};
            case "Gather" ->
                DoubleStream.of(second)
                        .map(at -> at < 0 ? at + first.length : at)
                        .filter(at -> at >= 0 && at < first.length)
                        .map(at -> first[(int) at])
                        .toArray();
            case "Concat" -> {
                List<double[]> parts =
                        node.getInputList().stream().map(this::values).toList();
                yield parts.stream().anyMatch(part -> part.length == 0)
                        ? new double[0]
                        : parts.stream().flatMapToDouble(DoubleStream::of).toArray();
            }
            default -> new double[0];
        };
    }

    /** One of them may be one number for all of the other. */
    private static double[] both(double[] first, double[] second, DoubleBinaryOperator operator) {
        if (first.length == 0
                || second.length == 0
                || first.length != second.length && first.length != 1 && second.length != 1) {
            return new double[0];
        }
        return IntStream.range(0, Math.max(first.length, second.length))
                .mapToDouble(i ->
                        operator.applyAsDouble(first[first.length == 1 ? 0 : i], second[second.length == 1 ? 0 : i]))
                .toArray();
    }

    private double elements(NodeProto node) {
        return switch (node.getOpType()) {
            case "ConstantOfShape" -> product(input(node, 0));
            case "Expand", "OneHot" -> product(input(node, 1));
            case "Tile", "Upsample" -> product(input(node, 1)) * Math.max(1, given(node));
            case "Pad" -> padding(input(node, 1));
            case "Resize" -> Math.max(product(input(node, 2)) * Math.max(1, given(node)), product(input(node, 3)));
            case "Range" -> range(input(node, 0), input(node, 1), input(node, 2));
            default -> 0;
        };
    }

    /** Elements of a node's first input, as far as they are known. */
    private double given(NodeProto node) {
        TensorProto weights = tensor(node.getInputCount() == 0 ? "" : node.getInput(0));
        return weights == null ? made(node.getInputCount() == 0 ? "" : node.getInput(0)).elements : elements(weights);
    }

    private static double elements(TensorProto tensor) {
        return tensor.getDimsList().stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
    }

    private int width(NodeProto node) {
        return switch (node.getOpType()) {
            case "ConstantOfShape" ->
                attribute(node, "value")
                        .map(value -> TensorSize.width(value.getT().getDataType()))
                        .orElse(Float.BYTES);
            case "Expand", "Tile", "Pad", "Resize", "Upsample" -> {
                TensorProto weights = tensor(node.getInputCount() == 0 ? "" : node.getInput(0));
                yield weights == null ? WIDEST : TensorSize.width(weights.getDataType());
            }
            default -> WIDEST;
        };
    }

    private static int cast(NodeProto node, int width) {
        return node.getOpType().equals("Cast")
                ? attribute(node, "to")
                        .map(to -> TensorSize.width((int) to.getI()))
                        .orElse(WIDEST)
                : width;
    }

    private Made made(String value) {
        Made here = made.get(value);
        return here != null ? here : outer == null ? NOTHING : outer.made(value);
    }

    private TensorProto tensor(String name) {
        TensorProto here = tensors.get(name);
        return here != null || outer == null ? here : outer.tensor(name);
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
        if (computed.containsKey(name)) {
            return computed.get(name);
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
