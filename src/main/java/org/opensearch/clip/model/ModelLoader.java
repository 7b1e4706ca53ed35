// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;
import org.opensearch.clip.core.image.ImagePreprocessor;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.onnx.Device;
import org.opensearch.clip.core.onnx.GraphLogits;
import org.opensearch.clip.core.onnx.OnnxOptions;
import org.opensearch.clip.core.onnx.OnnxRuntime;
import org.opensearch.clip.core.onnx.PreparedGraphs;
import org.opensearch.clip.core.text.Tokenizer;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.util.concurrent.OpenSearchExecutors;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.secure_sm.AccessController;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;

/**
 * From a declaration to an encoder that has run once: files checked, memory charged, sessions open, every tower tried. Blocks for as long
 * as that takes. Safe for use by many threads.
 */
public final class ModelLoader implements LoadedModels.Loader {

    private static final Pattern WEIGHTS = Pattern.compile(".*\\.onnx([._].*)?");

    private final ModelFiles files;
    private final OnnxRuntime runtime;
    private final PreparedGraphs prepared;
    private final LoadMarkers markers;
    private final ClipSettings settings;
    private final ImagePreprocessor pictures;
    private final MemoryLedger ledger;
    private final int cores;

    private ModelLoader(
            ModelFiles files,
            ClipSettings settings,
            ImagePreprocessor pictures,
            NodeEnvironment node,
            ThreadPool threadPool,
            int cores) {
        Path data = node.nodeDataPaths()[0].resolve("clip");
        this.files = files;
        this.runtime = new OnnxRuntime((task, delay) -> Timers.later(threadPool, task, delay));
        this.prepared = AccessController.doPrivileged(() -> new PreparedGraphs(
                data.resolve("prepared"), runtime, () -> settings.downloads().diskMinFreeBytes()));
        this.markers = new LoadMarkers(data.resolve("loading"));
        this.settings = settings;
        this.pictures = pictures;
        this.cores = cores;
        this.ledger = new MemoryLedger(() -> settings.models().memoryLimitBytes());
    }

    /** The models of this node. */
    public static LoadedModels models(
            ModelFiles files,
            ClipSettings settings,
            PictureDecoding pictures,
            Environment environment,
            NodeEnvironment node,
            Client client,
            ClusterService clusterService) {
        ThreadPool threadPool = client.threadPool();
        Tokenizer.nativeFolder(environment.tmpDir());
        return new LoadedModels(
                clusterService,
                threadPool,
                new ModelLoader(
                        files,
                        settings,
                        pictures.preprocessor(),
                        node,
                        threadPool,
                        OpenSearchExecutors.allocatedProcessors(environment.settings())),
                new LoadTurns(client, clusterService, threadPool));
    }

    @Override
    public boolean downloads(DeclaredModel model) {
        return ModelFiles.remote(model.source());
    }

    @Override
    public void require(DeclaredModel model) {
        markers.require(model, made(model));
    }

    @Override
    public void fetch(DeclaredModel model, Progress progress) {
        files.fetch(model, progress);
    }

    @Override
    public void sweep() {
        files.sweep();
    }

    @Override
    public void forgive(DeclaredModel model) {
        markers.forget(model);
    }

    @Override
    public void stop() {
        markers.stop();
    }

    private String device(DeclaredModel model) {
        return model.device() == null ? settings.models().device() : model.device();
    }

    /** Of the form that is loaded, beside the model itself. */
    private String made(DeclaredModel model) {
        return prepared.madeFor() + "\n" + device(model);
    }

    @Override
    public void stopRuns() {
        runtime.stopRuns();
    }

    /** Privileged, because what this plugin may read, core's own code further up the stack may not: the system's word on memory and CPU. */
    @Override
    public LoadedModels.Loaded load(DeclaredModel model, Progress progress) {
        return AccessController.doPrivileged(() -> loadHere(model, progress));
    }

    private LoadedModels.Loaded loadHere(DeclaredModel model, Progress progress) {
        Folder folder = files.open(model, progress);
        ModelDescription description = scored(folder, ModelFolder.describe(folder, Overrides.parse(model.overrides())));
        try (LoadMarkers.Towers marked = markers.towers(model, made(model))) {
            marked.enter(description.text().isPresent() ? Modality.TEXT : Modality.IMAGE);
            LoadedModels.Loaded loaded = loadMarked(model, folder, description, marked, progress);
            marked.passed();
            return loaded;
        }
    }

    private LoadedModels.Loaded loadMarked(
            DeclaredModel model,
            Folder folder,
            ModelDescription description,
            LoadMarkers.Towers marked,
            Progress progress) {
        Device.Chosen chosen = runtime.device(device(model));
        // A floor until the sessions are open and can be asked: refusing early spares the node the attempt.
        MemoryLedger.Charge memory = ledger.charge(weights(model.files()));
        try {
            var towers = new ArrayList<LoadedTower>();
            long momentary = momentary(folder, description, model.files());
            memory.resize(weights(model.files()) + momentary);
            DualEncoder encoder =
                    open(folder, description, model, options(model, chosen.device()), towers, marked, progress);
            try {
                memory.resize(encoder.bytes() + momentary);
                tryOut(encoder, model);
                memory.resize(encoder.bytes());
            } catch (RuntimeException | Error e) {
                encoder.close();
                throw e;
            }
            String device = chosen.device().toString();
            return new LoadedModels.Loaded(encoder, encoder.bytes(), device, warning(chosen, towers), towers, () -> {
                encoder.close();
                memory.close();
            });
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    /** What is not as one might expect it, or {@code null}. */
    static String warning(Device.Chosen chosen, List<LoadedTower> towers) {
        List<String> all = new ArrayList<>();
        if (chosen.warning() != null) {
            all.add(chosen.warning());
        }
        towers.stream()
                .filter(tower -> tower.unprepared() != null)
                .map(tower -> "its " + tower.modality().name().toLowerCase(Locale.ROOT)
                        + " tower is not prepared, so that it takes more memory and longer to load: "
                        + tower.unprepared())
                .forEach(all::add);
        return all.isEmpty() ? null : String.join("; ", all);
    }

    /**
     * With the scale and bias of the graph where the declaration and the configuration do not say them: one that has both towers may hold them.
     *
     * @param folder of which the graph is here
     */
    static ModelDescription scored(Folder folder, ModelDescription description) {
        Optional<String> graph = description.text().map(Tower::graph);
        boolean said = description.logits().filter(known -> !known.assumed()).isPresent();
        if (said || graph.isEmpty() || !graph.equals(description.image().map(Tower::graph))) {
            return description;
        }
        GraphLogits found = GraphLogits.read(graph.get(), folder.file(graph.get()));
        return description.orLogits(found.scale(), found.bias());
    }

    private static long weights(List<Artifact> files) {
        return files.stream()
                .filter(file -> WEIGHTS.matcher(file.path()).matches())
                .mapToLong(Artifact::size)
                .sum();
    }

    /** The towers are opened and tried one after the other. */
    private static long momentary(Folder folder, ModelDescription description, List<Artifact> files) {
        return graphs(folder, description, files)
                .mapToLong(PreparedGraphs.Source::momentary)
                .max()
                .orElse(0);
    }

    /** As they were published; what is asked of them reads their files. */
    static Stream<PreparedGraphs.Source> graphs(Folder folder, ModelDescription description, List<Artifact> files) {
        return Stream.concat(description.text().stream(), description.image().stream())
                .map(Tower::graph)
                .distinct()
                .map(graph -> source(folder, graph, files));
    }

    private static PreparedGraphs.Source source(Folder folder, String graph, List<Artifact> files) {
        Map<String, String> hashes = files.stream().collect(Collectors.toMap(Artifact::path, Artifact::sha256));
        return PreparedGraphs.Source.of(
                graph, hashes.keySet(), path -> new PreparedGraphs.File(folder.file(path), hashes.get(path)));
    }

    private OnnxOptions options(DeclaredModel model, Device device) {
        Duration ofTrial = Duration.ofMillis(settings.lanes().ingestTimeout().millis());
        boolean shared = Overrides.parse(model.overrides()).sharedBatches();
        return new OnnxOptions(1, ofTrial, device, cores, shared);
    }

    /** @param towers what was opened is added to */
    private DualEncoder open(
            Folder folder,
            ModelDescription description,
            DeclaredModel model,
            OnnxOptions options,
            List<LoadedTower> towers,
            LoadMarkers.Towers marked,
            Progress progress) {
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            Optional<Tokenizer> tokenizer = description
                    .text()
                    .map(tower -> keep(Tokenizer.open(folder.file(tower.tokenizer()), tower.maxTokens()), opened));
            Optional<Session> text = description
                    .text()
                    .map(tower -> keep(session(folder, tower, model, options, towers, progress), opened));
            description.image().ifPresent(tower -> marked.enter(Modality.IMAGE));
            Optional<Session> image = description
                    .image()
                    .map(tower -> keep(session(folder, tower, model, options, towers, progress), opened));
            return new DualEncoder(description, text, tokenizer, image, pictures, ledger);
        } catch (RuntimeException | Error e) {
            for (AutoCloseable resource : opened) {
                close(resource, e);
            }
            throw e;
        }
    }

    /** A graph may have weights in declared files, whose hashes are checked, and nowhere else. */
    private Session session(
            Folder folder,
            Tower tower,
            DeclaredModel model,
            OnnxOptions options,
            List<LoadedTower> towers,
            Progress progress) {
        progress.enter(Progress.Stage.LOADING, 0, 0);
        PreparedGraphs.Opened opened = prepared.open(
                source(folder, tower.graph(), model.files()),
                tower.outputs(),
                options,
                () -> progress.enter(Progress.Stage.PREPARING, 0, 0));
        towers.add(LoadedTower.of(tower.modality(), opened));
        return opened.session();
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
