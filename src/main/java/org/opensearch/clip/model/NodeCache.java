// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.clip.core.engine.DiskFailure;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Folder.Listed;
import org.opensearch.clip.core.net.Access;
import org.opensearch.common.hash.MessageDigests;

/**
 * Downloaded files of this node, each under its SHA-256, so that a name stands for the same bytes wherever they came from. A file is here whole and
 * right or not at all: it arrives under a name of its own, is hashed on the way, and gets its name when it is complete and on the disk; after
 * a start it is hashed again before its first use. One download at a time of each file, whoever wants it.
 *
 * <p>Safe for use by many threads and after any end of the process.
 */
final class NodeCache {

    private static final Logger logger = LogManager.getLogger(NodeCache.class);
    private static final long ROOM_STEP = 64L << 20;

    /**
     * Where a file can be had.
     *
     * @param what for messages
     */
    record Origin(String what, String url, Access access) {}

    private final Path files;
    private final Downloader downloader;
    private final CacheSpace space;
    private final LongSupplier now;
    private final Map<String, CompletableFuture<Void>> flights = new ConcurrentHashMap<>();

    /** Files whose bytes were read or written by this process, and when they were changed last. */
    private final Map<String, FileTime> checked = new ConcurrentHashMap<>();

    /**
     * @param root its folder {@code files} is made with the first file, so that a disk that is full ends no start of a node
     * @param now epoch milliseconds
     */
    NodeCache(Path root, Downloader downloader, CacheSpace space, LongSupplier now) {
        this.files = root.resolve("files");
        this.downloader = downloader;
        this.space = space;
        this.now = now;
    }

    /**
     * The file on this node. Blocks while it is downloaded or read.
     *
     * @throws DownloadException when it cannot be had
     */
    Path get(Listed file, Origin origin, Progress progress) {
        String name = file.sha256().orElseGet(() -> "unknown-" + hash(origin.url()));
        while (true) {
            progress.check();
            CompletableFuture<Void> mine = new CompletableFuture<>();
            CompletableFuture<Void> other = flights.putIfAbsent(name, mine);
            if (other != null) {
                await(other, progress);
                continue;
            }
            try {
                return here(file, name) ? used(name) : download(file, name, origin, progress);
            } catch (IOException e) {
                throw unwritable(origin, e);
            } catch (UncheckedIOException e) {
                throw unwritable(origin, e.getCause());
            } finally {
                flights.remove(name, mine);
                mine.complete(null);
            }
        }
    }

    /** Bytes of the file that are here, whole or not. */
    long present(Listed file) {
        String name = file.sha256().orElseThrow();
        long whole = size(files.resolve(name));
        return Math.min(file.size(), whole >= 0 ? whole : Math.max(0, size(part(name))));
    }

    void sweep() {
        space.sweep();
    }

    private boolean here(Listed file, String name) throws IOException {
        Path path = files.resolve(name);
        if (file.sha256().isEmpty() || size(path) < 0) {
            return false;
        }
        FileTime modified = Files.getLastModifiedTime(path);
        if (size(path) == file.size() && modified.equals(checked.get(name))) {
            return true;
        }
        if (size(path) == file.size() && PartFile.sha256(path).equals(name)) {
            checked.put(name, modified);
            return true;
        }
        Files.deleteIfExists(path); // damaged: to be downloaded anew
        return false;
    }

    private Path used(String name) {
        Path path = files.resolve(name);
        try {
            Files.getFileAttributeView(path, BasicFileAttributeView.class)
                    .setTimes(null, FileTime.fromMillis(now.getAsLong()), null);
        } catch (IOException e) { // it may go earlier than others then, and can be used all the same
            logger.debug("model cache: the use of [{}] cannot be noted: {}", name, e);
        }
        return path;
    }

    private Path download(Listed file, String name, Origin origin, Progress progress) throws IOException {
        Files.createDirectories(files);
        space.require(file.size() - Math.max(0, size(part(name))));
        try (PartFile part = PartFile.open(part(name))) {
            boolean resumed = part.length() > 0;
            fill(part, file, origin, progress);
            if (wrong(part, file) && resumed) { // what an earlier process left may not be what it wrote
                progress.add(-part.length());
                part.restart();
                fill(part, file, origin, progress);
            }
            String hash = part.sha256();
            if (wrong(part, file)) {
                part.delete();
                throw DownloadException.lasting(
                        origin.what() + " has the SHA-256 " + hash + " as it was sent, declared is " + name);
            }
            part.becomes(files.resolve(hash));
            checked.put(hash, Files.getLastModifiedTime(files.resolve(hash)));
            return used(hash);
        }
    }

    private void fill(PartFile part, Listed file, Origin origin, Progress progress) {
        long[] next = {part.length()};
        downloader.file(origin.what(), origin.url(), origin.access(), file.size(), part, progress, () -> {
            if (part.length() >= next[0]) {
                space.requireFree();
                next[0] = part.length() + ROOM_STEP;
            }
        });
    }

    private static boolean wrong(PartFile part, Listed file) {
        return file.sha256().filter(hash -> !hash.equals(part.sha256())).isPresent();
    }

    private Path part(String name) {
        return files.resolve(name + CacheSpace.PART);
    }

    private static long size(Path path) {
        try {
            return Files.size(path);
        } catch (IOException e) {
            return -1;
        }
    }

    private static String hash(String text) {
        return MessageDigests.toHexString(MessageDigests.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static void await(CompletableFuture<Void> other, Progress progress) {
        while (true) {
            progress.check();
            try {
                other.get(100, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                // another look whether this is still wanted
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ModelException("the load was interrupted", e);
            } catch (ExecutionException e) {
                throw new AssertionError("a flight only ends", e);
            }
        }
    }

    private DownloadException unwritable(Origin origin, IOException e) {
        return DownloadException.ofDisk(
                origin.what() + " cannot be kept on this node, [clip/files] in its data folder cannot be written: "
                        + DiskFailure.of(e, files),
                e);
    }
}
