// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.nio.file.Path;

/** What ONNX Runtime is told when it opens a graph. The caller closes what it gets. */
final class SessionSettings {

    private SessionSettings() {}

    /** For a graph as its exporter wrote it. */
    static SessionOptions of(OnnxOptions options) throws OrtException {
        SessionOptions settings = new SessionOptions();
        try {
            settings.setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL);
            settings.setInterOpNumThreads(1);
            settings.setIntraOpNumThreads(options.intraOpThreads());
            // nothing but ONNX's own format: what the scan has read is what is loaded
            settings.addConfigEntry("session.load_model_format", "ONNX");
            settings.addConfigEntry("session.intra_op.allow_spinning", "0");
            settings.addConfigEntry("session.inter_op.allow_spinning", "0");
            // a pattern is kept for every shape ever seen, and batches and text lengths vary without end
            settings.setMemoryPatternOptimization(false);
            settings.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            if (options.device().kind() == Device.Kind.CUDA) {
                Cuda.add(settings, options.device().index());
            }
            return settings;
        } catch (OrtException | RuntimeException e) {
            settings.close();
            throw e;
        }
    }

    /** For a graph that was optimised when it was saved. */
    static SessionOptions optimised(OnnxOptions options) throws OrtException {
        SessionOptions settings = of(options);
        settings.setOptimizationLevel(SessionOptions.OptLevel.NO_OPT);
        return settings;
    }

    /**
     * For the session that saves a graph optimised, its weights in a file beside it, there also in the order that kernels pack them into.
     *
     * @param graph to be written
     * @param weights name of the file to be written beside it
     */
    static SessionOptions saving(OnnxOptions options, Path graph, String weights) throws OrtException {
        SessionOptions settings = of(options);
        settings.setOptimizedModelFilePath(graph.toString());
        settings.addConfigEntry("session.save_model_format", "ONNX");
        settings.addConfigEntry("session.optimized_model_external_initializers_file_name", weights);
        settings.addConfigEntry("session.optimized_model_external_initializers_min_size_in_bytes", "1024");
        settings.addConfigEntry("session.save_external_prepacked_constant_initializers", "1");
        return settings;
    }
}
