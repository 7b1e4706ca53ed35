// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.opensearch.clip.core.model.Folder.Listed;
import org.opensearch.clip.core.net.Access;
import org.opensearch.clip.core.net.AddressPolicy;
import org.opensearch.clip.core.net.Credentials;
import org.opensearch.clip.core.net.FetchPolicy;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.settings.DownloadSettings.Downloads;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

/** A cache of a node and a hub on loopback. */
abstract class DownloadTestCase extends OpenSearchTestCase {

    static final String FILE = "onnx/model.onnx";
    static final String TOKEN = "hf_secret";

    final byte[] content = new byte[100_000];
    FakeHub hub;
    Path data;
    NodeCache cache;
    Set<String> needed = Set.of();
    Duration stall = Duration.ofMinutes(1);
    String network = "127.0.0.0/8";
    String token = TOKEN;
    long diskLimit = Long.MAX_VALUE / 2;
    long minFree = 0;
    long now = System.currentTimeMillis();

    private ThreadPool threadPool;
    private Fetcher fetcher;
    Downloader downloader;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        random().nextBytes(content);
        hub = new FakeHub().with(FILE, content);
        data = createTempDir();
        threadPool = new TestThreadPool(getTestName());
        fetcher = new Fetcher((task, delay) ->
                threadPool.schedule(task, TimeValue.timeValueNanos(delay.toNanos()), ThreadPool.Names.GENERIC)::cancel);
        downloader = new Downloader(fetcher, this::settings, 1);
        cache = restarted();
    }

    @Override
    public void tearDown() throws Exception {
        fetcher.close();
        hub.close();
        terminate(threadPool);
        super.tearDown();
    }

    Downloads settings() {
        FetchPolicy policy = new FetchPolicy(
                List.of("*"),
                List.of(),
                AddressPolicy.opening(List.of(network)),
                Duration.ofMinutes(5),
                5,
                1,
                Credentials.NONE,
                "plugins.clip.hub");
        return new Downloads(
                hub.url(),
                policy,
                new Access(hub.url(), token, null, stall),
                new Access(null, null, null, stall),
                diskLimit,
                minFree);
    }

    CacheSpace space() {
        return new CacheSpace(data, this::settings, () -> needed, () -> now);
    }

    /** The cache of a node that has started anew. */
    NodeCache restarted() throws IOException {
        return new NodeCache(data, downloader, space(), () -> now);
    }

    ThreadPool threadPool() {
        return threadPool;
    }

    static Progress progress() {
        return new Progress(() -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    Listed listed() {
        return new Listed(FILE, content.length, Optional.of(FakeHub.sha256(content)));
    }

    NodeCache.Origin origin() {
        String url = hub.url() + "/" + FakeHub.REPOSITORY + "/resolve/" + FakeHub.COMMIT + "/" + FILE;
        return new NodeCache.Origin("[" + FILE + "]", url, settings().ofHub());
    }

    Path get() {
        return cache.get(listed(), origin(), progress());
    }

    /** @return why not */
    String fails() {
        return expectThrows(DownloadException.class, this::get).getMessage();
    }

    /** Names in the folder of files. */
    List<String> kept() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("files"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name ->
                            !name.startsWith("extra")) // the file system of the test framework puts them everywhere
                    .sorted()
                    .toList();
        }
    }

    void assertWhole(Path file) throws IOException {
        assertEquals(FakeHub.sha256(content), file.getFileName().toString());
        assertArrayEquals(content, Files.readAllBytes(file));
        assertEquals(List.of(FakeHub.sha256(content)), kept());
    }
}
