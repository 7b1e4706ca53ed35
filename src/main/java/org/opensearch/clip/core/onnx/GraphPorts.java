// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Ports;
import org.opensearch.clip.core.engine.Session.Element;
import org.opensearch.clip.core.engine.Session.Port;

/** The inputs and outputs of a graph as its file says, without ONNX Runtime; the file is read once, its weights are skipped. */
public record GraphPorts(List<Port> inputs, List<Port> outputs) implements Ports {

    /**
     * Of the part of a graph that makes an output.
     *
     * @param name of the graph, for messages
     * @param wanted names of outputs that will do, best first; when the graph has none of them it stays whole
     * @throws ModelException when the file is no graph
     */
    public static GraphPorts read(String name, Path file, List<String> wanted) {
        try {
            ModelProto whole = GraphReader.read(name, file, GraphLimits.DEFAULT.heapBytes());
            ModelProto cut = GraphCut.toFirst(whole, wanted);
            Set<String> weights = cut.getGraph().getInitializerList().stream()
                    .map(TensorProto::getName)
                    .collect(Collectors.toSet());
            return new GraphPorts(
                    cut.getGraph().getInputList().stream()
                            .filter(input -> !weights.contains(input.getName()))
                            .map(GraphPorts::port)
                            .toList(),
                    cut.getGraph().getOutputList().stream()
                            .map(GraphPorts::port)
                            .toList());
        } catch (IOException e) {
            throw new ModelException("[" + name + "] cannot be read", e);
        }
    }

    private static Port port(ValueInfoProto value) {
        TypeProto.Tensor type = value.getType().getTensorType();
        long[] shape = type.getShape().getDimList().stream()
                .mapToLong(GraphPorts::size)
                .toArray();
        return new Port(value.getName(), element(type.getElemType()), shape);
    }

    private static long size(TensorShapeProto.Dimension dimension) {
        return dimension.hasDimValue() ? dimension.getDimValue() : -1;
    }

    private static Element element(int type) {
        return switch (type) {
            case TensorProto.DataType.FLOAT_VALUE,
                    TensorProto.DataType.FLOAT16_VALUE,
                    TensorProto.DataType.BFLOAT16_VALUE -> Element.FLOAT;
            case TensorProto.DataType.INT64_VALUE -> Element.INT64;
            case TensorProto.DataType.INT32_VALUE -> Element.INT32;
            default -> Element.OTHER;
        };
    }
}
