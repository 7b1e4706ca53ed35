// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.opensearch.action.support.PlainActionFuture;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.core.net.Fetcher;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Completion;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Failure;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.breaker.CircuitBreaker;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.indices.breaker.HierarchyCircuitBreakerService;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.threadpool.ExecutorBuilder;
import org.opensearch.threadpool.TestThreadPool;
import org.opensearch.threadpool.ThreadPool;

/** The scheduler over the real tiny model, whose door each test may shut, and with a clock that stands unless the test moves it. */
public abstract class SchedulerTestCase extends OpenSearchTestCase {

    /** Nothing here waits for it to pass. */
    static final TimeValue AMPLE = TimeValue.timeValueMinutes(1);

    final GatedModel model = new GatedModel();
    final ClipStats stats = new ClipStats();
    ThreadPool threadPool;
    Fetcher fetcher;
    CircuitBreaker breaker;
    InferenceScheduler scheduler;
    final AtomicLong now = new AtomicLong();

    /** Starts the scheduler; once a test. */
    void start(Settings.Builder builder) {
        Settings settings = builder.put("node.name", getTestName()).build();
        Set<Setting<?>> known = Stream.concat(
                        ClusterSettings.BUILT_IN_CLUSTER_SETTINGS.stream(),
                        ClipSettings.all().stream().filter(Setting::hasNodeScope))
                .collect(Collectors.toSet());
        ClusterSettings clusterSettings = new ClusterSettings(settings, known);
        HierarchyCircuitBreakerService breakers =
                new HierarchyCircuitBreakerService(settings, List.of(), clusterSettings);
        breaker = breakers.getBreaker(CircuitBreaker.REQUEST);
        threadPool = new TestThreadPool(
                getTestName(), settings, WorkerPools.executors(settings).toArray(ExecutorBuilder<?>[]::new));
        fetcher = new Fetcher((task, delay) -> {
            var scheduled =
                    threadPool.schedule(task, TimeValue.timeValueMillis(delay.toMillis()), ThreadPool.Names.GENERIC);
            return scheduled::cancel;
        });
        scheduler = new InferenceScheduler(
                threadPool,
                new ClipSettings(settings, clusterSettings),
                stats,
                breakers,
                fetcher,
                new Clock(now::get, now::get));
    }

    static Settings.Builder threads(int n) {
        return Settings.builder().put("plugins.clip.threads", n).put("plugins.clip.search.threads", n);
    }

    /** Time goes by, and deadlines are looked at. */
    void pass(TimeValue time) {
        now.addAndGet(time.nanos());
        scheduler.sweep();
    }

    @Override
    public void tearDown() throws Exception {
        model.open();
        if (threadPool != null) {
            assertBusy(() -> assertEquals("models still held", 0, model.refs.get()));
            assertEquals("memory still charged", 0, breaker.getUsed());
            assertEquals(0, gauge("search_requests"));
            assertEquals(0, gauge("ingest_requests"));
            assertEquals(0, gauge("waiting_inputs"));
            assertEquals(0L, ((Map<?, ?>) stats.snapshot().get("lanes")).get("ingest_bytes"));
            assertEquals(0L, ((Map<?, ?>) stats.snapshot().get("lanes")).get("search_bytes"));
            fetcher.close();
            terminate(threadPool);
        }
        model.close();
        super.tearDown();
    }

    int gauge(String name) {
        return (Integer) ((Map<?, ?>) stats.snapshot().get("lanes")).get(name);
    }

    static EmbedTask newTask() {
        return new EmbedTask(1, "transport", "embed", "test", TaskId.EMPTY_TASK_ID, Map.of());
    }

    EmbedTask submit(Request request, ActionListener<Response> listener) {
        return submit(request, newTask(), listener);
    }

    EmbedTask submit(Request request, EmbedTask task, ActionListener<Response> listener) {
        scheduler.submit(request, model.ref(), task, new Completion<>(threadPool, listener));
        return task;
    }

    PlainActionFuture<Response> submit(Request request) {
        PlainActionFuture<Response> future = new PlainActionFuture<>();
        submit(request, future);
        return future;
    }

    static Request texts(Lane lane, String... texts) {
        return request(lane, null, Stream.of(texts).map(Source.Text::new).toArray(Source[]::new));
    }

    static Request request(Lane lane, TimeValue timeout, Source... sources) {
        return new Request("tiny", List.of(sources), lane, Side.PASSAGE, timeout, null);
    }

    static List<Result> results(PlainActionFuture<Response> future) {
        return future.actionGet(AMPLE).results();
    }

    static Failure failure(Result result) {
        assertTrue(result.toString(), result instanceof Failure);
        return (Failure) result;
    }

    static float[] vector(Result result) {
        assertTrue(result.toString(), result instanceof Vector);
        return ((Vector) result).values();
    }

    /** A small picture that no other number has. */
    static byte[] picture(int number) {
        return picture(number, 8);
    }

    static byte[] picture(int number, int width) {
        var image = new BufferedImage(width, 8, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(number);
        for (int i = 0; i < width * 8; i++) {
            image.setRGB(i % width, i / width, random.nextInt(1 << 24));
        }
        try (var out = new ByteArrayOutputStream()) {
            ImageIO.write(image, "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Source.Image base64(byte[] picture) {
        return new Source.Image(Base64.getEncoder().encodeToString(picture));
    }

    /** Solo vectors, made once for each input. */
    final Map<Source, float[]> solo = new ConcurrentHashMap<>();

    void assertSolo(Source source, Result result) {
        float[] expected = solo.computeIfAbsent(
                source,
                s -> model.solo(
                        switch (s) {
                            case Source.Text t -> new Input.Text(t.text());
                            case Source.Image i ->
                                new Input.Image(Base64.getDecoder().decode(i.image()));
                        }));
        assertArrayEquals(source.toString(), expected, vector(result), 1e-4f);
        double cosine = Vectors.dot(Vectors.normalize(expected), Vectors.normalize(vector(result)));
        assertTrue(source + ": cosine " + cosine, cosine >= 0.999999);
    }
}
