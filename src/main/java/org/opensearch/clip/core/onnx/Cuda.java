// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.opensearch.clip.core.message.Shown;

/**
 * The GPUs of NVIDIA that this node can use: whether the library was built for them, whether CUDA's own libraries are there, and
 * whether the GPU answers is all found out by opening a session of one node on it. Asked once for each GPU. Safe for use by many threads.
 */
final class Cuda {

    private final OrtEnvironment environment;
    private final Map<Integer, Optional<String>> reasons = new ConcurrentHashMap<>();

    Cuda(OrtEnvironment environment) {
        this.environment = environment;
    }

    /** Whether the system has such a GPU, whatever this build can do with it. */
    static boolean present() {
        return Files.exists(Path.of("/dev/nvidiactl")) || Files.exists(Path.of("/proc/driver/nvidia/version"));
    }

    /** @return why the GPU cannot be used, or empty when it can */
    Optional<String> unavailable(int index) {
        return reasons.computeIfAbsent(index, this::tryOut);
    }

    private Optional<String> tryOut(int index) {
        if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
            return Optional.of("this build of the plugin runs models on the CPU only; build it with -Pgpu");
        }
        try (SessionOptions settings = new SessionOptions()) {
            add(settings, index);
            environment.createSession(identity(), settings).close();
            return Optional.empty();
        } catch (OrtException | LinkageError | IllegalArgumentException e) {
            return Optional.of(reason(e.getMessage()));
        }
    }

    /** Adds the provider. Memory is taken as it is needed: doubling it each time fills a GPU that others use too. */
    static void add(SessionOptions settings, int index) throws OrtException {
        try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(index)) {
            cuda.add("arena_extend_strategy", "kSameAsRequested");
            cuda.add("cudnn_conv_algo_search", "HEURISTIC");
            settings.addCUDA(cuda);
        }
    }

    /** The first line, without where in ONNX Runtime it comes from, and without the folders that libraries lie in. */
    private static String reason(String message) {
        String line = String.valueOf(message).lines().findFirst().orElse("").replaceFirst(".* FAIL : ", "");
        return Shown.printable(line.replaceAll("(/[^/:\\s]+)+/", ""), 300);
    }

    private static byte[] identity() {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(GraphProto.newBuilder()
                        .setName("identity")
                        .addInput(port("x"))
                        .addOutput(port("y"))
                        .addNode(NodeProto.newBuilder()
                                .setOpType("Identity")
                                .addInput("x")
                                .addOutput("y")))
                .build()
                .toByteArray();
    }

    private static ValueInfoProto port(String name) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.FLOAT_VALUE)))
                .build();
    }
}
