// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a run of a transformer takes, by its graph: scores of attention, {@code [inputs][heads][positions][positions]}, and rows as
 * wide as its widest layer, {@code [inputs][positions][width]}. Layers come one after the other and their tensors are freed as soon
 * as nobody reads them, so the number of layers does not matter. Positions of a picture are its patches, as far as strides tell,
 * and what is convolved before them is a map of {@code [inputs][channels][height][width]}. Immutable.
 *
 * @param heads of attention; 0 = there is none
 * @param width of the widest layer
 * @param patch pixels of a picture that become one position of the finest attention
 * @param maps floats of the largest map of a convolution, for each pixel
 */
record Activations(long heads, long width, double patch, double maps) {

    static final Activations NONE = new Activations(0, 0);

    Activations(long heads, long width) {
        this(heads, width, PATCH, 0);
    }

    /** Tensors of scores that live at once, at most: what an operator reads, what it makes, and a mask of the same size. */
    private static final int SCORES = 3;

    /** Tensors as wide as the widest layer that live at once: a gelu that is spelled out has four. */
    private static final int ROWS = 5;

    /** Wider is no layer but a vocabulary, whose table is looked up and not multiplied. */
    private static final long WIDEST = 1 << 16;

    /** Of usual transformers; what a model that spells out no head is taken for. */
    private static final int NARROWEST_HEAD = 32;

    /** Of usual transformers, where no stride tells it. */
    private static final double PATCH = 14 * 14;

    /** Maps that live at once: what a convolution reads, what it makes, and what goes past it. */
    private static final int MAPS = 3;

    private static final int FEED_FORWARD = 4;
    private static final long MOST_HEADS = 256;

    private static final Set<String> LOOKED_UP = Set.of("Gather", "GatherBlockQuantized", "EmbedLayerNormalization");

    /** @param graph scanned, so that its depth is bounded */
    static Activations of(GraphProto graph) {
        var found = new Finding();
        found.in(graph);
        long heads = found.heads == 0 && found.softmax
                ? Math.ceilDiv(found.width, FEED_FORWARD * NARROWEST_HEAD)
                : found.heads;
        double patch = found.patch == Double.MAX_VALUE ? PATCH : found.patch;
        return new Activations(heads, found.width, patch, found.maps);
    }

    /** Of a run of {@code inputs} that are padded to {@code positions}; too large rather than too small. */
    long bytes(long inputs, long positions) {
        double floats = (double) inputs * positions * ((double) SCORES * heads * positions + (double) ROWS * width);
        return (long) Math.min(Long.MAX_VALUE / 4, floats * Float.BYTES);
    }

    /** Of a run of {@code inputs} pictures, besides their pixels. */
    long bytesOfPictures(long inputs, long height, long width) {
        double pixels = (double) height * width;
        long positions = (long) Math.ceil(pixels / patch) + 1;
        return (long)
                Math.min(Long.MAX_VALUE / 4, bytes(inputs, positions) + inputs * MAPS * maps * pixels * Float.BYTES);
    }

    private static final class Finding {
        private final Map<String, long[]> numbers = new HashMap<>();
        private final Map<String, List<String>> joined = new HashMap<>();
        private final Map<String, Long> widths = new HashMap<>();
        private final Map<String, Long> channels = new HashMap<>();
        private final Map<String, Double> strides = new HashMap<>();
        private long heads;
        private long width;
        private boolean softmax;
        private double patch = Double.MAX_VALUE;
        private double maps;

        void in(GraphProto graph) {
            for (TensorProto tensor : graph.getInitializerList()) {
                constant(tensor.getName(), tensor);
            }
            graph.getNodeList().forEach(this::node);
        }

        private void constant(String name, TensorProto tensor) {
            if (tensor.getDataType() == TensorProto.DataType.INT64_VALUE && tensor.getDimsCount() <= 1) {
                numbers.put(name, numbers(tensor));
            } else if (tensor.getDimsCount() == 2) {
                widths.put(name, Math.max(tensor.getDims(0), tensor.getDims(1)));
            } else if (tensor.getDimsCount() == 4) {
                channels.put(name, tensor.getDims(0));
            }
        }

        private void node(NodeProto node) {
            for (AttributeProto attribute : node.getAttributeList()) {
                switch (attribute.getName()) {
                    case "num_heads" -> heads = Math.max(heads, Math.min(attribute.getI(), MOST_HEADS));
                    case "K", "N" -> wide(attribute.getI());
                    case "value" -> constant(node.getOutputCount() == 0 ? "" : node.getOutput(0), attribute.getT());
                    default -> {}
                }
                if (attribute.hasG()) {
                    in(attribute.getG());
                }
            }
            softmax |= node.getOpType().equals("Softmax");
            strided(node);
            if (node.getOpType().equals("Concat") && node.getOutputCount() == 1) {
                joined.put(node.getOutput(0), node.getInputList());
            }
            if (node.getOpType().equals("Reshape") && node.getInputCount() > 1) {
                reshaped(shape(node.getInput(1)));
            }
            if (!LOOKED_UP.contains(node.getOpType())) {
                node.getInputList().forEach(input -> wide(widths.getOrDefault(input, 0L)));
            }
        }

        /** How many pixels a position of what the node makes stands for: nodes come after what they read. */
        private void strided(NodeProto node) {
            double pixels = node.getInputList().stream()
                    .mapToDouble(input -> strides.getOrDefault(input, 1.0))
                    .max()
                    .orElse(1);
            boolean attends = node.getOpType().equals("Softmax");
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.getName().equals("strides")) {
                    pixels *= attribute.getIntsList().stream()
                            .mapToDouble(stride -> Math.max(1, stride))
                            .reduce(1, (a, b) -> a * b);
                }
                attends |= attribute.getName().equals("num_heads");
            }
            if (attends && pixels > 1) {
                patch = Math.min(patch, pixels);
            }
            for (String input : node.getInputList()) {
                maps = Math.max(maps, channels.getOrDefault(input, 0L) / pixels);
            }
            for (String output : node.getOutputList()) {
                strides.put(output, pixels);
            }
        }

        private void wide(long of) {
            if (of <= WIDEST) {
                width = Math.max(width, of);
            }
        }

        /** {@code [inputs][positions][heads][width of a head]}, as every export of a multi-head attention has it. */
        private void reshaped(long[] shape) {
            if (shape.length == 4 && shape[2] > 0 && shape[2] <= MOST_HEADS && shape[3] > 0) {
                heads = Math.max(heads, shape[2]);
            }
        }

        /** What is not constant is -1. */
        private long[] shape(String name) {
            List<String> parts = joined.get(name);
            if (parts == null) {
                return numbers.getOrDefault(name, new long[0]);
            }
            return parts.stream()
                    .map(part -> numbers.getOrDefault(part, new long[] {-1}))
                    .flatMapToLong(Arrays::stream)
                    .toArray();
        }

        private static long[] numbers(TensorProto tensor) {
            if (!tensor.hasRawData()) {
                return tensor.getInt64DataList().stream()
                        .mapToLong(Long::longValue)
                        .toArray();
            }
            LongBuffer data = tensor.getRawData()
                    .asReadOnlyByteBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asLongBuffer();
            long[] numbers = new long[data.remaining()];
            data.get(numbers);
            return numbers;
        }
    }
}
