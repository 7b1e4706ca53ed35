// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes the weights of a graph into one file beside it, each where a kernel may load it from, so that they are mapped and not read: the address of
 * mapped weights is as aligned as their offset, and kernels for AVX-512 end the process when packed weights are not at a multiple of 64. Weights that lie at
 * one place before lie at one place afterwards. One use, one thread.
 */
final class WeightsFile implements Closeable {

    /** What the widest registers are loaded from at once. */
    private static final long ALIGNMENT = 64;

    private static final long PAGE = 4096;

    /** Smaller ones are shapes and scalars: they stay in the graph, where an optimiser sees them. */
    private static final long SMALL = 1024;

    private final String name;
    private final TensorData source;
    private final FileChannel out;
    private final Map<TensorData.Place, Long> written = new HashMap<>();

    /** @param source of the graph's tensors */
    WeightsFile(Path file, TensorData source) throws IOException {
        this.name = file.getFileName().toString();
        this.source = source;
        this.out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** @return the model, its large tensors in this file and all others in it */
    ModelProto move(ModelProto model) throws IOException {
        ModelProto.Builder moved = model.toBuilder().setGraph(graph(model.getGraph()));
        for (int i = 0; i < model.getFunctionsCount(); i++) {
            FunctionProto function = model.getFunctions(i);
            FunctionProto.Builder body = function.toBuilder().clearNode();
            for (NodeProto node : function.getNodeList()) {
                body.addNode(node(node));
            }
            moved.setFunctions(i, body);
        }
        return moved.build();
    }

    private GraphProto graph(GraphProto graph) throws IOException {
        GraphProto.Builder moved = graph.toBuilder().clearInitializer().clearNode();
        List<TensorProto> tensors = new ArrayList<>(graph.getInitializerList());
        for (NodeProto node : graph.getNodeList()) {
            if (isLargeConstant(node)) {
                tensors.add(node.getAttribute(0).getT().toBuilder()
                        .setName(node.getOutput(0))
                        .build());
            } else {
                moved.addNode(node(node));
            }
        }
        for (TensorProto tensor : tensors) {
            moved.addInitializer(
                    (TensorSize.bytes(tensor) > SMALL || hasPacked(tensor)) && TensorData.movable(tensor)
                            ? move(tensor)
                            : source.inside(tensor));
        }
        return moved.build();
    }

    private static boolean hasPacked(TensorProto tensor) {
        return tensor.getExternalDataList().stream().anyMatch(PackedWeights::in);
    }

    private static boolean isLargeConstant(NodeProto node) {
        return node.getOpType().equals("Constant")
                && (node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx"))
                && node.getOutputCount() == 1
                && node.getAttributeCount() == 1
                && node.getAttribute(0).hasT()
                && TensorSize.bytes(node.getAttribute(0).getT()) > SMALL;
    }

    private NodeProto node(NodeProto node) throws IOException {
        NodeProto.Builder moved = node.toBuilder().clearAttribute();
        for (AttributeProto attribute : node.getAttributeList()) {
            AttributeProto.Builder one = attribute.toBuilder();
            if (attribute.hasT()) {
                one.setT(source.inside(attribute.getT()));
            }
            for (int i = 0; i < attribute.getTensorsCount(); i++) {
                one.setTensors(i, source.inside(attribute.getTensors(i)));
            }
            if (attribute.hasG()) {
                one.setG(graph(attribute.getG()));
            }
            for (int i = 0; i < attribute.getGraphsCount(); i++) {
                one.setGraphs(i, graph(attribute.getGraphs(i)));
            }
            moved.addAttribute(one);
        }
        return moved.build();
    }

    private TensorProto move(TensorProto tensor) throws IOException {
        TensorData.Place place = source.place(tensor);
        long bytes = TensorSize.bytes(tensor);
        Long offset = written.get(place);
        if (offset == null) {
            offset = begin(bytes);
            source.copy(tensor, place, out);
            written.put(place, offset);
        }
        TensorProto.Builder moved = TensorData.withoutData(tensor)
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", name))
                .addExternalData(entry("offset", offset.toString()))
                .addExternalData(entry("length", Long.toString(bytes)));
        for (StringStringEntryProto entry : tensor.getExternalDataList()) {
            if (PackedWeights.in(entry)) {
                moved.addExternalData(move(tensor, PackedWeights.of(entry)).entry());
            }
        }
        return moved.build();
    }

    private PackedWeights move(TensorProto tensor, PackedWeights packed) throws IOException {
        List<PackedWeights.Piece> moved = new ArrayList<>();
        for (PackedWeights.Piece piece : packed.pieces()) {
            TensorData.Place place = source.place(tensor, piece);
            Long offset = written.get(place);
            if (offset == null) {
                offset = begin(piece.length());
                source.copy(place, out);
                written.put(place, offset);
            }
            moved.add(new PackedWeights.Piece(offset, piece.length(), piece.checksum()));
        }
        return new PackedWeights(packed.name(), packed.kernel(), moved);
    }

    /** @return where that many bytes are written now; nothing has a place that is in the file */
    private long begin(long bytes) throws IOException {
        if (bytes == 0) {
            return 0;
        }
        long alignment = bytes < PAGE ? ALIGNMENT : PAGE;
        long offset = Math.ceilDiv(out.position(), alignment) * alignment;
        out.position(offset);
        return offset;
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
