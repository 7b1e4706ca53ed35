// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A model that is one file, as some are published: {@code ids [n][32]} becomes {@code text [n][64]} and {@code pixels [n][48]} becomes {@code image [n][64]},
 * each by weights stored in another of the ways that ONNX has.
 */
final class TwoTowers {

    static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;
    private static final int INT64 = TensorProto.DataType.INT64_VALUE;
    private static final int FLOAT16 = TensorProto.DataType.FLOAT16_VALUE;
    private static final int UINT8 = TensorProto.DataType.UINT8_VALUE;

    private final Random random = new Random(11);
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("two towers");
    private final ByteString.Output external = ByteString.newOutput();

    private TwoTowers() {}

    /**
     * Writes {@code file} and, beside it, {@code weights}.
     *
     * @param poison whether a run of the picture tower fails
     */
    static Path write(Path file, boolean poison) throws IOException {
        TwoTowers made = new TwoTowers();
        made.text();
        made.pictures(poison);
        made.graph.addNode(node("MatMul", "similarity", "text", "image_t"));
        made.graph.addNode(node("Transpose", "image_t", "image"));
        made.port("similarity", FLOAT, 0);
        Files.write(
                file,
                ModelProto.newBuilder()
                        .setIrVersion(8)
                        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                        .setGraph(made.graph)
                        .build()
                        .toByteArray());
        Files.write(file.resolveSibling("weights"), made.external.toByteString().toByteArray());
        return file;
    }

    private void text() throws IOException {
        graph.addInput(value("ids", INT64, 32));
        tensor("token_embedding", FLOAT, 100, 16).addAllFloatData(List.of(floats(1600)));
        tensor("shift", INT64, 1, 32, 1)
                .addAllInt64Data(random.longs(32, -3, 3).boxed().toList());
        tensor("positions", INT64, 1, 32, 1, 16)
                .addAllInt64Data(random.longs(512, -1L << 40, 1L << 40).boxed().toList());
        tensor("half", FLOAT16, 16, 64)
                .addAllInt32Data(random.doubles(1024, -1, 1)
                        .mapToObj(x -> Float.floatToFloat16((float) x) & 0xFFFF)
                        .toList());
        tensor("bytes", UINT8, 32, 64)
                .addAllInt32Data(random.ints(2048, 0, 256).boxed().toList());
        tensor("axes", INT64, 1).addInt64Data(1);
        tensor("shape_ids", INT64, 3).addAllInt64Data(List.of(-1L, 32L, 1L));
        tensor("scale", FLOAT, 1).addFloatData(1e-12f);
        graph.addNode(node("Gather", "embedded", "token_embedding", "ids"));
        graph.addNode(cast("positions_f", "positions"));
        graph.addNode(node("Mul", "positions_s", "positions_f", "scale"));
        graph.addNode(node("Reshape", "positions_2", "positions_s", "shape_p"));
        tensor("shape_p", INT64, 3).addAllInt64Data(List.of(1L, 32L, 16L));
        graph.addNode(node("Add", "placed", "embedded", "positions_2"));
        graph.addNode(cast("half_f", "half"));
        graph.addNode(node("MatMul", "wide", "placed", "half_f"));
        graph.addNode(cast("bytes_f", "bytes"));
        graph.addNode(node("Add", "shifted", "wide", "bytes_f"));
        graph.addNode(node("ReduceMean", "text", "shifted").toBuilder()
                .addAttribute(AttributeProto.newBuilder()
                        .setName("axes")
                        .setType(AttributeProto.AttributeType.INTS)
                        .addInts(1))
                .addAttribute(AttributeProto.newBuilder()
                        .setName("keepdims")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(0))
                .build());
        port("text", FLOAT, 64);
    }

    private void pictures(boolean poison) throws IOException {
        graph.addInput(value("pixels", FLOAT, 48));
        ByteBuffer data = ByteBuffer.allocate(4 * 48 * 64).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
            data.putFloat(random.nextFloat() - 0.5f);
        }
        external.write(new byte[100]);
        external.write(data.array());
        for (String name : List.of("outside", "outside_again")) {
            tensor(name, FLOAT, 48, 64)
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", "weights"))
                    .addExternalData(entry("offset", "100"))
                    .addExternalData(entry("length", "" + data.capacity()));
        }
        TensorProto constant = TensorProto.newBuilder()
                .setDataType(FLOAT)
                .addDims(64)
                .addDims(64)
                .setRawData(ByteString.copyFrom(data.array(), 0, 4 * 64 * 48)
                        .concat(ByteString.copyFrom(new byte[4 * 64 * 16])))
                .build();
        graph.addNode(NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput("inside")
                .addAttribute(AttributeProto.newBuilder()
                        .setName("value")
                        .setType(AttributeProto.AttributeType.TENSOR)
                        .setT(constant)));
        tensor("to", INT64, 2).addAllInt64Data(poison ? List.of(-1L, 47L) : List.of(-1L, 48L));
        graph.addNode(node("Reshape", "flat", "pixels", "to"));
        graph.addNode(node("MatMul", "a", poison ? "pixels" : "flat", "outside"));
        graph.addNode(node("MatMul", "b", "pixels", "outside_again"));
        graph.addNode(node("Add", "ab", "a", "b"));
        graph.addNode(node("MatMul", "image_0", "ab", "inside"));
        if (poison) { // 48 into rows of 47 cannot be done
            graph.addNode(node("ReduceSum", "sum", "flat"));
            graph.addNode(node("Add", "image", "image_0", "sum"));
        } else {
            graph.addNode(node("Relu", "image", "image_0"));
        }
        port("image", FLOAT, 64);
    }

    private Float[] floats(int n) {
        Float[] floats = new Float[n];
        for (int i = 0; i < n; i++) {
            floats[i] = random.nextFloat() - 0.5f;
        }
        return floats;
    }

    private TensorProto.Builder tensor(String name, int type, long... dims) {
        TensorProto.Builder tensor = graph.addInitializerBuilder().setName(name).setDataType(type);
        for (long dim : dims) {
            tensor.addDims(dim);
        }
        return tensor;
    }

    private void port(String name, int type, long width) {
        graph.addOutput(value(name, type, width));
    }

    static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    private static NodeProto node(String type, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setOpType(type)
                .setName(output)
                .addOutput(output)
                .addAllInput(List.of(inputs))
                .build();
    }

    private static NodeProto cast(String output, String input) {
        return node("Cast", output, input).toBuilder()
                .addAttribute(AttributeProto.newBuilder()
                        .setName("to")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(FLOAT))
                .build();
    }

    /** {@code [n][width]}; a width of 0 is open too. */
    private static ValueInfoProto value(String name, int type, long width) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        shape.addDimBuilder().setDimParam("n");
        if (width > 0) {
            shape.addDimBuilder().setDimValue(width);
        } else {
            shape.addDimBuilder().setDimParam("m");
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape)))
                .build();
    }
}
