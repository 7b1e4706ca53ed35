// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.onnx.LoadOnce.Way;
import org.opensearch.clip.core.onnx.OddConstants.Place;
import org.opensearch.clip.core.onnx.OddConstants.Weights;

/**
 * Weights that a kernel cannot load from where they are mapped end the process, so each graph is loaded and run in one of its own. What those kernels are depends on the
 * CPU (AVX-512 faults); where weights lie does not.
 */
@EnabledOnOs(OS.LINUX)
class PreparedAlignmentTests {

    /** Element types of constants. A process takes 0.7 s of a core. */
    private static final List<DataType> TYPES = List.of(
            DataType.FLOAT,
            DataType.DOUBLE,
            DataType.FLOAT16,
            DataType.BFLOAT16,
            DataType.INT64,
            DataType.UINT64,
            DataType.INT32,
            DataType.UINT32,
            DataType.INT16,
            DataType.UINT16,
            DataType.INT8,
            DataType.UINT8,
            DataType.BOOL);

    private static final Set<Place> EVERYWHERE = EnumSet.allOf(Place.class);

    @TempDir
    Path folder;

    /** @param odd by how much the weights in a file beside the graph miss a multiple of 64; -1 when they are in the graph */
    private record Case(Way way, Weights weights, DataType type, Set<Place> places, int odd) {}

    @Test
    void aGraphWithConstantsOfAnySizeAndTypeIsPreparedAndRuns() throws Exception {
        List<Case> cases = new ArrayList<>();
        for (DataType type : TYPES) {
            cases.add(new Case(Way.PREPARED, Weights.FP32, type, EVERYWHERE, -1));
            cases.add(new Case(Way.PREPARED, Weights.INT8, type, EVERYWHERE, -1));
        }
        for (Place place : Place.values()) {
            cases.add(new Case(Way.PREPARED, Weights.FP32, DataType.FLOAT, Set.of(place), -1));
        }
        run(cases);
    }

    @Test
    void aGraphWhoseWeightsLieBesideItAtAnyPlaceRuns() throws Exception {
        run(List.of(
                new Case(Way.PREPARED, Weights.FP32, DataType.FLOAT, EVERYWHERE, 1),
                new Case(Way.PUBLISHED, Weights.FP32, DataType.FLOAT16, EVERYWHERE, 1),
                new Case(Way.PUBLISHED, Weights.INT8, DataType.INT64, EVERYWHERE, 1),
                new Case(Way.CUT_ONLY, Weights.FP32, DataType.DOUBLE, EVERYWHERE, 1),
                new Case(Way.CUT_ONLY, Weights.INT8, DataType.BFLOAT16, EVERYWHERE, 1)));
    }

    @Test
    void onnxRuntimeStillSavesPackedWeightsAtAnyPlaceAndThoseOfBranchesTwice() throws IOException {
        ModelProto model = OddConstants.model(Weights.FP32, DataType.FLOAT, EVERYWHERE);
        Path graph = folder.resolve("graph.onnx");
        try (TensorData held = new TensorData(null);
                WeightsFile weights = new WeightsFile(folder.resolve("weights"), held)) {
            Files.write(graph, weights.move(model).toByteArray());
        }
        Path saved = Files.createDirectory(folder.resolve("saved")).resolve("graph.onnx");
        new OnnxRuntime((task, delay) -> () -> {}).optimise("graph.onnx", graph, "weights", saved);
        List<Laid> all = new ArrayList<>();
        laid(ModelProto.parseFrom(Files.readAllBytes(saved)).getGraph(), all);
        // no longer: then what it saves need not be written once more
        assertTrue(all.stream().anyMatch(laid -> laid.packed && laid.offset % 64 != 0), all::toString);
        // no longer: then SavedGraph has nothing to mend
        assertEquals(
                2,
                all.stream()
                        .filter(laid -> laid.name.equals("then_w") && !laid.packed)
                        .count(),
                all::toString);
    }

    private void run(List<Case> cases) throws Exception {
        List<String> faults = new ArrayList<>();
        try (ExecutorService two = Executors.newFixedThreadPool(2)) {
            List<Callable<String>> all = cases.stream()
                    .<Callable<String>>map(one -> () -> fault(one))
                    .toList();
            for (Future<String> fault : two.invokeAll(all)) {
                faults.add(fault.get());
            }
        }
        faults.removeIf(String::isEmpty);
        assertEquals(List.of(), faults);
    }

    /** @return what went wrong, and in which case; empty when nothing did */
    private String fault(Case one) throws Exception {
        Path own = Files.createTempDirectory(folder, "case");
        ModelProto model = OddConstants.model(one.weights(), one.type(), one.places());
        Path inside = Files.write(own.resolve("inside.onnx"), model.toByteArray());
        Path graph = inside;
        if (one.odd() >= 0) {
            graph = own.resolve("graph.onnx");
            OddConstants.writeBeside(graph, model, one.odd());
        }
        Path forms = own.resolve("forms");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=" + own.resolve("crash.log"),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadOnce.class.getName(),
                        one.way().name(),
                        inside.toString(),
                        graph.toString(),
                        forms.toString()))
                .redirectErrorStream(true)
                .start();
        List<String> said;
        try (var lines = process.inputReader().lines()) {
            said = lines.filter(line -> !line.startsWith("WARNING")).toList();
        }
        int status = process.waitFor();
        if (status != 0 || Double.parseDouble(said.getLast()) < 0.999999) {
            return one + " ended with " + status + ": " + said;
        }
        if (one.way() == Way.PUBLISHED) {
            return "";
        }
        try (Stream<Path> made = Files.list(forms)) {
            List<String> wrong = wrong(made.toList().getFirst(), one.way() == Way.PREPARED);
            return wrong.isEmpty() ? "" : one + ": " + wrong;
        }
    }

    // ---- the file

    /** @param packed whether it is a weight in the order that a kernel has packed it into */
    private record Laid(String name, boolean packed, long offset, long length) {}

    private static List<String> wrong(Path form, boolean packs) throws IOException {
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(form.resolve(Preparation.GRAPH)));
        List<Laid> all = new ArrayList<>();
        laid(model.getGraph(), all);
        all.sort(Comparator.comparingLong(Laid::offset));
        List<String> wrong = new ArrayList<>();
        if (all.stream().noneMatch(laid -> laid.name.startsWith("odd_"))) {
            wrong.add("no constant is in the file");
        }
        if (packs != all.stream().anyMatch(Laid::packed)) {
            wrong.add(packs ? "nothing is packed" : "something is packed");
        }
        long end = 0;
        for (Laid laid : all) {
            if (laid.offset % (laid.length < 4096 ? 64 : 4096) != 0) {
                wrong.add("not aligned: " + laid);
            }
            if (laid.offset < end) {
                wrong.add("begins in another one: " + laid);
            }
            end = laid.offset + laid.length;
        }
        if (end != Files.size(form.resolve(Preparation.WEIGHTS))) {
            wrong.add("ends at " + end + ", the file does not");
        }
        return wrong;
    }

    private static void laid(GraphProto graph, List<Laid> all) {
        graph.getInitializerList().forEach(tensor -> laid(tensor, all));
        for (NodeProto node : graph.getNodeList()) {
            node.getAttributeList().stream()
                    .filter(AttributeProto::hasG)
                    .forEach(attribute -> laid(attribute.getG(), all));
        }
    }

    private static void laid(TensorProto tensor, List<Laid> all) {
        Map<String, String> entries = ExternalWeights.entries(tensor);
        if (!entries.isEmpty()) {
            all.add(new Laid(
                    tensor.getName(),
                    false,
                    Long.parseLong(entries.get("offset")),
                    Long.parseLong(entries.get("length"))));
        }
        for (StringStringEntryProto entry : tensor.getExternalDataList()) {
            if (entry.getKey().startsWith("prepacked")) {
                Matcher piece = Pattern.compile("\\|(\\d+);(\\d+);").matcher(entry.getValue());
                while (piece.find()) {
                    all.add(new Laid(
                            tensor.getName(), true, Long.parseLong(piece.group(1)), Long.parseLong(piece.group(2))));
                }
            }
        }
    }
}
