// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.Device;
import org.opensearch.clip.core.onnx.OnnxOptions;
import org.opensearch.clip.core.onnx.OnnxRuntime;
import org.opensearch.clip.core.text.Tokenizer;

/** A dynamically quantised model, whose graph finds one scale for all inputs of a run. */
class QuantisedBatchTests {

    private static final Path FOLDER = Path.of("config/opensearch-clip-demo-v1");

    private static DualEncoder open(boolean sharedBatches) {
        ModelDescription model = ModelFolder.describe(FOLDER, Overrides.NONE);
        Tower.Text text = model.text().orElseThrow();
        return new DualEncoder(
                model,
                Optional.of(session(text, sharedBatches)),
                Optional.of(Tokenizer.open(FOLDER.resolve(text.tokenizer()), text.maxTokens())),
                Optional.of(session(model.image().orElseThrow(), sharedBatches)));
    }

    private static Session session(Tower tower, boolean sharedBatches) {
        return new OnnxRuntime((task, delay) -> () -> {})
                .open(
                        FOLDER.resolve(tower.graph()),
                        new OnnxOptions(1, Duration.ofMinutes(1), Device.CPU, 1, sharedBatches));
    }

    private static List<Prepared> texts(DualEncoder encoder) {
        var texts = new ArrayList<Prepared>();
        for (String text : List.of("a", "a red apple", "two sharks that swim below a boat at night", "guitar")) {
            texts.add(encoder.prepare(new Input.Text(text)));
        }
        return texts;
    }

    @Test
    void aVectorDependsOnNoNeighbour() {
        try (DualEncoder encoder = open(false)) {
            assertEquals(1, encoder.batch(Modality.TEXT));
            List<Prepared> batch = texts(encoder);
            List<float[]> together = encoder.encode(batch);
            for (int i = 0; i < batch.size(); i++) {
                assertArrayEquals(encoder.encode(List.of(batch.get(i))).getFirst(), together.get(i));
            }
        }
    }

    @Test
    void inputsShareRunsWhereTheDeclarationSaysSo() {
        try (DualEncoder encoder = open(true)) {
            assertTrue(encoder.batch(Modality.TEXT) > 1);
            List<Prepared> batch = texts(encoder);
            float[] alone = encoder.encode(List.of(batch.getFirst())).getFirst();
            float[] beside = encoder.encode(batch).getFirst();
            float most = 0;
            for (int i = 0; i < alone.length; i++) {
                most = Math.max(most, Math.abs(alone[i] - beside[i]));
            }
            assertTrue(most > 1e-4, "the neighbours move it, which is why they do not share runs by default");
        }
    }
}
