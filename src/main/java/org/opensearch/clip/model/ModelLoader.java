// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.OnnxOptions;
import org.opensearch.clip.core.onnx.OnnxRuntime;
import org.opensearch.clip.core.text.Tokenizer;
import org.opensearch.clip.settings.ClipSettings;

/**
 * From a declaration to an encoder that has run once: files checked, memory charged, sessions open, every tower tried. Blocks for as long
 * as that takes. Safe for use by many threads.
 */
public final class ModelLoader implements LoadedModels.Loader {

    private static final Pattern WEIGHTS = Pattern.compile(".*\\.onnx([._].*)?");

    private final ModelFiles files;
    private final OnnxRuntime runtime;
    private final ClipSettings settings;
    private final MemoryLedger ledger;

    public ModelLoader(ModelFiles files, OnnxRuntime runtime, ClipSettings settings) {
        this.files = files;
        this.runtime = runtime;
        this.settings = settings;
        this.ledger = new MemoryLedger(() -> settings.models().memoryLimitBytes());
    }

    @Override
    public LoadedModels.Loaded load(DeclaredModel model, Progress progress) {
        String device = model.device() == null ? settings.models().device() : model.device();
        if (device.startsWith("cuda")) {
            throw new ModelException(
                    "device [" + device + "] is not available: this build of the plugin runs models on the CPU only");
        }
        Folder folder = files.open(model, progress);
        ModelDescription description = ModelFolder.describe(folder, Overrides.parse(model.overrides()));
        // A floor until the sessions are open and can be asked: refusing early spares the node the attempt.
        progress.enter(Progress.Stage.LOADING, 0, 0);
        MemoryLedger.Charge memory = ledger.charge(weights(model.files()));
        try {
            DualEncoder encoder = open(folder, description, model.files());
            try {
                memory.resize(encoder.bytes());
                tryOut(encoder, model);
            } catch (RuntimeException e) {
                encoder.close();
                throw e;
            }
            return new LoadedModels.Loaded(encoder, encoder.bytes(), "cpu", () -> {
                encoder.close();
                memory.close();
            });
        } catch (RuntimeException | LinkageError e) {
            memory.close();
            throw e;
        }
    }

    private static long weights(List<Artifact> files) {
        return files.stream()
                .filter(file -> WEIGHTS.matcher(file.path()).matches())
                .mapToLong(Artifact::size)
                .sum();
    }

    private DualEncoder open(Folder folder, ModelDescription description, List<Artifact> files) {
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            Optional<Tokenizer> tokenizer = description
                    .text()
                    .map(tower -> keep(Tokenizer.open(folder.file(tower.tokenizer()), tower.maxTokens()), opened));
            Optional<Session> text =
                    description.text().map(tower -> keep(session(folder, tower.graph(), files), opened));
            Optional<Session> image =
                    description.image().map(tower -> keep(session(folder, tower.graph(), files), opened));
            return new DualEncoder(description, text, tokenizer, image);
        } catch (RuntimeException | LinkageError e) {
            for (AutoCloseable resource : opened) {
                close(resource, e);
            }
            throw e;
        }
    }

    /** A graph may have weights in the declared files beside it, whose hashes are checked, and nowhere else. */
    private Session session(Folder folder, String graph, List<Artifact> files) {
        String place = graph.substring(0, graph.lastIndexOf('/') + 1);
        Set<String> beside = files.stream()
                .map(Artifact::path)
                .filter(path -> path.startsWith(place) && path.indexOf('/', place.length()) < 0)
                .map(path -> path.substring(place.length()))
                .collect(Collectors.toSet());
        OnnxOptions options = new OnnxOptions(
                1, Duration.ofMillis(settings.lanes().ingestTimeout().millis()));
        return runtime.open(folder.file(graph), beside, options);
    }

    private static <T extends AutoCloseable> T keep(T resource, List<AutoCloseable> opened) {
        opened.add(resource);
        return resource;
    }

    private static void close(AutoCloseable resource, Throwable reason) {
        try {
            resource.close();
        } catch (Exception e) {
            reason.addSuppressed(e);
        }
    }

    /** One run of each tower, so that a graph that opens and does not run is found here and not by a user. */
    private static void tryOut(DualEncoder encoder, DeclaredModel model) {
        encoder.description().text().ifPresent(tower -> tryOut(encoder, model, encoder.prepare(new Input.Text("a"))));
        encoder.description().image().ifPresent(tower -> tryOut(encoder, model, blank(tower)));
    }

    private static DualEncoder.Prepared blank(Tower.Image tower) {
        return new DualEncoder.Prepared.Image(
                new float[tower.pixels().floats()],
                tower.pixels().width(),
                tower.pixels().height());
    }

    private static void tryOut(DualEncoder encoder, DeclaredModel model, DualEncoder.Prepared input) {
        int found = encoder.encode(List.of(input)).getFirst().length;
        if (found < model.dimension()) {
            throw new ModelException("the " + input.modality() + " tower makes " + found
                    + " floats, declared were at least " + model.dimension());
        }
    }
}
