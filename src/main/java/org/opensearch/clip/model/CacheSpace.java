// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.lucene.util.IOUtils;
import org.opensearch.clip.settings.DownloadSettings.Downloads;
import org.opensearch.core.common.unit.ByteSizeValue;

/**
 * The room that models may take on the disk, and what goes when it is needed for others: beginnings that nobody finishes, then prepared forms,
 * which can be made again, then downloaded files, each kind in the order of their last use. Files of declared models stay, and so does
 * what was used a moment ago. Safe for use by many threads.
 */
final class CacheSpace {

    static final String PART = ".part";

    private static final Logger logger = LogManager.getLogger(CacheSpace.class);
    private static final long JUST_NOW_MILLIS = 10 * 60_000;
    private static final long OLD_MILLIS = 24 * 3_600_000L;

    private final Path root;
    private final Supplier<Downloads> settings;
    private final Supplier<Set<String>> needed;
    private final LongSupplier now;

    /**
     * @param root has the folders {@code files} and {@code prepared}
     * @param needed SHA-256 of every file of a declared model
     * @param now epoch milliseconds
     */
    CacheSpace(Path root, Supplier<Downloads> settings, Supplier<Set<String>> needed, LongSupplier now) {
        this.root = root;
        this.settings = settings;
        this.needed = needed;
        this.now = now;
    }

    private enum Kind {
        PART,
        PREPARED,
        FILE
    }

    private record Entry(Path path, Kind kind, long bytes, long usedMillis, boolean needed) {}

    /**
     * Makes room for bytes that are about to come.
     *
     * @throws DownloadException when there is none: names the setting
     */
    synchronized void require(long bytes) {
        Downloads limits = settings.get();
        List<Entry> entries = entries();
        long used = entries.stream().mapToLong(Entry::bytes).sum();
        long excess = Math.max(used + bytes - limits.diskLimitBytes(), bytes + limits.diskMinFreeBytes() - free());
        excess -= evict(entries, excess);
        if (excess <= 0) {
            return;
        }
        if (bytes + limits.diskMinFreeBytes() > free()) {
            throw noRoom(
                    bytes,
                    "the disk has " + new ByteSizeValue(free()) + " left and keeps [plugins.clip.disk.min_free] "
                            + new ByteSizeValue(limits.diskMinFreeBytes()));
        }
        throw noRoom(
                bytes,
                "[plugins.clip.disk.limit] is " + new ByteSizeValue(limits.diskLimitBytes())
                        + " and models that are declared or in use take "
                        + new ByteSizeValue(
                                entries().stream().mapToLong(Entry::bytes).sum()));
    }

    /** @throws DownloadException when others have filled the disk meanwhile */
    void requireFree() {
        if (free() < settings.get().diskMinFreeBytes()) {
            require(0);
        }
    }

    /** For the start of a node: what nobody will finish, and what is beyond the limit. */
    synchronized void sweep() {
        List<Entry> entries = entries();
        for (Entry entry : entries) {
            if (entry.kind() == Kind.PART && !entry.needed() && entry.usedMillis() < now.getAsLong() - OLD_MILLIS) {
                delete(entry);
            }
        }
        entries = entries();
        evict(
                entries,
                entries.stream().mapToLong(Entry::bytes).sum() - settings.get().diskLimitBytes());
    }

    /** @return bytes that are free now */
    private long evict(List<Entry> entries, long bytes) {
        long freed = 0;
        List<Entry> candidates = entries.stream()
                .filter(entry -> !entry.needed() && entry.usedMillis() < now.getAsLong() - JUST_NOW_MILLIS)
                .sorted(Comparator.comparing(Entry::kind).thenComparing(Entry::usedMillis))
                .toList();
        for (Entry entry : candidates) {
            if (freed >= bytes) {
                break;
            }
            freed += delete(entry) ? entry.bytes() : 0;
        }
        return freed;
    }

    /** @return whether it is gone; what cannot be deleted, on a disk that is read-only for instance, only takes room */
    private boolean delete(Entry entry) {
        logger.info("model cache: [{}] of {} goes", entry.path().getFileName(), new ByteSizeValue(entry.bytes()));
        try {
            IOUtils.rm(entry.path());
            return true;
        } catch (IOException e) {
            if (Files.notExists(entry.path(), LinkOption.NOFOLLOW_LINKS)) {
                return true; // another has taken it meanwhile
            }
            logger.warn("model cache: [" + entry.path().getFileName() + "] cannot be deleted", e);
            return false;
        }
    }

    private long free() {
        try {
            return Files.getFileStore(root).getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Entry> entries() {
        Set<String> keep = needed.get();
        List<Entry> entries = new ArrayList<>();
        for (Path file : children("files")) {
            String name = file.getFileName().toString();
            boolean part = name.endsWith(PART);
            String hash = part ? name.substring(0, name.length() - PART.length()) : name;
            entry(file, part ? Kind.PART : Kind.FILE, keep.contains(hash), entries);
        }
        for (Path prepared : children("prepared")) {
            entry(prepared, Kind.PREPARED, false, entries);
        }
        return entries;
    }

    private List<Path> children(String folder) {
        if (!Files.isDirectory(root.resolve(folder))) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(root.resolve(folder))) {
            return children.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void entry(Path path, Kind kind, boolean needed, List<Entry> entries) {
        try {
            BasicFileAttributes own = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            // a folder is accessed by looking into it here: whoever uses a prepared form touches its folder
            long used = own.isDirectory()
                    ? own.lastModifiedTime().toMillis()
                    : Math.max(
                            own.lastAccessTime().toMillis(),
                            own.lastModifiedTime().toMillis());
            entries.add(new Entry(path, kind, bytes(path), used, needed));
        } catch (NoSuchFileException e) {
            // has just become another
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of all regular files in a folder, or of a file; what goes while it is looked at has none. */
    private static long bytes(Path path) throws IOException {
        long[] bytes = {0};
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                bytes[0] += attributes.isRegularFile() ? attributes.size() : 0;
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }
        });
        return bytes[0];
    }

    private static DownloadException noRoom(long bytes, String why) {
        return DownloadException.ofDisk("no room for " + new ByteSizeValue(bytes) + " more on this node: " + why, null);
    }
}
