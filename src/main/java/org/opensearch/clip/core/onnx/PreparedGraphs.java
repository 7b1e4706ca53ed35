// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.clip.core.engine.DiskFailure;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.Session;

/**
 * The graphs of this node in the form they are loaded from: each in a folder of its own, named by the hash of what it was made of and what it was
 * made for, made when it is first wanted, in one piece or not at all. Nothing in them is precious: what is damaged, half made or not ours is thrown
 * away and made again. Safe for use by many threads; one makes, others that want the same graph wait.
 */
public final class PreparedGraphs {

    /** To be raised when the same inputs make another form. */
    private static final String FORMAT = "2";

    private static final String MAKING = "making-";

    /**
     * A graph as it was published.
     *
     * @param name of the graph, for messages
     * @param weights the files that may hold its weights, by the name that the graph has for them
     */
    public record Source(String name, File graph, Map<String, File> weights) {
        public Source {
            weights = new TreeMap<>(weights);
        }

        /**
         * A graph of a model.
         *
         * @param graph path of its file
         * @param files paths of all files of the model; weights are in those that are named after the graph, and nowhere else
         * @param file of such a path, asked only for those of this graph
         */
        public static Source of(String graph, Collection<String> files, Function<String, File> file) {
            int name = graph.lastIndexOf('/') + 1;
            Map<String, File> weights = files.stream()
                    .filter(path -> path.startsWith(graph) && !path.equals(graph))
                    .collect(Collectors.toMap(path -> path.substring(name), file));
            return new Source(graph.substring(name), file.apply(graph), weights);
        }

        /**
         * Looks at the whole graph before native code does.
         *
         * @return bytes that loading it takes for a moment beside its weights: what no file holds is made, and copied into the form that is saved
         * @throws ModelException when it is refused
         */
        public long momentary() {
            try {
                return 2
                        * GraphScan.check(name, graph.path(), paths(), GraphLimits.DEFAULT)
                                .made();
            } catch (IOException e) {
                throw new ModelException("[" + name + "] cannot be read", e);
            }
        }

        Map<String, Path> paths() {
            return weights.entrySet().stream()
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, weight -> weight.getValue().path()));
        }

        private String hashes() {
            return graph.sha256()
                    + weights.entrySet().stream()
                            .map(weight -> "\n" + weight.getKey() + " "
                                    + weight.getValue().sha256())
                            .collect(Collectors.joining());
        }
    }

    /** @param sha256 of its bytes, checked by the caller */
    public record File(Path path, String sha256) {}

    /** @param unprepared why the graph was loaded as it was published, or {@code null} */
    public record Opened(Session session, String unprepared) {}

    private final Path folder;
    private final OnnxRuntime runtime;
    private final LongSupplier minFree;
    private final Optional<String> cpu;
    private final Map<String, Object> locks = new ConcurrentHashMap<>();
    private final Set<String> checked = ConcurrentHashMap.newKeySet();
    private UserPrincipal self;

    /**
     * @param folder for prepared graphs alone; made when the first is wanted
     * @param minFree bytes that must stay free on its disk
     */
    public PreparedGraphs(Path folder, OnnxRuntime runtime, LongSupplier minFree) {
        this(folder, runtime, minFree, CpuFeatures.read(Path.of("/proc/cpuinfo")));
    }

    /** @param cpu empty where the system does not say what its CPU can do: graphs are cut then, and not optimised */
    PreparedGraphs(Path folder, OnnxRuntime runtime, LongSupplier minFree, Optional<String> cpu) {
        this.folder = folder.toAbsolutePath().normalize();
        this.runtime = runtime;
        this.minFree = minFree;
        this.cpu = cpu;
    }

    /**
     * Loads a graph in its prepared form, or, when none can be made, as it was published.
     *
     * @param outputs names of the outputs that will do, best first: the graph is cut down to what the first one that it has needs; when it has
     *     none of them, it stays whole
     * @param making called before a form is made, which takes its time
     * @throws ModelException when the graph is refused, or needs to be cut and cannot
     */
    public Opened open(Source source, List<String> outputs, OnnxOptions options, Runnable making) {
        boolean optimised = cpu.isPresent() && options.device().kind() == Device.Kind.CPU;
        String key = environment(optimised) + "-" + key(source, outputs);
        try {
            Optional<String> unprepared;
            synchronized (locks.computeIfAbsent(key, k -> new Object())) {
                if (usable(key)) {
                    unprepared = Optional.empty();
                } else {
                    making.run();
                    unprepared = make(key, source, outputs, optimised);
                }
            }
            if (unprepared.isEmpty()) {
                Path graph = folder.resolve(key).resolve(Preparation.GRAPH);
                touch(folder.resolve(key));
                return new Opened(
                        runtime.openPrepared(source.name(), graph, Preparation.WEIGHTS, optimised, options), null);
            }
            return new Opened(runtime.open(source, options), unprepared.get());
        } catch (IOException e) {
            throw new ModelException("[" + source.name() + "] cannot be read", e);
        }
    }

    /** The least recently used goes first when the disk is needed. Where that cannot be noted, on a disk that is read-only, the form does all the same. */
    private static void touch(Path form) {
        try {
            Files.setLastModifiedTime(form, FileTime.fromMillis(System.currentTimeMillis()));
        } catch (IOException e) {
            // it may go earlier than others
        }
    }

    // ---- names

    /** What this node's forms are made for, beside their models: text that is equal where that is. Calls nothing native. */
    public String madeFor() {
        return FORMAT + "\n" + OnnxRuntime.release() + "\n" + cpu.orElse("any");
    }

    /** Optimised graphs are of one kind of CPU. */
    private String environment(boolean optimised) {
        String of = FORMAT + "\n" + runtime.version() + "\n" + (optimised ? cpu.orElseThrow() : "any");
        return sha256(of).substring(0, 16);
    }

    private static String key(Source source, List<String> outputs) {
        return sha256(source.hashes() + "\n" + outputs).substring(0, 40);
    }

    private static String sha256(String text) {
        try {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    // ---- one form

    private boolean usable(String key) {
        Path form = folder.resolve(key);
        try {
            sweep();
            if (!Files.isDirectory(form, LinkOption.NOFOLLOW_LINKS)
                    || !ours(form)
                    || !Manifest.holds(form, Preparation.FILES, !checked.contains(key))) {
                return false;
            }
            checked.add(key);
            return true;
        } catch (IOException | ModelException e) {
            return false; // making it anew says why that cannot be done either
        }
    }

    /** @return why it was not made, if so */
    private Optional<String> make(String key, Source source, List<String> outputs, boolean optimised)
            throws IOException {
        Preparation preparation = Preparation.of(runtime, source, outputs);
        Path making = folder.resolve(MAKING + key);
        try {
            sweep();
            delete(making);
            delete(folder.resolve(key));
            requireRoom(preparation.bytes(optimised));
            createOwn(making);
            preparation.make(runtime, making, optimised, this::requireRoom);
            Files.move(making, folder.resolve(key), StandardCopyOption.ATOMIC_MOVE);
            Manifest.forceFolder(folder);
            checked.add(key);
            return Optional.empty();
        } catch (IOException | ModelException e) {
            try {
                delete(making);
            } catch (IOException again) { // the next start does
                e.addSuppressed(again);
            }
            String why = e instanceof IOException io
                    ? "[clip/prepared] in the data folder of this node cannot be written: " + DiskFailure.of(io, folder)
                    : e.getMessage();
            if (preparation.fewerInputs()) {
                throw new ModelException("[" + source.name() + "] has to be cut into its towers: " + why, e);
            }
            return Optional.of(why);
        }
    }

    private void requireRoom(long bytes) throws IOException {
        long usable = Files.getFileStore(folder).getUsableSpace() - minFree.getAsLong();
        if (usable < bytes) {
            throw new ModelException("preparing it takes " + (bytes >> 20) + " MiB of disk, "
                    + Math.max(0, usable >> 20) + " MiB are left above [plugins.clip.disk.min_free]");
        }
    }

    // ---- whose it is

    /** Once: forms that were being made when the node ended, and those of another ONNX Runtime or another CPU. */
    private synchronized void sweep() throws IOException {
        if (self != null) {
            return;
        }
        if (Files.notExists(folder)) {
            Files.createDirectories(folder.getParent());
            createOwn(folder);
        }
        Path probe = folder.resolve(MAKING + "probe");
        delete(probe);
        createOwn(probe);
        self = Files.getOwner(probe, LinkOption.NOFOLLOW_LINKS);
        if (!ours(folder)) {
            self = null;
            throw new ModelException(
                    "the folder of prepared models belongs to another user, or others may write to it");
        }
        Set<String> current = new HashSet<>(List.of(environment(cpu.isPresent()), environment(false)));
        try (Stream<Path> forms = Files.list(folder)) {
            for (Path form : (Iterable<Path>) forms::iterator) {
                if (!current.contains(form.getFileName().toString().split("-", 2)[0])) {
                    delete(form);
                }
            }
        }
    }

    /** Nobody else can put anything there. */
    private boolean ours(Path path) throws IOException {
        if (!self.equals(Files.getOwner(path, LinkOption.NOFOLLOW_LINKS))) {
            return false;
        }
        if (!posix()) {
            return true;
        }
        Set<PosixFilePermission> all = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        return !all.contains(PosixFilePermission.GROUP_WRITE) && !all.contains(PosixFilePermission.OTHERS_WRITE);
    }

    private void createOwn(Path path) throws IOException {
        FileAttribute<?>[] own = posix()
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
        Files.createDirectory(path, own);
    }

    private boolean posix() {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** With all that is in it; nothing when there is none. */
    static void delete(Path path) throws IOException {
        if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path done, IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(done);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
