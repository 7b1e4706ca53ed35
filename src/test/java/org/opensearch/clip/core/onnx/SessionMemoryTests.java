// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.engine.Session.Tensor;

/** What a session costs, by what the system says of this process. */
@EnabledOnOs(OS.LINUX)
class SessionMemoryTests {

    static final int SIZE = 1024;
    private static final int LAYERS = 64;
    static final int LAYER_BYTES = 4 * SIZE * SIZE;
    private static final long WEIGHTS = (long) LAYERS * LAYER_BYTES;

    /** What the JVM itself may take or give meanwhile. */
    private static final long NOISE = WEIGHTS / 4;

    @Test
    void aSessionCostsItsWeightsOnceAndNothingWhenClosed(@TempDir Path folder) throws IOException {
        Path graph = matrices(folder.resolve("graph.onnx"), LAYERS);
        OnnxRuntime runtime = new OnnxRuntime((task, delay) -> () -> {});
        for (int round = 0; round < 2; round++) {
            long before = anonymousBytes();
            try (Session session = runtime.open(graph, new OnnxOptions(1, Duration.ofMinutes(5)))) {
                ByteBuffer x = ByteBuffer.allocateDirect(4 * SIZE).order(ByteOrder.nativeOrder());
                session.run(Map.of("x", new Tensor(new long[] {1, SIZE}, x.asFloatBuffer())), "y");
                assertNear(WEIGHTS, session.bytes());
                assertNear(session.bytes(), anonymousBytes() - before);
            }
            assertNear(0, anonymousBytes() - before);
        }
    }

    private static void assertNear(long expected, long found) {
        assertTrue(Math.abs(found - expected) < NOISE, () -> "expected about " + expected + " bytes, found " + found);
    }

    private static long anonymousBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .sum();
    }

    /**
     * Matrices one after the other, each of a size that a real model has: larger pieces never were the allocator's. To protobuf,
     * parts of a model that follow each other are one model.
     */
    static Path matrices(Path file, int layers) throws IOException {
        ModelProto.Builder model =
                ModelProto.parseFrom(Files.readAllBytes(Path.of("src/test/resources/onnx/matmul.onnx"))).toBuilder();
        GraphProto.Builder graph = model.getGraphBuilder().clearInitializer().clearNode();
        width(graph.getInputBuilder(0));
        width(graph.getOutputBuilder(0));
        for (int i = 0; i < layers; i++) {
            graph.addNode(NodeProto.newBuilder()
                    .setOpType("MatMul")
                    .addInput(i == 0 ? "x" : "h" + i)
                    .addInput("w" + i)
                    .addOutput(i == layers - 1 ? "y" : "h" + (i + 1)));
        }
        Files.write(file, model.build().toByteArray());
        ByteBuffer data = ByteBuffer.allocate(LAYER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(7);
        while (data.hasRemaining()) {
            data.putFloat(random.nextFloat() / SIZE);
        }
        for (int i = 0; i < layers; i++) {
            Files.write(file, head("w" + i), StandardOpenOption.APPEND);
            Files.write(file, data.putFloat(0, i).array(), StandardOpenOption.APPEND);
        }
        return file;
    }

    private static void width(ValueInfoProto.Builder port) {
        port.getTypeBuilder()
                .getTensorTypeBuilder()
                .getShapeBuilder()
                .getDimBuilder(1)
                .setDimValue(SIZE);
    }

    /** A model's graph's weight up to its data. */
    private static byte[] head(String name) throws IOException {
        byte[] head = TensorProto.newBuilder()
                .setName(name)
                .setDataType(TensorProto.DataType.FLOAT_VALUE)
                .addDims(SIZE)
                .addDims(SIZE)
                .build()
                .toByteArray();
        int tensor = head.length + prefix(TensorProto.RAW_DATA_FIELD_NUMBER, LAYER_BYTES) + LAYER_BYTES;
        int graph = prefix(GraphProto.INITIALIZER_FIELD_NUMBER, tensor) + tensor;
        ByteString.Output bytes = ByteString.newOutput();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeTag(ModelProto.GRAPH_FIELD_NUMBER, 2);
        out.writeUInt32NoTag(graph);
        out.writeTag(GraphProto.INITIALIZER_FIELD_NUMBER, 2);
        out.writeUInt32NoTag(tensor);
        out.writeRawBytes(head);
        out.writeTag(TensorProto.RAW_DATA_FIELD_NUMBER, 2);
        out.writeUInt32NoTag(LAYER_BYTES);
        out.flush();
        return bytes.toByteString().toByteArray();
    }

    private static int prefix(int field, int length) {
        return CodedOutputStream.computeTagSize(field) + CodedOutputStream.computeUInt32SizeNoTag(length);
    }
}
