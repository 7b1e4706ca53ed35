// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.engine.ModelException;

/** Which operators a published graph may hold: those of every family and of every form that it is published in, and no others. */
class OperatorsTests {

    @TempDir
    Path folder;

    static Stream<Path> graphs() throws IOException {
        try (Stream<Path> parity = Files.walk(Path.of("src/test/resources/models"));
                Stream<Path> bundled = Files.walk(Path.of("config"))) {
            return Stream.concat(parity, bundled).filter(file -> file.toString().endsWith(".onnx")).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void passesEveryFamily(Path graph) throws IOException {
        String weights = graph.getFileName() + "_data";
        Map<String, Path> beside = Map.of(weights, graph.resolveSibling(weights));
        assertTrue(GraphScan.check("graph.onnx", graph, beside, GraphLimits.DEFAULT)
                        .nodes()
                > 0);
    }

    /** What each way of publishing a model writes, beside what the graphs above have. By the sources of exporters, optimisers and quantisers. */
    @ParameterizedTest
    @CsvSource({
        "towers of ResNet and timm, Add AveragePool BatchNormalization Ceil Clip Conv Flatten Gemm GlobalAveragePool HardSigmoid HardSwish MaxPool Pad"
                + " ReduceL2 ReduceMean Relu Resize Sigmoid",
        "positions and masks, Abs CumSum Einsum Floor Less Log Max Min NonZero Not ScatterND Split Sin Cos Tile TopK Trilu Where Xor",
        "opset 18 to 23 of the dynamo exporter, Attention CastLike Gelu GroupNormalization If IsNaN LayerNormalization Mish Or RMSNormalization"
                + " ReduceMax RotaryEmbedding ScatterElements SequenceAt Size Split SplitToSequence Swish BitwiseAnd BitwiseNot",
        "int8 and uint8 of transformers.js and Optimum, Cast ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger com.microsoft:QAttention",
        "static int8, DequantizeLinear QLinearConv QLinearMatMul QuantizeLinear com.microsoft:QGemm com.microsoft:QLinearAdd"
                + " com.microsoft:QLinearAveragePool com.microsoft:QLinearConcat com.microsoft:QLinearGlobalAveragePool"
                + " com.microsoft:QLinearLeakyRelu com.microsoft:QLinearMul com.microsoft:QLinearSigmoid com.microsoft:QLinearSoftmax",
        "q4 and q4f16 and bnb4, Cast com.microsoft:GatherBlockQuantized com.microsoft:MatMulBnb4 com.microsoft:MatMulNBits",
        "optimised (O1 to O4), com.microsoft:Attention com.microsoft:BiasGelu com.microsoft:FastGelu com.microsoft:FusedConv com.microsoft:FusedGemm"
                + " com.microsoft:FusedMatMul com.microsoft:Gelu com.microsoft:MultiHeadAttention com.microsoft:QuickGelu"
                + " com.microsoft:SkipLayerNormalization",
        "optimised and int8, com.microsoft:DynamicQuantizeMatMul com.microsoft:MatMulIntegerToFloat com.microsoft:QAttention",
        "decoders as encoders, SimplifiedLayerNormalization com.microsoft:GroupQueryAttention com.microsoft:RotaryEmbedding"
                + " com.microsoft:SimplifiedLayerNormalization com.microsoft:SkipSimplifiedLayerNormalization"
    })
    void passesEveryFormThatModelsArePublishedIn(String form, String operators) throws IOException {
        for (String operator : operators.split(" ")) {
            assertTrue(Operators.PUBLISHED.contains(operator), () -> form + ": " + operator);
            write(graph(node(operator)));
            assertEquals(1, check().nodes());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EmbedLayerNormalization",
                "QEmbedLayerNormalization",
                "ConvTransposeWithDynamicPads",
                "SparseAttention"
            })
    void refusesOperatorsWithAKnownFault(String operator) throws IOException {
        write(graph(node("com.microsoft:" + operator)));
        refused(
                "it has the operator [com.microsoft:" + operator
                        + "] of node [n], which is refused as long as this plugin carries an ONNX Runtime that has a fault in it");
        GraphScan.checkPrepared(
                "graph.onnx", file(), Map.of(), GraphLimits.DEFAULT); // where it made the operator itself
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LSTM",
                "NonMaxSuppression",
                "StringSplit",
                "RandomNormal",
                "ImageDecoder",
                "Made_Up",
                "com.microsoft:Tokenizer",
                "com.microsoft:MoE",
                "com.microsoft:Add",
                "com.microsoft.nchwc:Conv"
            })
    void refusesOperatorsThatNoFamilyUses(String operator) throws IOException {
        write(graph(node(operator)));
        refused("it has the operator [" + operator + "] of node [n], which no supported model uses");
        write(ModelProto.newBuilder()
                .setGraph(graph(node("mine:f")))
                .addFunctions(FunctionProto.newBuilder()
                        .setDomain("mine")
                        .setName("f")
                        .addNode(node(operator))));
        refused("it has the operator [" + operator + "] of node [n], which no supported model uses");
    }

    /** A function or an operator of another domain that goes by the name of the one that may branch. */
    @Test
    void refusesSubgraphsOfWhatIsOnlyCalledIf() throws IOException {
        NodeProto.Builder call = node("mine:If")
                .addAttribute(AttributeProto.newBuilder().setName("then_branch").setG(GraphProto.newBuilder()));
        write(ModelProto.newBuilder()
                .setGraph(graph(call))
                .addFunctions(FunctionProto.newBuilder()
                        .setDomain("mine")
                        .setName("If")
                        .addNode(node("Add"))));
        refused("operator [mine:If] of node [n] is control flow; allowed is [If]");
        write(graph(call.setDomain("com.microsoft")));
        refused("operator [com.microsoft:If] of node [n] is control flow; allowed is [If]");
        write(ModelProto.newBuilder()
                .setGraph(graph())
                .addFunctions(FunctionProto.newBuilder()
                        .setDomain("mine")
                        .setName("If")
                        .addAttributeProto(AttributeProto.newBuilder()
                                .setName("then_branch")
                                .setG(GraphProto.newBuilder()))));
        refused("operator [mine:If] of node [] is control flow; allowed is [If]");
        write(graph(node("Add")
                .addAttribute(AttributeProto.newBuilder().setName("body").addGraphs(GraphProto.newBuilder()))));
        refused("operator [Add] of node [n] is control flow");
    }

    @ParameterizedTest
    @ValueSource(ints = {21, 22, 23, 25, 26})
    void refusesElementsThatShareAByte(int type) throws IOException {
        TensorProto tensor = TensorProto.newBuilder()
                .setName("w")
                .setDataType(type)
                .addDims(2)
                .addInt32Data(1)
                .build();
        TypeProto value = TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(type))
                .build();
        TypeProto list = TypeProto.newBuilder()
                .setSequenceType(TypeProto.Sequence.newBuilder().setElemType(value))
                .build();
        for (GraphProto.Builder graph : List.of(
                graph().addInitializer(tensor),
                graph(node("Constant")
                        .addAttribute(
                                AttributeProto.newBuilder().setName("value").setT(tensor))),
                graph(node("Cast")
                        .addAttribute(AttributeProto.newBuilder().setName("to").setI(type))),
                graph(node("QuantizeLinear")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("output_dtype")
                                .setI(type))),
                graph().addInput(ValueInfoProto.newBuilder().setName("x").setType(value)),
                graph().addOutput(ValueInfoProto.newBuilder().setName("y").setType(value)),
                graph().addValueInfo(ValueInfoProto.newBuilder().setName("z").setType(list)))) {
            write(graph);
            refused("elements of type " + type + ", several of which share a byte, are not supported: ");
        }
        write(ModelProto.newBuilder()
                .setGraph(graph())
                .addFunctions(FunctionProto.newBuilder()
                        .setDomain("mine")
                        .setName("f")
                        .addValueInfo(ValueInfoProto.newBuilder().setName("z").setType(value))));
        refused("elements of type " + type);
    }

    @Test
    void refusesValuesThatAreNoTensors() throws IOException {
        TypeProto map =
                TypeProto.newBuilder().setMapType(TypeProto.Map.newBuilder()).build();
        write(graph().addValueInfo(ValueInfoProto.newBuilder().setName("z").setType(map)));
        refused("value [z] is no tensor");
        write(graph(node("SequenceConstruct")
                .addAttribute(AttributeProto.newBuilder().setName("type").setTp(map))));
        refused("operator [SequenceConstruct] of node [n] makes values that are no tensors");
    }

    @Test
    void everyNameIsWrittenOnce() {
        assertFalse(Operators.PUBLISHED.contains(""));
        assertEquals(
                Operators.PUBLISHED.size(),
                Operators.PUBLISHED.stream().map(String::strip).distinct().count());
    }

    private static NodeProto.Builder node(String operator) {
        String[] parts = operator.split(":");
        return NodeProto.newBuilder()
                .setName("n")
                .setOpType(parts[parts.length - 1])
                .setDomain(parts.length == 2 ? parts[0] : "");
    }

    private static GraphProto.Builder graph(NodeProto.Builder... nodes) {
        GraphProto.Builder graph = GraphProto.newBuilder();
        Arrays.stream(nodes).forEach(graph::addNode);
        return graph;
    }

    private Path file() {
        return folder.resolve("graph.onnx");
    }

    private void write(GraphProto.Builder graph) throws IOException {
        write(ModelProto.newBuilder().setGraph(graph));
    }

    private void write(ModelProto.Builder model) throws IOException {
        Files.write(file(), model.build().toByteArray());
    }

    private GraphScan.Scanned check() throws IOException {
        return GraphScan.check("graph.onnx", file(), Map.of(), GraphLimits.DEFAULT);
    }

    private void refused(String why) {
        ModelException e = assertThrows(ModelException.class, this::check);
        assertTrue(e.getMessage().startsWith("[graph.onnx] is refused: " + why), e::getMessage);
    }
}
