// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.opensearch.clip.core.engine.ModelException;

/**
 * Scale and bias of a dual encoder's score, as trained, where its graph computes that score: exports of CLIP and SigLIP with both towers do,
 * {@code logits = cosines * exp(logit_scale) + logit_bias} ({@code CLIPModel} and {@code SiglipModel} of transformers). They are found by what is done
 * with them, because exporters do not always keep the names of parameters.
 */
public record GraphLogits(OptionalDouble scale, OptionalDouble bias) {

    private static final List<String> OUTPUTS = List.of("logits_per_text", "logits_per_image");

    /** Nodes behind an output that are looked at; exports have six. */
    private static final int MOST_STEPS = 32;

    /**
     * Reads the file once, its weights are skipped.
     *
     * @param name of the graph, for messages
     * @throws ModelException when the file is no graph
     */
    public static GraphLogits read(String name, Path file) {
        try {
            return new Nodes(GraphReader.read(name, file, GraphLimits.DEFAULT.heapBytes())
                            .getGraph())
                    .logits();
        } catch (IOException e) {
            throw new ModelException("[" + name + "] cannot be read", e);
        }
    }

    private record Nodes(Map<String, TensorProto> weights, Map<String, NodeProto> makers) {
        Nodes(GraphProto graph) {
            this(new HashMap<>(), new HashMap<>());
            graph.getInitializerList().forEach(weight -> weights.put(weight.getName(), weight));
            graph.getNodeList().forEach(node -> node.getOutputList().forEach(output -> makers.put(output, node)));
        }

        GraphLogits logits() {
            String output =
                    OUTPUTS.stream().filter(makers::containsKey).findFirst().orElse("");
            return behind(output, OptionalDouble.empty(), MOST_STEPS);
        }

        /** Back from the output: what was added last, then what that was multiplied with. */
        private GraphLogits behind(String name, OptionalDouble bias, int steps) {
            NodeProto maker = steps == 0 ? NodeProto.getDefaultInstance() : maker(name);
            OptionalDouble first = constant(input(maker, 0), steps);
            OptionalDouble number = first.isPresent() ? first : constant(input(maker, 1), steps);
            return switch (maker.getOpType()) {
                case "Transpose", "Cast", "Identity" -> behind(input(maker, 0), bias, steps - 1);
                case "Add" ->
                    number.isEmpty()
                            ? new GraphLogits(number, bias)
                            : behind(input(maker, first.isPresent() ? 1 : 0), number, steps - 1);
                case "Mul" -> new GraphLogits(number, bias);
                default -> new GraphLogits(OptionalDouble.empty(), bias);
            };
        }

        private NodeProto maker(String name) {
            return makers.getOrDefault(name, NodeProto.getDefaultInstance());
        }

        private static String input(NodeProto node, int index) {
            return index < node.getInputCount() ? node.getInput(index) : "";
        }

        /** What is made of one weight alone. */
        private OptionalDouble constant(String name, int steps) {
            if (weights.containsKey(name)) {
                return number(weights.get(name));
            }
            NodeProto maker = steps == 0 ? NodeProto.getDefaultInstance() : maker(name);
            return switch (maker.getOpType()) {
                case "Constant" ->
                    maker.getAttributeList().stream()
                            .filter(AttributeProto::hasT)
                            .findFirst()
                            .map(value -> number(value.getT()))
                            .orElseGet(OptionalDouble::empty);
                case "Cast", "Identity" -> constant(input(maker, 0), steps - 1);
                case "Exp" -> {
                    OptionalDouble logarithm = constant(input(maker, 0), steps - 1);
                    yield logarithm.isPresent() ? finite(Math.exp(logarithm.getAsDouble())) : logarithm;
                }
                default -> OptionalDouble.empty();
            };
        }
    }

    /** Empty when it is not one floating-point number that lies in the graph itself. */
    private static OptionalDouble number(TensorProto weight) {
        if (ExternalWeights.elsewhere(weight) || weight.getDimsList().stream().anyMatch(length -> length != 1)) {
            return OptionalDouble.empty();
        }
        ByteBuffer raw = weight.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        return switch (weight.getDataType()) {
            case TensorProto.DataType.FLOAT_VALUE ->
                raw.remaining() == Float.BYTES ? finite(raw.getFloat()) : only(weight.getFloatDataList());
            case TensorProto.DataType.DOUBLE_VALUE ->
                raw.remaining() == Double.BYTES ? finite(raw.getDouble()) : only(weight.getDoubleDataList());
            case TensorProto.DataType.FLOAT16_VALUE ->
                raw.remaining() == Short.BYTES
                        ? finite(Float.float16ToFloat(raw.getShort()))
                        : only(weight.getInt32DataList().stream()
                                .map(bits -> Float.float16ToFloat(bits.shortValue()))
                                .toList());
            default -> OptionalDouble.empty();
        };
    }

    private static OptionalDouble only(List<? extends Number> values) {
        return values.size() == 1 ? finite(values.getFirst().doubleValue()) : OptionalDouble.empty();
    }

    private static OptionalDouble finite(double value) {
        return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
    }
}
