// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.lucene.util.IOUtils;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.common.hash.MessageDigests;
import org.opensearch.common.lease.Releasable;

/**
 * What this node remembers of its loads beyond the end of its process, as empty files, which a full disk still takes: {@code <key>.text} and
 * {@code .image} lie there while native code has that tower of the model and its trial run is not over; {@code .passed-..} says that
 * it has been loaded here; {@code .again} that a load ended the node after it had been, and that it is loaded once more by itself. The key is of the
 * model's fingerprint and its files, so the name that it is declared under does not matter.
 *
 * <p>A marker is on the disk before native code sees the model. One that an earlier process has left means that the load ended it. Safe for use by
 * many threads; blocks for as long as the disk takes.
 */
final class LoadMarkers {

    private static final Logger logger = LogManager.getLogger(LoadMarkers.class);
    private static final String AGAIN = ".again";
    private static final String PASSED = ".passed-";

    private final Path folder;

    /** Loads of this process that are under way, by the name of their marker: two models may be of the same files. */
    private final Map<String, Integer> open = new HashMap<>();

    /** Markers that earlier processes have left, by key; {@code null} until they have been looked for. */
    private Map<String, List<Path>> left;

    private boolean stopped;

    /** @param folder for markers alone; made with the first */
    LoadMarkers(Path folder) {
        this.folder = folder;
    }

    /**
     * To be called before anything is done for a load.
     *
     * @param made what the form that will be loaded is made for, see {@link #towers}
     * @throws CrashedException when an earlier load has ended the node and it is not the one that is forgiven
     */
    synchronized void require(DeclaredModel model, String made) {
        String key = key(model);
        try {
            look();
            List<Path> markers = left.get(key);
            if (markers == null) {
                return;
            }
            if (Files.exists(file(key, AGAIN)) || !Files.exists(passed(key, made))) {
                throw new CrashedException();
            }
            for (Path marker : markers.subList(1, markers.size())) {
                Files.deleteIfExists(marker);
            }
            Files.move(markers.getFirst(), file(key, AGAIN), StandardCopyOption.ATOMIC_MOVE);
            IOUtils.fsync(folder, true);
            left.remove(key);
            logger.warn(
                    "model [{}] ended this node while it was loaded; it has been loaded here before and is tried once more",
                    model.id());
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** Somebody has asked for it: what an earlier load did is forgotten. */
    synchronized void forget(DeclaredModel model) {
        String key = key(model);
        try {
            look();
            List<Path> markers = new ArrayList<>(left.getOrDefault(key, List.of()));
            left.remove(key);
            markers.add(file(key, AGAIN));
            delete(markers);
        } catch (IOException e) {
            logger.warn("the markers of model [" + model.id() + "] cannot be removed", e);
        }
    }

    /**
     * A load.
     *
     * @param made text that is equal when a form that has passed its trial run is the one that will be loaded
     */
    Towers towers(DeclaredModel model, String made) {
        return new Towers(key(model), made);
    }

    /** The node ends in order: what is under way then is no crash, whatever the process does until it is gone. */
    synchronized void stop() {
        stopped = true;
        try {
            delete(open.keySet().stream().map(folder::resolve).toList());
        } catch (IOException e) {
            logger.warn("the markers of loads under way cannot be removed", e);
        }
    }

    /** The markers of one load. Used by one thread. */
    final class Towers implements Releasable {
        private final String key;
        private final String made;
        private final List<String> names = new ArrayList<>();

        private Towers(String key, String made) {
            this.key = key;
            this.made = made;
        }

        /**
         * Native code gets this tower next.
         *
         * @throws ModelException when the disk does not take the marker
         */
        void enter(Modality tower) {
            String name = key + "." + tower.name().toLowerCase(Locale.ROOT);
            if (!names.contains(name)) {
                mark(name);
                names.add(name);
            }
        }

        /** It runs: a crash from now on is not its load's, and one in its next load is forgiven once. */
        void passed() {
            pass(key, made);
        }

        /** The load is over, however it went. */
        @Override
        public void close() {
            unmark(names);
        }
    }

    private synchronized void mark(String name) {
        if (stopped) {
            throw new ModelException("the node is closing");
        }
        try {
            if (!open.containsKey(name)) {
                create(folder.resolve(name));
            }
            open.merge(name, 1, Integer::sum);
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private synchronized void unmark(List<String> names) {
        List<Path> closed = new ArrayList<>();
        for (String name : names) {
            if (open.computeIfPresent(name, (same, loads) -> loads == 1 ? null : loads - 1) == null) {
                closed.add(folder.resolve(name));
            }
        }
        try {
            delete(closed);
        } catch (IOException e) {
            logger.warn("a marker cannot be removed: the next start takes the load for one that ended the node", e);
        }
    }

    private synchronized void pass(String key, String made) {
        Path passed = passed(key, made);
        try {
            if (!Files.exists(passed)) {
                List<Path> older = list().filter(path -> name(path).startsWith(key + PASSED))
                        .toList();
                create(passed);
                delete(older);
            }
            delete(List.of(file(key, AGAIN)));
        } catch (IOException e) {
            logger.warn("it cannot be kept that a model was loaded here: a crash in its next load is not forgiven", e);
        }
    }

    // ---- files

    private void look() throws IOException {
        if (left == null) {
            List<String> towers = Stream.of(Modality.values())
                    .map(tower -> "." + tower.name().toLowerCase(Locale.ROOT))
                    .toList();
            left = new HashMap<>(list().filter(path -> towers.stream().anyMatch(name(path)::endsWith))
                    .collect(Collectors.groupingBy(
                            path -> name(path).substring(0, name(path).lastIndexOf('.')))));
        }
    }

    private Stream<Path> list() throws IOException {
        if (!Files.isDirectory(folder)) {
            return Stream.empty();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList().stream();
        }
    }

    private void create(Path file) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder);
            IOUtils.fsync(folder.getParent(), true);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        IOUtils.fsync(folder, true);
    }

    private void delete(List<Path> files) throws IOException {
        boolean any = false;
        for (Path file : files) {
            any |= Files.deleteIfExists(file);
        }
        if (any) {
            IOUtils.fsync(folder, true);
        }
    }

    private Path file(String key, String kind) {
        return folder.resolve(key + kind);
    }

    private Path passed(String key, String made) {
        return file(key, PASSED + hash(made));
    }

    private static String name(Path path) {
        return path.getFileName().toString();
    }

    /** Of what native code gets. */
    static String key(DeclaredModel model) {
        return model.fingerprint()
                + "-"
                + hash(model.files().stream()
                        .map(file -> file.path() + " " + file.sha256())
                        .collect(Collectors.joining("\n")));
    }

    private static String hash(String text) {
        return MessageDigests.toHexString(MessageDigests.sha256().digest(text.getBytes(StandardCharsets.UTF_8)))
                .substring(0, 16);
    }

    /** The message of the exception itself may hold a path. */
    private static ModelException unwritable(IOException e) {
        String why = e instanceof FileSystemException file && file.getReason() != null
                ? file.getReason()
                : e.getClass().getSimpleName();
        return new ModelException(
                "it is not loaded without a marker on the disk, which would tell that its load ended the node: [clip/loading] in the data folder of this node cannot be written: "
                        + why,
                e);
    }
}
