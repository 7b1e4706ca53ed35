// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Graphs of {@code x [n][288]} and {@code row [n]} to {@code y [n][288]}: one kind of kernel that packs its weights after the other, and before, between and
 * behind their weights constants whose size is no multiple of 64 bytes.
 */
final class OddConstants {

    static final int WIDTH = 288;

    /** Rows of the smallest constant. */
    static final int ROWS = 9;

    /** Where constants stand among the weights. */
    enum Place {
        BEFORE,
        BETWEEN,
        BEHIND
    }

    /** Kernels, by what they read. */
    enum Weights {
        FP32,
        INT8
    }

    private final Random random = new Random(11);
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("graph");
    private final String name;
    private final DataType type;
    private final Set<Place> places;
    private final List<String> terms = new ArrayList<>();

    private OddConstants(String name, DataType type, Set<Place> places) {
        this.name = name;
        this.type = type;
        this.places = places;
    }

    /** @param type of the constants */
    static ModelProto model(Weights weights, DataType type, Set<Place> places) {
        OddConstants made = new OddConstants("odd_", type, places);
        made.graph.addInput(port("x", DataType.FLOAT, WIDTH));
        made.graph.addInput(port("row", DataType.INT64));
        made.add(weights);
        made.node("Sum", "y", made.terms);
        made.graph.addOutput(port("y", DataType.FLOAT, WIDTH));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .addOpsetImport(OperatorSetIdProto.newBuilder()
                        .setDomain("com.microsoft")
                        .setVersion(1))
                .setGraph(made.graph)
                .build();
    }

    /**
     * The same model with its weights in a file beside it, each at an offset that is {@code odd} more than a multiple of 64.
     *
     * @param file of the graph; {@code weights} is written beside it
     */
    static void writeBeside(Path file, ModelProto model, int odd) throws IOException {
        ModelProto.Builder moved = model.toBuilder();
        ByteString.Output beside = ByteString.newOutput();
        for (TensorProto.Builder tensor : moved.getGraphBuilder().getInitializerBuilderList()) {
            ByteString data = tensor.getRawData();
            if (data.size() <= 1024) {
                continue;
            }
            beside.write(new byte[Math.floorMod(odd - beside.size(), 64)]);
            tensor.setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .clearRawData()
                    .addExternalData(TwoTowers.entry("location", "weights"))
                    .addExternalData(TwoTowers.entry("offset", "" + beside.size()))
                    .addExternalData(TwoTowers.entry("length", "" + data.size()));
            data.writeTo(beside);
        }
        Files.write(file, moved.build().toByteArray());
        Files.write(file.resolveSibling("weights"), beside.toByteString().toByteArray());
    }

    private void add(Weights weights) {
        constant(Place.BEFORE);
        if (weights == Weights.FP32) {
            matMul();
            gemm();
            constant(Place.BETWEEN);
            conv();
            attention();
            unpacked();
            branch();
        } else {
            dynamic();
            integer();
            constant(Place.BETWEEN);
            linear();
            linearConv();
            fourBits();
        }
        constant(Place.BEHIND);
    }

    // ---- constants

    private void constant(Place place) {
        if (!places.contains(place)) {
            return;
        }
        String name = this.name + place;
        long[] dims = switch (place) {
            case BEFORE -> new long[] {77, 77}; // the causal mask of a text tower
            case BETWEEN -> new long[] {ROWS, 131};
            case BEHIND -> new long[] {ROWS, 133};
        };
        ByteBuffer data = ByteBuffer.allocate(8 * elements(dims)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < elements(dims); i++) {
            put(data, random.nextInt(0, 3));
        }
        tensor(name, type, data, dims);
        node("Gather", name + "_rows", List.of(name, "row"));
        node("Cast", name + "_floats", List.of(name + "_rows"), integer("to", DataType.FLOAT_VALUE));
        node("ReduceMean", name + "_mean", List.of(name + "_floats"), integers("axes", 1));
        terms.add(name + "_mean");
    }

    private void put(ByteBuffer data, int value) {
        switch (type) {
            case DOUBLE -> data.putDouble(value);
            case FLOAT -> data.putFloat(value);
            case FLOAT16 -> data.putShort(Float.floatToFloat16(value));
            case BFLOAT16 -> data.putShort((short) (Float.floatToIntBits(value) >> 16));
            case INT64, UINT64 -> data.putLong(value);
            case INT32, UINT32 -> data.putInt(value);
            case INT16, UINT16 -> data.putShort((short) value);
            case BOOL -> data.put((byte) (value & 1));
            default -> data.put((byte) value);
        }
    }

    // ---- kernels

    private void matMul() {
        floats("matmul_w", WIDTH, WIDTH);
        term(node("MatMul", "matmul", List.of("x", "matmul_w")));
    }

    private void gemm() {
        floats("gemm_w", WIDTH, WIDTH);
        floats("gemm_b", WIDTH);
        term(node("Gemm", "gemm", List.of("x", "gemm_w", "gemm_b")));
    }

    private void conv() {
        floats("conv_w", 32, 32, 3, 3);
        floats("conv_b", 32);
        reshape("conv_x", "x", -1, 32, 3, 3);
        node("Conv", "conv", List.of("conv_x", "conv_w", "conv_b"), integers("pads", 1, 1, 1, 1));
        term(reshape("conv_y", "conv", -1, WIDTH));
    }

    private void attention() {
        floats("attention_w", 96, 3 * 96);
        floats("attention_b", 3 * 96);
        reshape("attention_x", "x", -1, 3, 96);
        graph.addNode(made("Attention", "attention", List.of("attention_x", "attention_w", "attention_b"))
                .setDomain("com.microsoft")
                .addAttribute(integer("num_heads", 4)));
        term(reshape("attention_y", "attention", -1, WIDTH));
    }

    /** Kernels that take their weights as they are. */
    private void unpacked() {
        floats("norm_w", WIDTH);
        floats("norm_b", WIDTH);
        node("LayerNormalization", "norm", List.of("x", "norm_w", "norm_b"));
        floats("depthwise_w", 32, 1, 3, 3);
        node("Conv", "depthwise", List.of("conv_x", "depthwise_w"), integers("pads", 1, 1, 1, 1), integer("group", 32));
        reshape("depthwise_y", "depthwise", -1, WIDTH);
        floats("scale", WIDTH);
        node("Mul", "scaled", List.of("norm", "scale"));
        term(node("Add", "unpacked", List.of("scaled", "depthwise_y")));
    }

    /** Weights of a subgraph. */
    private void branch() {
        OddConstants then = new OddConstants("odd_then_", type, places);
        then.constant(Place.BEFORE);
        then.floats("then_w", WIDTH, WIDTH);
        then.term(then.node("MatMul", "then_matmul", List.of("x", "then_w")));
        then.node("Sum", "then_y", then.terms);
        then.graph.addOutput(port("then_y", DataType.FLOAT, WIDTH));
        OddConstants other = new OddConstants("odd_else_", type, places);
        other.node("Neg", "else_y", List.of("x"));
        other.graph.addOutput(port("else_y", DataType.FLOAT, WIDTH));
        scalar("zero", 0);
        node("ReduceMax", "max", List.of("x"), integer("keepdims", 0));
        node("Greater", "positive", List.of("max", "zero"));
        term(node("If", "branch", List.of("positive"), part("then_branch", then), part("else_branch", other)));
    }

    private static AttributeProto part(String name, OddConstants branch) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(branch.graph.setName(name))
                .build();
    }

    /** As dynamic quantisation writes it, which ONNX Runtime makes one kernel of. */
    private void dynamic() {
        bytes("dynamic_w", DataType.INT8, WIDTH, WIDTH);
        graph.addNode(made("DynamicQuantizeLinear", "x_q", List.of("x"))
                .addOutput("x_scale")
                .addOutput("x_zero"));
        scalar("w_scale", 0.01f);
        scalar("w_zero", DataType.INT8, 0);
        node("MatMulInteger", "dynamic_i", List.of("x_q", "dynamic_w", "x_zero", "w_zero"));
        node("Cast", "dynamic_f", List.of("dynamic_i"), integer("to", DataType.FLOAT_VALUE));
        node("Mul", "scales", List.of("x_scale", "w_scale"));
        term(node("Mul", "dynamic", List.of("dynamic_f", "scales")));
    }

    private void integer() {
        bytes("integer_w", DataType.UINT8, WIDTH, WIDTH);
        node("MatMulInteger", "integer_i", List.of("x_q", "integer_w", "x_zero"));
        node("Cast", "integer_f", List.of("integer_i"), integer("to", DataType.FLOAT_VALUE));
        scalar("thousandth", 0.001f);
        term(node("Mul", "integer", List.of("integer_f", "thousandth")));
    }

    private void linear() {
        bytes("linear_w", DataType.INT8, WIDTH, WIDTH);
        scalar("y_scale", 0.05f);
        scalar("y_zero", DataType.UINT8, 128);
        node("QuantizeLinear", "q", List.of("x", "y_scale", "y_zero"));
        node(
                "QLinearMatMul",
                "linear_q",
                List.of("q", "y_scale", "y_zero", "linear_w", "w_scale", "w_zero", "y_scale", "y_zero"));
        term(node("DequantizeLinear", "linear", List.of("linear_q", "y_scale", "y_zero")));
    }

    private void linearConv() {
        bytes("linear_conv_w", DataType.INT8, 32, 32, 3, 3);
        reshape("linear_conv_x", "q", -1, 32, 3, 3);
        node(
                "QLinearConv",
                "linear_conv_q",
                List.of(
                        "linear_conv_x",
                        "y_scale",
                        "y_zero",
                        "linear_conv_w",
                        "w_scale",
                        "w_zero",
                        "y_scale",
                        "y_zero"),
                integers("pads", 1, 1, 1, 1));
        node("DequantizeLinear", "linear_conv_f", List.of("linear_conv_q", "y_scale", "y_zero"));
        term(reshape("linear_conv", "linear_conv_f", -1, WIDTH));
    }

    private void fourBits() {
        int blocks = WIDTH / 32;
        bytes("four_w", DataType.UINT8, WIDTH, blocks, 16);
        floats("four_s", WIDTH * blocks);
        graph.addNode(made("MatMulNBits", "four", List.of("x", "four_w", "four_s"))
                .setDomain("com.microsoft")
                .addAttribute(integer("K", WIDTH))
                .addAttribute(integer("N", WIDTH))
                .addAttribute(integer("bits", 4))
                .addAttribute(integer("block_size", 32)));
        term("four");
    }

    // ---- parts of a graph

    private void term(String name) {
        terms.add(name);
    }

    private void floats(String name, long... dims) {
        int elements = elements(dims);
        ByteBuffer data = ByteBuffer.allocate(4 * elements).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
            data.putFloat((random.nextFloat() - 0.5f) / 8);
        }
        tensor(name, DataType.FLOAT, data, dims);
    }

    private void bytes(String name, DataType type, long... dims) {
        byte[] data = new byte[elements(dims)];
        random.nextBytes(data);
        tensor(name, type, ByteBuffer.wrap(data).position(data.length), dims);
    }

    private void scalar(String name, float value) {
        tensor(
                name,
                DataType.FLOAT,
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value));
    }

    private void scalar(String name, DataType type, int value) {
        tensor(name, type, ByteBuffer.allocate(1).put((byte) value));
    }

    private void tensor(String name, DataType type, ByteBuffer data, long... dims) {
        TensorProto.Builder tensor = graph.addInitializerBuilder().setName(name).setDataType(type.getNumber());
        for (long dim : dims) {
            tensor.addDims(dim);
        }
        tensor.setRawData(ByteString.copyFrom(data.flip()));
    }

    private static int elements(long... dims) {
        long elements = 1;
        for (long dim : dims) {
            elements *= dim;
        }
        return Math.toIntExact(elements);
    }

    private String reshape(String output, String input, long... dims) {
        ByteBuffer shape = ByteBuffer.allocate(8 * dims.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long dim : dims) {
            shape.putLong(dim);
        }
        tensor(output + "_shape", DataType.INT64, shape, dims.length);
        return node("Reshape", output, List.of(input, output + "_shape"));
    }

    private String node(String operator, String output, List<String> inputs, AttributeProto... attributes) {
        graph.addNode(made(operator, output, inputs).addAllAttribute(List.of(attributes)));
        return output;
    }

    private static NodeProto.Builder made(String operator, String output, List<String> inputs) {
        return NodeProto.newBuilder()
                .setOpType(operator)
                .setName(output)
                .addOutput(output)
                .addAllInput(inputs);
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    private static AttributeProto integers(String name, long... values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        for (long value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
    }

    private static ValueInfoProto port(String name, DataType type, long... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        shape.addDimBuilder().setDimParam("n");
        for (long dim : dims) {
            shape.addDimBuilder().setDimValue(dim);
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(type.getNumber())
                                .setShape(shape)))
                .build();
    }
}
