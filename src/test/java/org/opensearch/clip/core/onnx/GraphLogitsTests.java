// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.engine.ModelException;

class GraphLogitsTests {

    private static final GraphLogits NONE = new GraphLogits(OptionalDouble.empty(), OptionalDouble.empty());
    private static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;
    private static final int FLOAT16 = TensorProto.DataType.FLOAT16_VALUE;
    private static final int DOUBLE = TensorProto.DataType.DOUBLE_VALUE;

    @TempDir
    Path folder;

    private static TensorProto.Builder weight(int type, long... dims) {
        TensorProto.Builder weight = TensorProto.newBuilder().setDataType(type);
        for (long length : dims) {
            weight.addDims(length);
        }
        return weight;
    }

    private static ByteString bytes(int size, double value) {
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        switch (size) {
            case 2 -> bytes.putShort(Float.floatToFloat16((float) value));
            case 4 -> bytes.putFloat((float) value);
            default -> bytes.putDouble(value);
        }
        return ByteString.copyFrom(bytes.flip());
    }

    private static NodeProto node(String operator, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setOpType(operator)
                .addOutput(output)
                .addAllInput(List.of(inputs))
                .build();
    }

    private GraphLogits read(List<TensorProto.Builder> weights, NodeProto... nodes) throws IOException {
        GraphProto.Builder graph = GraphProto.newBuilder().addAllNode(List.of(nodes));
        weights.forEach(graph::addInitializer);
        Path file = folder.resolve("model.onnx");
        Files.write(file, ModelProto.newBuilder().setGraph(graph).build().toByteArray());
        return GraphLogits.read("model.onnx", file);
    }

    /** As torch exports {@code SiglipModel}, whose parameters lose their names on the way. */
    private GraphLogits siglip(TensorProto.Builder scale, TensorProto.Builder bias) throws IOException {
        return read(
                List.of(scale.setName("onnx::Exp_539"), bias.setName("onnx::Add_540")),
                node("MatMul", "cosines", "text_embeds", "image_embeds_t"),
                node("Exp", "factor", "onnx::Exp_539"),
                node("Mul", "scaled", "cosines", "factor"),
                node("Add", "logits_per_text", "scaled", "onnx::Add_540"),
                node("Transpose", "logits_per_image", "logits_per_text"));
    }

    private static TensorProto.Builder one(double value) {
        return weight(FLOAT, 1).addFloatData((float) value);
    }

    private static void assertIs(double scale, double bias, GraphLogits found) {
        assertEquals(scale, found.scale().orElse(Double.NaN), Math.abs(scale) * 1e-3);
        assertEquals(bias, found.bias().orElse(Double.NaN), Math.abs(bias) * 1e-3);
    }

    @Test
    void clipOfTransformersInOneGraphSaysItsScale() {
        Path file = Path.of("src/test/resources/models/parity/openai-clip-one-graph/model/onnx/model.onnx");
        GraphLogits found = GraphLogits.read("model.onnx", file);
        // the parameter is 0.06613522
        assertEquals(1.068371, found.scale().orElseThrow(), 1e-6);
        assertEquals(OptionalDouble.empty(), found.bias());
    }

    @Test
    void graphsOfOneTowerSayNothing() {
        Path file = Path.of("src/test/resources/models/parity/siglip/model/onnx/text_model.onnx");
        assertEquals(NONE, GraphLogits.read("text_model.onnx", file));
    }

    @Test
    void numbersOfEveryPrecisionAreRead() throws IOException {
        assertIs(112, -16.5, siglip(one(Math.log(112)), one(-16.5)));
        assertIs(
                112,
                -16.5,
                siglip(
                        weight(FLOAT).setRawData(bytes(4, Math.log(112))),
                        weight(DOUBLE).setRawData(bytes(8, -16.5))));
        assertIs(
                100,
                -10,
                siglip(
                        weight(FLOAT16).setRawData(bytes(2, Math.log(100))),
                        weight(FLOAT16).addInt32Data(Float.floatToFloat16(-10) & 0xFFFF)));
        assertIs(100, -10, siglip(weight(DOUBLE).addDoubleData(Math.log(100)), one(-10)));
    }

    @Test
    void itDoesNotMatterOnWhichSideANumberStandsNorHowItGetsThere() throws IOException {
        NodeProto cosines = node("MatMul", "cosines", "image_embeds", "text_embeds_t");
        assertIs(
                112,
                -16.5,
                read(
                        List.of(one(Math.log(112)).setName("s"), one(-16.5).setName("b")),
                        cosines,
                        node("Exp", "e", "s"),
                        node("Cast", "e32", "e"),
                        node("Mul", "scaled", "e32", "cosines"),
                        node("Identity", "same", "scaled"),
                        node("Add", "sum", "b", "same"),
                        node("Cast", "logits_per_image", "sum")));
        NodeProto folded = NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput("factor")
                .addAttribute(AttributeProto.newBuilder().setName("value").setT(one(112)))
                .build();
        GraphLogits clip = read(List.of(), cosines, folded, node("Mul", "logits_per_text", "cosines", "factor"));
        assertEquals(112, clip.scale().orElseThrow());
        assertEquals(OptionalDouble.empty(), clip.bias());
    }

    @Test
    void whatIsNotOneFiniteNumberIsPassedOver() throws IOException {
        OptionalDouble nothing = OptionalDouble.empty();
        for (TensorProto.Builder wrong : List.of(
                weight(FLOAT, 2).addFloatData(1).addFloatData(2),
                weight(FLOAT),
                weight(FLOAT).addInt32Data(1),
                weight(FLOAT).setRawData(bytes(8, 1)),
                weight(FLOAT16).addStringData(ByteString.copyFromUtf8("a")),
                one(Double.NaN),
                weight(TensorProto.DataType.INT64_VALUE).addInt64Data(4),
                one(1).setDataLocation(TensorProto.DataLocation.EXTERNAL))) {
            assertEquals(nothing, siglip(wrong.clone(), one(-10)).scale());
            assertEquals(NONE, siglip(one(1), wrong.clone()));
        }
        assertEquals(nothing, siglip(one(1e4), one(-10)).scale());
    }

    @Test
    void otherGraphsSayNothingAndCirclesEnd() throws IOException {
        List<TensorProto.Builder> weights = List.of(one(1).setName("w"));
        assertEquals(NONE, read(weights, node("Mul", "text_embeds", "hidden", "w")));
        assertEquals(NONE, read(weights, node("Div", "logits_per_text", "cosines", "w")));
        assertEquals(NONE, read(weights, node("Mul", "logits_per_text")));
        assertEquals(NONE, read(weights, node("Identity", "logits_per_text", "logits_per_text")));
        assertEquals(
                NONE,
                read(weights, node("Mul", "logits_per_text", "c", "d"), node("Exp", "c", "d"), node("Exp", "d", "c")));
    }

    @Test
    void aFileThatIsNoGraphIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("model.onnx"), "no graph");
        assertThrows(ModelException.class, () -> GraphLogits.read("model.onnx", file));
    }
}
