// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TrainingInfoProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;

/** Graphs that ask for more than an embedding model needs, one by one, made here with the protobuf classes. */
class GraphScanTests {

    private static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;
    private static final int INT64 = TensorProto.DataType.INT64_VALUE;
    private static final int UINT8 = TensorProto.DataType.UINT8_VALUE;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void weightsBesideTheGraph() throws IOException {
        file = folder.resolve("graph.onnx");
        Files.write(folder.resolve("weights"), new byte[] {1, 2, 3, 4});
    }

    @ParameterizedTest
    @ValueSource(strings = {"text_model", "vision_model"})
    void passesTheBundledModel(String name) throws IOException {
        Path graph = Path.of("config/opensearch-clip-demo-v1/onnx", name + ".onnx");
        long weights =
                GraphScan.check(name, graph, Map.of(), GraphLimits.DEFAULT).weights();
        assertTrue(
                weights > Files.size(graph) / 2 && weights < Files.size(graph),
                () -> weights + " of " + graph.toFile().length());
    }

    @Test
    void passesWeightsInAListedFileAndOnnxRuntimeReadsThem() throws IOException {
        write(graph().addInitializer(external("weights", "0", "4")));
        var runtime = new OnnxRuntime((task, delay) -> () -> {});
        try (Session session = runtime.open(file, Set.of("weights"), new OnnxOptions(1, Duration.ofMinutes(1)))) {
            ByteBuffer x =
                    ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putFloat(0, 7);
            var input = Map.of("x", new Session.Tensor(new long[] {1}, x.asFloatBuffer()));
            assertArrayEquals(new float[] {7}, session.run(input, "y").data());
        }
        assertEquals(4, check());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "../weights",
                "/etc/hostname",
                "./weights",
                "sub/weights",
                "up/weights",
                "..\\weights",
                "C:\\weights",
                "Weights",
                "weights\0",
                "weights/",
                "%2e%2e/weights",
                "other",
                "*/_ORT_MEM_ADDR_/*",
                "*/_ORT_MEM_LE_ADDR_/*"
            })
    void refusesWeightsAnywhereElse(String location) throws IOException {
        Files.write(folder.resolve("other"), new byte[4]);
        Files.createDirectory(folder.resolve("sub"));
        Files.write(folder.resolve("sub/weights"), new byte[4]);
        refused("which is none of the model's files [weights]", graph().addInitializer(external(location, "0", "4")));
    }

    @Test
    void refusesLinksAndFoldersAsWeights() throws IOException {
        Path secret = Files.write(folder.resolve("secret"), new byte[] {1, 2, 3, 4});
        Files.createSymbolicLink(folder.resolve("symbolic"), secret);
        Files.createLink(folder.resolve("hard"), secret);
        Files.createDirectory(folder.resolve("directory"));
        Set<String> listed = Set.of("symbolic", "hard", "directory", "missing");
        for (String name : List.of("symbolic", "directory", "missing")) {
            write(graph().addInitializer(external(name, "0", "4")));
            refused("missing or no regular file", listed);
        }
        write(graph().addInitializer(external("hard", "0", "4")));
        refused("which has 2 names on this disk", listed);
    }

    /** Kernels take packed weights as they are: of another length than they think, they are read beyond their end. */
    @Test
    void refusesWeightsThatArePackedAlready() throws IOException {
        TensorProto packed = external("weights", "0", "4").toBuilder()
                .addExternalData(TwoTowers.entry("prepacked_0", "MatMul+1|0;4;0"))
                .build();
        refused(
                "gives a [prepacked_0], known are [checksum, length, location, offset]",
                graph().addInitializer(packed));
        assertEquals(
                4,
                GraphScan.checkPrepared("graph.onnx", file, beside(Set.of("weights")), GraphLimits.DEFAULT)
                        .weights());
    }

    @Test
    void refusesPlacesBeyondTheFileOfWeights() throws IOException {
        refused("wants 4 bytes at 1 of [weights], which has 4", graph().addInitializer(external("weights", "1", "4")));
        refused("wants 4 bytes at " + (1L << 59), graph().addInitializer(external("weights", "" + (1L << 59), "4")));
        refused("has the [offset] [-1]", graph().addInitializer(external("weights", "-1", "4")));
        refused("has the [length] [4 ]", graph().addInitializer(external("weights", "0", "4 ")));
        refused(
                "has the [offset] [99999999999999999999]",
                graph().addInitializer(external("weights", "99999999999999999999", "4")));
        refused(
                "gives its [location] twice",
                graph().addInitializer(external("weights", "0", "4").toBuilder()
                        .addExternalData(StringStringEntryProto.newBuilder()
                                .setKey("location")
                                .setValue("/etc/hostname"))));
        refused("has data of 3 bytes", graph().addInitializer(external("weights", "0", "3")));
    }

    @Test
    void findsTensorsWhereverTheyHide() throws IOException {
        TensorProto outside = external("../secret", "0", "4");
        String reason = "which is none of the model's files";
        refused(
                reason,
                graph().addNode(op("Constant").addAttribute(attribute("value").setT(outside))));
        refused(
                reason,
                graph().addNode(op("Constant").addAttribute(attribute("values").addTensors(outside))));
        refused(reason, branch(GraphProto.newBuilder().addInitializer(outside)));
        NodeProto.Builder constant =
                op("Constant").addAttribute(attribute("value").setT(outside));
        refused(reason, call("f"), function("f", constant));
    }

    @Test
    void refusesOnePieceOfAFilePassedOffAsManyWeights() throws IOException {
        sparse(folder.resolve("weights"), 100 << 20);
        GraphProto.Builder graph = graph();
        for (int i = 0; i < 3; i++) {
            graph.addInitializer(
                    external("weights", "0", "" + (100 << 20)).toBuilder().setDims(0, 100 << 20));
        }
        refused("its weights are 314572800 bytes and its files hold 10485", graph);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Loop", "Scan", "SequenceMap", "com.microsoft:BeamSearch"})
    void refusesControlFlowThatMayRunForever(String operator) throws IOException {
        String[] parts = operator.split(":");
        NodeProto.Builder node =
                op(parts[parts.length - 1]).addAttribute(attribute("body").setG(GraphProto.newBuilder()));
        if (parts.length == 2) {
            node.setDomain(parts[0]);
        }
        refused("operator [" + operator + "] of node [n] is control flow; allowed is [If]", graph().addNode(node));
    }

    @Test
    void passesBranchesToALimitOfDepth() throws IOException {
        write(nested(16));
        assertEquals(0, check());
        refused("its subgraphs and functions are deeper than 16", nested(17));
        refused("nests messages deeper than 100", nested(40));
    }

    /** Protobuf's own reader recurses in groups, which no field of ONNX is. */
    @ParameterizedTest
    @ValueSource(ints = {101, 1_000_000})
    void refusesGroupsInGroups(int depth) throws IOException {
        byte[] groups = new byte[2 * depth];
        Arrays.fill(groups, 0, depth, (byte) (15 << 3 | 3));
        Arrays.fill(groups, depth, 2 * depth, (byte) (15 << 3 | 4));
        Files.write(file, groups);
        refused("is no ONNX model", Set.of());
        write(graph());
        Files.write(file, groups, StandardOpenOption.APPEND);
        refused("is no ONNX model", Set.of());
    }

    @Test
    void refusesTypesInTypes() throws IOException {
        TypeProto type = TypeProto.getDefaultInstance();
        for (int i = 0; i < 60; i++) {
            type = TypeProto.newBuilder()
                    .setSequenceType(TypeProto.Sequence.newBuilder().setElemType(type))
                    .build();
        }
        refused(
                "nests messages deeper than 100",
                graph().addValueInfo(port("z").toBuilder().setType(type)));
    }

    @Test
    void refusesOperatorsOfUnknownDomains() throws IOException {
        refused(
                "operator [evil.ops:Boom] of node [n] is of an unknown domain",
                graph().addNode(op("Boom").setDomain("evil.ops")));
        refused("operator [ai.onnx?:Add]", graph().addNode(op("Add").setDomain("ai.onnx\0")));
        refused("brings compiled code", graph().addNode(op("EPContext").setDomain("com.microsoft")));
        write(graph().addNode(op("Gelu").setDomain("com.microsoft"))
                .addNode(op("Add").setDomain("ai.onnx")));
        assertEquals(0, check());
    }

    @Test
    void countsFunctionsAsOftenAsTheyAreCalled() throws IOException {
        write(call("f"), function("f", op("Add"), op("Mul")));
        assertEquals(0, check());
        FunctionProto.Builder[] trebling = new FunctionProto.Builder[15];
        for (int i = 0; i < trebling.length; i++) {
            NodeProto.Builder next =
                    i == trebling.length - 1 ? op("Add") : op("f" + (i + 1)).setDomain("mine");
            trebling[i] = function("f" + i, next, next, next);
        }
        refused("it has more than 100000 nodes", call("f0"), trebling);
        refused("its function [f] calls itself", call("f"), function("f", op("f").setDomain("mine")));
        refused(
                "function [Conv] of its own in the domain []",
                graph(),
                function("Conv", op("Add")).setDomain(""));
        refused("it defines the function [f] twice", graph(), function("f", op("Add")), function("f", op("Mul")));
    }

    /** Each is one node long: by the number of nodes they are harmless, and recursion without a limit ends the node on them. */
    @ParameterizedTest
    @ValueSource(ints = {17, 1_000, 50_000})
    void refusesChainsOfFunctions(int length) throws IOException {
        String why = length > 1_000
                ? "it defines 50000 functions, at most 1000 are allowed"
                : "its subgraphs and functions are deeper than 16";
        refused(why, call("f0"), chain(length));
    }

    @Test
    void passesChainsOfFunctionsToALimitOfDepth() throws IOException {
        refused("its subgraphs and functions are deeper than 16", graph(), chain(18)); // nothing calls it
        write(call("f0"), chain(16));
        assertEquals(0, check());
        new OnnxRuntime((task, delay) -> () -> {})
                .open(file, new OnnxOptions(1, Duration.ofMinutes(1)))
                .close();
    }

    @Test
    void addsUpTheDepthOfFunctionsThatAreKnownAlready() throws IOException {
        String why = "its subgraphs and functions are deeper than 16";
        GraphProto.Builder branch = GraphProto.newBuilder().addNode(op("f0").setDomain("mine"));
        write(branch(branch), chain(15));
        assertEquals(0, check());
        refused(why, branch(branch), chain(16));
        FunctionProto.Builder caller = function("g", branch(branch).getNode(0).toBuilder());
        refused(
                why,
                call("g"),
                Stream.concat(Stream.of(chain(15)), Stream.of(caller)).toArray(FunctionProto.Builder[]::new));
    }

    @Test
    void findsTensorsInWhatAFunctionTakesForGranted() throws IOException {
        refused(
                "which is none of the model's files",
                call("f"),
                function("f", op("Add")).addAttributeProto(attribute("value").setT(external("../secret", "0", "4"))));
    }

    @Test
    void refusesGiantConstants() throws IOException {
        long[] giant = {1500, 1_000_000};
        refusedConstant(giant, op("ConstantOfShape").addInput("c"));
        refusedConstant(giant, op("Expand").addInput("x").addInput("c"));
        refusedConstant(giant, op("Tile").addInput("x").addInput("c"));
        refusedConstant(
                giant, op("Resize").addInput("x").addInput("").addInput("").addInput("c"));
        refusedConstant(
                new long[] {30_000, 30_000, 0, 0}, op("Pad").addInput("x").addInput("c"));
        refusedConstant(
                new long[] {1L << 40},
                op("Range").addInput("zero").addInput("c").addInput("one"));
        refusedConstant(
                new long[] {1L << 40}, op("OneHot").addInput("x").addInput("c").addInput("x"));
        refusedConstant(new long[] {1L << 62, 1L << 62}, op("ConstantOfShape").addInput("c"));
        refused(
                "it makes constants of more than",
                graph().addNode(op("Constant")
                                .addAttribute(
                                        attribute("value_ints").addInts(1 << 16).addInts(1 << 16))
                                .addOutput("s"))
                        .addNode(branch(GraphProto.newBuilder()
                                        .addNode(op("ConstantOfShape").addInput("s")))
                                .getNode(0)));
        write(graph().addInitializer(int64("c", 1, 77))
                .addNode(op("Expand").addInput("x").addInput("c")));
        assertEquals(16, check());
    }

    /** Each value by its bytes, with what is made of it: nothing else bounds what optimising such a graph takes. */
    @Test
    void countsTheBytesThatConstantsMake() throws IOException {
        GraphProto.Builder large = graph().addInitializer(int64("c", 1000, 1000))
                .addInitializer(raw(UINT8, 4, 4).toBuilder().setName("u"))
                .addNode(op("ConstantOfShape").addInput("c").addOutput("k"));
        assertEquals(4_000_000, made(large));
        large.addNode(op("Mul").addInput("k").addInput("x").addOutput("m"));
        assertEquals(8_000_000, made(large));
        large.addNode(op("Cast")
                .addInput("m")
                .addOutput("d")
                .addAttribute(attribute("to").setI(TensorProto.DataType.DOUBLE_VALUE)));
        assertEquals(16_000_000, made(large));
        large.addNode(op("ReduceMax").addInput("d").addOutput("r"))
                .addNode(op("Shape").addInput("d").addOutput("s"))
                .addNode(op("Add").addInput("r").addInput("x").addOutput("a"));
        assertEquals(16_000_000, made(large));
        large.addNode(op("Expand").addInput("u").addInput("c").addOutput("e"));
        assertEquals(17_000_000, made(large));
        large.addNode(op("If").addAttribute(attribute("then_branch")
                .setG(GraphProto.newBuilder().addNode(op("Neg").addInput("d").addOutput("n")))));
        assertEquals(25_000_000, made(large));
        large.addNode(op("Tile").addInput("k").addInput("t").addOutput("b")).addInitializer(int64("t", 2, 2));
        assertEquals(25_000_000 + 4_000_000 * 8, made(large));
    }

    @Test
    void followsTheArithmeticOfSizes() throws IOException {
        GraphProto.Builder graph = graph().addInitializer(int64("a", 500, -3))
                .addInitializer(int64("b", 2))
                .addInitializer(int64("at", 0))
                .addNode(op("Gather").addInput("a").addInput("at").addOutput("g"))
                .addNode(op("Mul").addInput("g").addInput("b").addOutput("m"))
                .addNode(op("Unsqueeze").addInput("m").addInput("at").addOutput("u"))
                .addNode(op("Concat").addInput("u").addInput("u").addOutput("s"))
                .addNode(op("ConstantOfShape").addInput("s").addOutput("k"));
        assertEquals(4_000_000, made(graph));
        graph.addNode(op("Pow").addInput("s").addInput("b").addOutput("p"))
                .addNode(op("ConstantOfShape").addInput("p").addOutput("large"));
        refused("it makes constants of more than 536870912 elements", graph);
    }

    private long made(GraphProto.Builder graph) throws IOException {
        write(graph);
        return GraphScan.check("graph.onnx", file, beside(Set.of("weights")), GraphLimits.DEFAULT)
                .made();
    }

    @Test
    void refusesTensorsThatLieAboutTheirSize() throws IOException {
        refused("has data of 4 bytes", graph().addInitializer(raw(FLOAT, 4, 2)));
        refused("has data of 4 bytes", graph().addInitializer(raw(FLOAT, 4, 1L << 40, 1L << 40)));
        refused("has data of 4 bytes", graph().addInitializer(raw(FLOAT, 4, -1)));
        refused("has data of 4 bytes", graph().addInitializer(raw(99, 4, 1)));
        refused("has data of 2048 bytes", graph().addInitializer(raw(FLOAT, 2048, 513)));
        refused(
                "has data of 8 bytes",
                graph().addInitializer(TensorProto.newBuilder()
                        .setDataType(FLOAT)
                        .addDims(3)
                        .addFloatData(1)
                        .addFloatData(2)));
        refused("it has sparse weights", graph().addSparseInitializer(SparseTensorProto.newBuilder()));
        write(graph().addInitializer(raw(FLOAT, 2048, 512)).addInitializer(raw(UINT8, 0, 0)));
        assertEquals(2048, check());
    }

    @Test
    void refusesATrainingGraph() throws IOException {
        Files.write(
                file,
                ModelProto.newBuilder()
                        .setGraph(graph())
                        .addTrainingInfo(TrainingInfoProto.newBuilder())
                        .build()
                        .toByteArray());
        refused("it holds a training graph", Set.of());
    }

    @Test
    void refusesMoreNodesThanAnyModelHas() throws IOException {
        GraphProto.Builder graph = graph();
        for (int i = 0; i < 100_000; i++) {
            graph.addNode(NodeProto.newBuilder().setOpType("Add"));
        }
        refused("it has more than 100000 nodes", graph);
    }

    @Test
    void refusesMegabytesOfNamesWithoutHoldingThem() throws IOException {
        refused(
                "holds more than 64 MiB besides its weights",
                graph().addNode(op("Add").setNameBytes(ByteString.copyFrom(new byte[70 << 20]))));
        try (OutputStream stream = Files.newOutputStream(file)) {
            ByteString.Output nodes = ByteString.newOutput();
            for (int i = 0; i < 1_100_000; i++) {
                nodes.write(new byte[] {1 << 3 | 2, 0});
            }
            CodedOutputStream out = CodedOutputStream.newInstance(stream);
            out.writeBytes(ModelProto.GRAPH_FIELD_NUMBER, nodes.toByteString());
            out.flush();
        }
        refused("holds more than 64 MiB besides its weights", Set.of());
    }

    @Test
    void readsTwoGigabytesOfWeightsWithoutHoldingThem() throws IOException {
        int size = Integer.MAX_VALUE - 1000;
        ByteString.Output head = ByteString.newOutput();
        CodedOutputStream tensor = CodedOutputStream.newInstance(head);
        tensor.writeInt64(TensorProto.DIMS_FIELD_NUMBER, size);
        tensor.writeInt32(TensorProto.DATA_TYPE_FIELD_NUMBER, UINT8);
        tensor.writeTag(TensorProto.RAW_DATA_FIELD_NUMBER, 2);
        tensor.writeUInt32NoTag(size);
        tensor.flush();
        int tensorLength = head.size() + size;
        ByteString.Output start = ByteString.newOutput();
        CodedOutputStream model = CodedOutputStream.newInstance(start);
        model.writeTag(ModelProto.GRAPH_FIELD_NUMBER, 2);
        model.writeUInt32NoTag(1 + CodedOutputStream.computeUInt32SizeNoTag(tensorLength) + tensorLength);
        model.writeTag(GraphProto.INITIALIZER_FIELD_NUMBER, 2);
        model.writeUInt32NoTag(tensorLength);
        model.flush();
        Files.write(file, start.toByteString().concat(head.toByteString()).toByteArray());
        sparse(file, Files.size(file) + size);
        assertEquals(size, check());
        sparse(file, Files.size(file) - 1);
        refused("is no ONNX model", Set.of());
        sparse(file, 1L << 32);
        refused("is larger than 2 GiB", Set.of());
    }

    @Test
    void aDamagedGraphPassesOrIsRefusedAndNothingElse() throws IOException {
        Random random = new Random(7);
        for (String name : List.of("elements", "matmul", "runaway")) {
            byte[] good = Files.readAllBytes(Path.of("src/test/resources/onnx", name + ".onnx"));
            for (int i = 0; i < 300; i++) {
                byte[] bad = good.clone();
                for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                    bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
                }
                Files.write(file, bad);
                try {
                    check();
                } catch (ModelException refused) {
                    assertTrue(refused.getMessage().startsWith("[graph.onnx] "), refused::getMessage);
                }
            }
        }
    }

    private long check() throws IOException {
        return GraphScan.check("graph.onnx", file, beside(Set.of("weights")), GraphLimits.DEFAULT)
                .weights();
    }

    private void refusedConstant(long[] values, NodeProto.Builder node) throws IOException {
        refused(
                "it makes constants of more than 536870912 elements",
                graph().addInitializer(int64("c", values))
                        .addInitializer(int64("zero", 0))
                        .addInitializer(int64("one", 1))
                        .addNode(node));
    }

    private void refused(String reason, GraphProto.Builder graph, FunctionProto.Builder... functions)
            throws IOException {
        write(graph, functions);
        refused(reason, Set.of("weights"));
    }

    private void refused(String reason, Set<String> listed) {
        ModelException e = assertThrows(
                ModelException.class, () -> GraphScan.check("graph.onnx", file, beside(listed), GraphLimits.DEFAULT));
        assertTrue(e.getMessage().startsWith("[graph.onnx] ") && e.getMessage().contains(reason), e::getMessage);
        assertTrue(e.isRefusal(), e::getMessage);
    }

    private void write(GraphProto.Builder graph, FunctionProto.Builder... functions) throws IOException {
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain("mine").setVersion(1))
                .setGraph(graph);
        Stream.of(functions).forEach(model::addFunctions);
        Files.write(file, model.build().toByteArray());
    }

    private static void sparse(Path file, long size) throws IOException {
        try (RandomAccessFile hole = new RandomAccessFile(file.toFile(), "rw")) {
            hole.setLength(size);
        }
    }

    /** y = x, one float. */
    private static GraphProto.Builder graph() {
        return GraphProto.newBuilder()
                .setName("g")
                .addInput(port("x"))
                .addOutput(port("y"))
                .addNode(NodeProto.newBuilder()
                        .setOpType("Identity")
                        .addInput("x")
                        .addOutput("y"));
    }

    private static ValueInfoProto port(String name) {
        TensorShapeProto shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(1))
                .build();
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(FLOAT).setShape(shape)))
                .build();
    }

    private static GraphProto.Builder branch(GraphProto.Builder body) {
        return graph().clearNode()
                .addNode(op("If").addAttribute(attribute("then_branch").setG(body)));
    }

    private static GraphProto.Builder nested(int depth) {
        GraphProto.Builder graph = GraphProto.newBuilder().addNode(op("Add"));
        for (int i = 0; i < depth; i++) {
            graph = branch(graph);
        }
        return graph;
    }

    private static GraphProto.Builder call(String function) {
        return graph().addNode(op(function).setDomain("mine").addInput("x").addOutput("z"));
    }

    private static FunctionProto.Builder function(String name, NodeProto.Builder... body) {
        FunctionProto.Builder function =
                FunctionProto.newBuilder().setName(name).setDomain("mine");
        Stream.of(body).forEach(function::addNode);
        return function;
    }

    /** f0 calls f1 calls f2 .., the last one does nothing: y = x all in all. */
    private static FunctionProto.Builder[] chain(int length) {
        return IntStream.range(0, length)
                .mapToObj(i -> function(
                                "f" + i,
                                (i == length - 1
                                                ? op("Identity")
                                                : op("f" + (i + 1)).setDomain("mine"))
                                        .addInput("x")
                                        .addOutput("y"))
                        .addInput("x")
                        .addOutput("y")
                        .addOpsetImport(
                                OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                        .addOpsetImport(OperatorSetIdProto.newBuilder()
                                .setDomain("mine")
                                .setVersion(1)))
                .toArray(FunctionProto.Builder[]::new);
    }

    private static NodeProto.Builder op(String type) {
        return NodeProto.newBuilder().setName("n").setOpType(type);
    }

    private static AttributeProto.Builder attribute(String name) {
        return AttributeProto.newBuilder().setName(name);
    }

    private static TensorProto external(String location, String offset, String length) {
        return TensorProto.newBuilder()
                .setName("w")
                .setDataType(UINT8)
                .addDims(4)
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("location").setValue(location))
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("offset").setValue(offset))
                .addExternalData(
                        StringStringEntryProto.newBuilder().setKey("length").setValue(length))
                .build();
    }

    private static TensorProto raw(int type, int bytes, long... dims) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setName("w")
                .setDataType(type)
                .setRawData(ByteString.copyFrom(new byte[bytes]));
        for (long dim : dims) {
            tensor.addDims(dim);
        }
        return tensor.build();
    }

    private static TensorProto int64(String name, long... values) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(INT64).addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        return tensor.build();
    }

    private Map<String, Path> beside(Set<String> names) {
        return names.stream().collect(Collectors.toMap(Function.identity(), folder::resolve));
    }
}
