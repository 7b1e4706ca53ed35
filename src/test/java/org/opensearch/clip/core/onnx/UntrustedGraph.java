// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.ModelException;

/** What holds of any bytes that are taken for a graph: it passes the scan, or a {@link ModelException} says why not. */
public final class UntrustedGraph {

    private UntrustedGraph() {}

    /** @param file is written, and read by the parser */
    public static void read(byte[] bytes, Path file) throws IOException {
        Files.write(file, bytes);
        try {
            GraphScan.check("graph.onnx", file, Map.of("weights", file), GraphLimits.DEFAULT);
            GraphPorts.read("graph.onnx", file, List.of("y"));
            GraphLogits.read("graph.onnx", file);
        } catch (ModelException expected) {
            if (!expected.getMessage().contains("[graph.onnx]")) {
                throw expected;
            }
        }
    }

    /** A graph of everything that the scan looks at, to begin with. */
    public static byte[] seed() {
        GraphProto.Builder inner = GraphProto.newBuilder()
                .addNode(node("Constant", "c")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("value")
                                .setType(AttributeProto.AttributeType.TENSOR)
                                .setT(tensor("", 4))))
                .addOutput(port("c"));
        GraphProto.Builder graph = GraphProto.newBuilder()
                .setName("g")
                .addInput(port("x"))
                .addOutput(port("y"))
                .addInitializer(tensor("w", 2))
                .addInitializer(TensorProto.newBuilder()
                        .setName("e")
                        .addDims(1)
                        .setDataType(TensorProto.DataType.FLOAT_VALUE)
                        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                        .addExternalData(ai.onnx.proto.OnnxMl.StringStringEntryProto.newBuilder()
                                .setKey("location")
                                .setValue("weights")))
                .addNode(node("If", "i", "x")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("then_branch")
                                .setType(AttributeProto.AttributeType.GRAPH)
                                .setG(inner)))
                .addNode(node("ConstantOfShape", "s", "w"))
                .addNode(node("f", "y", "x").setDomain("mine"));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain("mine").setVersion(1))
                .addFunctions(FunctionProto.newBuilder()
                        .setDomain("mine")
                        .setName("f")
                        .addInput("x")
                        .addOutput("y")
                        .addNode(node("Identity", "y", "x")))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    private static NodeProto.Builder node(String type, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setOpType(type)
                .addAllInput(List.of(inputs))
                .addOutput(output);
    }

    private static TensorProto.Builder tensor(String name, int dims) {
        return TensorProto.newBuilder()
                .setName(name)
                .addDims(dims)
                .setDataType(TensorProto.DataType.INT64_VALUE)
                .setRawData(ByteString.copyFrom(new byte[8 * dims]));
    }

    private static ValueInfoProto.Builder port(String name) {
        return ValueInfoProto.newBuilder().setName(name);
    }
}
