// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.clip.core.model.Folder.Listed;
import org.opensearch.clip.core.net.Access;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.settings.DownloadSettings.Downloads;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;

/**
 * From the {@code source} of a declaration to files on this node: a folder that is here, or what a hub or a mirror has. Safe for use by many
 * threads; what gets files blocks.
 */
public final class ModelFiles {

    /** Of a file that is wanted to describe a model: the largest tokenizers are a quarter of it. */
    private static final long MOST_TO_DESCRIBE = 128L << 20;

    private static final long FIRST_PAUSE_MILLIS = 1000;

    private final Catalog catalog;
    private final LocalFolders folders;
    private final NodeCache cache;
    private final Downloader downloader;
    private final HubApi hub;
    private final Supplier<Downloads> settings;

    ModelFiles(
            Catalog catalog,
            LocalFolders folders,
            NodeCache cache,
            Downloader downloader,
            HubApi hub,
            Supplier<Downloads> settings) {
        this.catalog = catalog;
        this.folders = folders;
        this.cache = cache;
        this.downloader = downloader;
        this.hub = hub;
        this.settings = settings;
    }

    /** The files of a node. */
    public static ModelFiles of(
            Environment environment,
            NodeEnvironment node,
            Catalog catalog,
            Fetcher fetcher,
            ClipSettings settings,
            ClusterService cluster) {
        Path data = node.nodeDataPaths()[0].resolve("clip");
        Downloader downloader = new Downloader(fetcher, settings::downloads, FIRST_PAUSE_MILLIS);
        Supplier<Set<String>> needed = () -> ModelMetadata.of(cluster.state()).hashes();
        CacheSpace space = new CacheSpace(data, settings::downloads, needed, System::currentTimeMillis);
        NodeCache cache = new NodeCache(data, downloader, space, System::currentTimeMillis);
        LocalFolders folders = new LocalFolders(environment.configDir().resolve("opensearch-clip"));
        HubApi hub = new HubApi(downloader, settings::downloads);
        return new ModelFiles(catalog, folders, cache, downloader, hub, settings::downloads);
    }

    /** Whether files may have to be downloaded. */
    static boolean remote(Map<String, Object> source) {
        return source.containsKey("hub") || source.containsKey("url");
    }

    /**
     * Whether it is a folder of this node.
     *
     * @throws IllegalArgumentException unless {@code source} is one that can be resolved, as far as any node can tell
     */
    boolean local(Map<String, Object> source) {
        return Source.declared(source, catalog) instanceof Source.Local;
    }

    /**
     * A source at this moment.
     *
     * @param source as it is written into the cluster state: whatever moves is pinned
     * @param folder has every file that there is; those needed to describe a model are fetched when they are read
     */
    record Resolved(Map<String, Object> source, Folder folder) {}

    /**
     * @throws IllegalArgumentException when it is not known, or not here
     * @throws DownloadException when a server does not give it
     */
    Resolved resolve(Map<String, Object> source, Progress progress) {
        Source parsed = Source.declared(source, catalog);
        if (parsed instanceof Source.Local local) {
            return new Resolved(local.toMap(), Folder.at(folders.folder(local)));
        }
        Source pinned = parsed instanceof Source.Hub named ? hub.pin(named, progress) : parsed;
        List<Listed> files = pinned instanceof Source.Hub named ? hub.files(named, progress) : sized(pinned, progress);
        return new Resolved(pinned.toMap(), Folder.listing(files, file -> {
            if (file.size() > MOST_TO_DESCRIBE) {
                throw new IllegalArgumentException("[" + file.path() + "] has " + file.size() + " bytes, at most "
                        + MOST_TO_DESCRIBE + " are read to describe a model");
            }
            return cache.get(file, origin(pinned, file.path()), progress);
        }));
    }

    /** With the sizes that the declaration left out. */
    private List<Listed> sized(Source source, Progress progress) {
        List<Listed> files = new ArrayList<>();
        for (Listed file : ((Source.Url) source).files()) {
            NodeCache.Origin origin = origin(source, file.path());
            long size = file.size() >= 0
                    ? file.size()
                    : downloader.get(origin.what(), origin.url(), origin.access(), progress, answer -> answer.length());
            if (size < 0) {
                throw new IllegalArgumentException("[source.files]: the server does not tell the size of ["
                        + file.path() + "], give it as [size]");
            }
            files.add(new Listed(file.path(), size, file.sha256()));
        }
        return files;
    }

    /**
     * Gets what is not on this node yet; may take hours.
     *
     * @throws DownloadException names the file that cannot be had
     */
    void fetch(DeclaredModel model, Progress progress) {
        Source source = Source.recorded(model.source(), catalog);
        if (source instanceof Source.Local) {
            return;
        }
        for (Artifact file : model.files()) {
            long present = model.files().stream()
                    .mapToLong(one -> cache.present(Listed.of(one)))
                    .sum();
            progress.enter(Progress.Stage.DOWNLOADING, present, model.sizeInBytes());
            cache.get(Listed.of(file), origin(source, file.path()), progress);
        }
    }

    /**
     * The files of a declared model on this node, of the sizes and hashes that were declared; blocks while it gets and reads them.
     *
     * @throws ModelException names the file that is not the one that was declared
     * @throws DownloadException names the file that cannot be had
     */
    public Folder open(DeclaredModel model, Progress progress) {
        Source source = Source.recorded(model.source(), catalog);
        long bytes = model.sizeInBytes();
        progress.enter(Progress.Stage.VERIFYING, 0, bytes);
        if (source instanceof Source.Local local) {
            Path folder = folders.folder(local);
            folders.verify(folder, model.files());
            progress.add(bytes);
            return Folder.at(folder);
        }
        Map<String, Path> paths = new HashMap<>();
        for (Artifact file : model.files()) {
            paths.put(file.path(), cache.get(Listed.of(file), origin(source, file.path()), progress));
            progress.add(file.size());
        }
        return Folder.listing(model.files().stream().map(Listed::of).toList(), file -> paths.get(file.path()));
    }

    /**
     * A small file of a declared model, as it was pinned.
     *
     * @throws ModelException when this node has another one, or none
     */
    public byte[] read(DeclaredModel model, Artifact file) {
        Path path =
                open(model.only(file), new Progress(System::currentTimeMillis)).file(file.path());
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new ModelException("file [" + file.path() + "] cannot be read on this node", e);
        }
    }

    /** Once after the start of the node, when it is known which models are declared. */
    void sweep() {
        cache.sweep();
    }

    private NodeCache.Origin origin(Source source, String path) {
        return switch (source) {
            case Source.Hub from ->
                new NodeCache.Origin(
                        "[" + path + "] of [" + from.repository() + "]",
                        hub.url(from, path),
                        settings.get().ofHub());
            case Source.Url from ->
                new NodeCache.Origin(
                        "[" + path + "] of the model", from.url() + HubApi.below(path), access(from.url()));
            case Source.Local local -> throw new AssertionError(local);
        };
    }

    /** A base URL on the hub's own server is no stranger. */
    private Access access(String url) {
        return url.startsWith(settings.get().hub() + "/")
                ? settings.get().ofHub()
                : settings.get().ofOthers();
    }
}
