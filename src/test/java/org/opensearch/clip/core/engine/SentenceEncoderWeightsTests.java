// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.vector.Pooling;

/** The weights of Maven Central's langchain4j jars in the files of their publishers, against the reference's vectors. */
class SentenceEncoderWeightsTests {

    private static final Path EXPECTED = Path.of("src/test/resources/models/sentence-encoders");

    /** Of 8 bits: another CPU, or another version of ONNX Runtime with the same Python, moves them by 0.0015. */
    private static final double LEAST = 0.995;

    private record Expected(String input, int tokens, float[] vector) {}

    @TempDir
    Path folder;

    private void write(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
    }

    private void copy(String resource, String name) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        try (InputStream in = getClass().getResourceAsStream("/" + resource)) {
            Files.copy(in, folder.resolve(name));
        }
    }

    /** As sentence-transformers/all-MiniLM-L6-v2 and intfloat/e5-small-v2 have them. */
    private DualEncoder open(String model, int longest, String queryPrompt) throws IOException {
        copy(model + ".onnx", "onnx/model_quantized.onnx");
        copy(model + "-tokenizer.json", "tokenizer.json");
        write("config.json", "{\"model_type\": \"bert\", \"hidden_size\": 384, \"max_position_embeddings\": 512}");
        write("tokenizer_config.json", "{\"model_max_length\": 512, \"pad_token\": \"[PAD]\"}");
        write("sentence_bert_config.json", "{\"max_seq_length\": " + longest + "}");
        write("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true, \"pooling_mode_cls_token\": false}");
        write(
                "modules.json",
                "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"
                        + "{\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"1_Pooling\"},"
                        + "{\"type\": \"sentence_transformers.models.Normalize\", \"path\": \"2_Normalize\"}]");
        Overrides overrides = Overrides.NONE.with("query_prompt", queryPrompt);
        ModelDescription description = ModelFolder.describe(folder, overrides);
        assertEquals("quantized", description.variant());
        assertEquals(384, description.dimension());
        assertEquals(Pooling.MEAN, description.text().orElseThrow().pooling());
        return TinyClip.open(folder, description);
    }

    @ParameterizedTest
    @CsvSource({"all-minilm-l6-v2-q, 256, ''", "e5-small-v2-q, 512, 'query: '"})
    void areEmbeddedAsTheReferenceDoes(String model, int longest, String prompt) throws IOException {
        try (DualEncoder encoder = open(model, longest, prompt)) {
            var expected = new Gson().fromJson(Files.readString(EXPECTED.resolve(model + ".json")), Expected[].class);
            for (Expected e : expected) {
                Prepared text = encoder.prepare(new Input.Text(e.input(), Input.Side.QUERY));
                assertEquals(e.tokens(), ((Prepared.Text) text).ids().length);
                float[] vector = encoder.encode(List.of(text)).getFirst();
                double cosine = DualEncoderTests.cosine(e.vector(), vector);
                assertTrue(cosine >= LEAST, cosine + " for a text of " + e.tokens() + " tokens");
            }
        }
    }
}
