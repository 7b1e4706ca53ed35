// SPDX-License-Identifier: Apache-2.0
import com.google.gson.Gson;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensearch.clip.core.image.ImageDecoder;
import org.opensearch.clip.core.image.ImagePreprocessor;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.text.Tokenizer;

/**
 * What the plugin's classes make of the inputs before any model runs: {@code java -cp "<plugin>/*" Probe.java <family's folder> <folder of
 * pictures>} writes {@code probe.json}: the token ids of every text, and of every picture the largest difference from the reference's floats.
 */
public final class Probe {

    record Text(String prompt, String text) {}

    record Picture(String name, String pixels) {}

    record Reference(Map<String, Object> overrides, List<Text> texts, List<Picture> pictures) {}

    record Answer(List<long[]> ids, List<Double> differences) {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Path model = folder.resolve("model");
        Reference reference = new Gson().fromJson(Files.readString(folder.resolve("reference.json")), Reference.class);
        ModelDescription description = ModelFolder.describe(model, Overrides.parse(reference.overrides()));
        var answer = new Answer(new ArrayList<>(), new ArrayList<>());
        if (description.text().isPresent()) {
            var tower = description.text().get();
            try (Tokenizer tokenizer = Tokenizer.open(model.resolve(tower.tokenizer()), tower.maxTokens())) {
                reference.texts().forEach(
                        t -> answer.ids().add(tokenizer.encode(tower.cleaning().apply(t.prompt() + t.text())).ids()));
            }
        }
        var pictures = new ImagePreprocessor(new ImageDecoder(Optional.empty()), false);
        for (Picture picture : reference.pictures()) {
            byte[] file = Files.readAllBytes(Path.of(args[1]).resolve(picture.name()));
            FloatBuffer pixels = FloatBuffer.allocate(description.image().orElseThrow().pixels().floats());
            pictures.make(file, description.image().orElseThrow().pixels(), false).pixels().put(pixels);
            answer.differences().add(worst(pixels.array(), Path.of(picture.pixels())));
        }
        Files.writeString(folder.resolve("probe.json"), new Gson().toJson(answer));
    }

    private static double worst(float[] pixels, Path reference) throws Exception {
        var expected = ByteBuffer.wrap(Files.readAllBytes(reference)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        if (expected.remaining() != pixels.length) {
            return 1e9;
        }
        double worst = 0;
        for (float pixel : pixels) {
            worst = Math.max(worst, Math.abs(pixel - expected.get()));
        }
        return worst;
    }
}
