// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** A tower as PyTorch exports one, narrow: multi-head attention over a mask, and a feed-forward layer with a gelu that is spelled out. */
final class Transformer {
    static final int HEADS = 4;
    static final int WIDE = 256;
    static final int PATCH = 8;
    private static final int HIDDEN = 64;
    private static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;
    private static final int INT64 = TensorProto.DataType.INT64_VALUE;

    private final Random random = new Random(5);
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("transformer");

    private Transformer() {}

    /** Inputs {@code ids} and {@code mask}, {@code [n][m]}; output {@code y}, {@code [n][HIDDEN]}. */
    static Path write(Path file, int layers) throws IOException {
        var made = new Transformer();
        made.graph.addInput(value("ids", INT64, 2)).addInput(value("mask", INT64, 2));
        made.weights("tokens", 100, HIDDEN);
        made.node("Gather", "x0", "tokens", "ids");
        made.mask();
        return made.layers(file, layers);
    }

    /** Input {@code pixels}, {@code [n][3][height][width]}, cut into patches of {@link #PATCH} pixels a side; output {@code y}, {@code [n][HIDDEN]}. */
    static Path writeForPictures(Path file, int layers) throws IOException {
        var made = new Transformer();
        made.graph.addInput(value("pixels", FLOAT, 4));
        made.weights("patches", HIDDEN, 3, PATCH, PATCH);
        made.node("Conv", "map", "pixels", "patches");
        made.attribute("strides").setType(AttributeProto.AttributeType.INTS).addAllInts(List.of((long) PATCH, (long)
                PATCH));
        made.numbers("flat", 0, HIDDEN, -1);
        made.node("Reshape", "rows", "map", "flat");
        made.node("Transpose", "x0", "rows");
        made.ints(List.of("perm"), List.of(List.of(0L, 2L, 1L)));
        made.scalar("one", 1);
        made.scalar("bias", 0);
        return made.layers(file, layers);
    }

    private Path layers(Path file, int layers) throws IOException {
        for (int layer = 0; layer < layers; layer++) {
            layer("x" + layer, "x" + (layer + 1), "l" + layer);
        }
        node("ReduceMean", "y", "x" + layers);
        ints(List.of("axes", "keepdims"), List.of(List.of(1L), List.of(0L)));
        graph.addOutput(value("y", FLOAT, 2));
        Files.write(
                file,
                ModelProto.newBuilder()
                        .setIrVersion(8)
                        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                        .setGraph(graph)
                        .build()
                        .toByteArray());
        return file;
    }

    private void mask() {
        node("Cast", "mask_f", "mask");
        attribute("to").setType(AttributeProto.AttributeType.INT).setI(FLOAT);
        numbers("mask_axes", 1, 2);
        node("Unsqueeze", "mask_4", "mask_f", "mask_axes");
        scalar("one", 1);
        scalar("lowest", -10_000);
        node("Sub", "masked", "one", "mask_4");
        node("Mul", "bias", "masked", "lowest");
    }

    private void layer(String x, String y, String name) {
        node("Shape", name + "shape", x);
        numbers(name + "0", 0);
        numbers(name + "1", 1);
        numbers(name + "2", 2);
        node("Slice", name + "n", name + "shape", name + "0", name + "1");
        node("Slice", name + "m", name + "shape", name + "1", name + "2");
        numbers(name + "heads", HEADS);
        numbers(name + "head", HIDDEN / HEADS);
        numbers(name + "hidden", HIDDEN);
        node("Concat", name + "split", name + "n", name + "m", name + "heads", name + "head");
        ints(List.of("axis"), List.of(List.of(0L)));
        node("Concat", name + "join", name + "n", name + "m", name + "hidden");
        ints(List.of("axis"), List.of(List.of(0L)));
        for (String part : List.of("q", "k", "v")) {
            weights(name + part + "w", HIDDEN, HIDDEN);
            node("MatMul", name + part + "0", x, name + part + "w");
            node("Reshape", name + part + "1", name + part + "0", name + "split");
            node("Transpose", name + part, name + part + "1");
            ints(List.of("perm"), List.of(part.equals("k") ? List.of(0L, 2L, 3L, 1L) : List.of(0L, 2L, 1L, 3L)));
        }
        scalar(name + "scale", 0.25f);
        node("MatMul", name + "scores", name + "q", name + "k");
        node("Mul", name + "scaled", name + "scores", name + "scale");
        node("Add", name + "biased", name + "scaled", "bias");
        node("Softmax", name + "p", name + "biased");
        ints(List.of("axis"), List.of(List.of(-1L)));
        node("MatMul", name + "seen0", name + "p", name + "v");
        node("Transpose", name + "seen1", name + "seen0");
        ints(List.of("perm"), List.of(List.of(0L, 2L, 1L, 3L)));
        node("Reshape", name + "seen", name + "seen1", name + "join");
        node("Add", name + "r", x, name + "seen");
        weights(name + "up", HIDDEN, WIDE);
        weights(name + "down", WIDE, HIDDEN);
        node("MatMul", name + "u", name + "r", name + "up");
        scalar(name + "root", 1.4142f);
        node("Div", name + "d", name + "u", name + "root");
        node("Erf", name + "e", name + "d");
        node("Add", name + "e1", name + "e", "one");
        node("Mul", name + "g", name + "u", name + "e1");
        node("MatMul", name + "f", name + "g", name + "down");
        node("Add", y, name + "r", name + "f");
    }

    private void node(String type, String output, String... inputs) {
        graph.addNode(NodeProto.newBuilder()
                .setOpType(type)
                .setName(output)
                .addOutput(output)
                .addAllInput(List.of(inputs)));
    }

    private AttributeProto.Builder attribute(String name) {
        return graph.getNodeBuilder(graph.getNodeCount() - 1)
                .addAttributeBuilder()
                .setName(name);
    }

    /** Of the node before; lists of one number are numbers where the schema wants one. */
    private void ints(List<String> names, List<List<Long>> values) {
        for (int i = 0; i < names.size(); i++) {
            boolean list = names.get(i).equals("axes") || names.get(i).equals("perm");
            AttributeProto.Builder attribute = attribute(names.get(i))
                    .setType(list ? AttributeProto.AttributeType.INTS : AttributeProto.AttributeType.INT);
            if (list) {
                attribute.addAllInts(values.get(i));
            } else {
                attribute.setI(values.get(i).getFirst());
            }
        }
    }

    private void weights(String name, int... dimensions) {
        var tensor = graph.addInitializerBuilder().setName(name).setDataType(FLOAT);
        int count = 1;
        for (int dimension : dimensions) {
            tensor.addDims(dimension);
            count *= dimension;
        }
        for (int i = 0; i < count; i++) {
            tensor.addFloatData((random.nextFloat() - 0.5f) / 8);
        }
    }

    private void scalar(String name, float value) {
        graph.addInitializerBuilder().setName(name).setDataType(FLOAT).addFloatData(value);
    }

    private void numbers(String name, long... values) {
        var tensor =
                graph.addInitializerBuilder().setName(name).setDataType(INT64).addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
    }

    private static ValueInfoProto value(String name, int type, int dimensions) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (int i = 0; i < dimensions; i++) {
            shape.addDimBuilder().setDimParam(name + i);
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape)))
                .build();
    }
}
