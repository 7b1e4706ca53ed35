// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.engine.RunControl;
import org.opensearch.clip.core.engine.StoppedException;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.Failures;
import org.opensearch.clip.embed.scheduling.FairQueue.Group;
import org.opensearch.clip.embed.scheduling.QueryCache.Turn;
import org.opensearch.clip.embed.scheduling.Work.Ready;
import org.opensearch.clip.stats.ClipStats.OfModel;
import org.opensearch.clip.stats.ClipStats.Stage;

/**
 * Forms batches and runs them. A batch is bounded by the time that it is expected to run. A run that fails is repeated in halves until exactly the bad inputs have
 * failed; one that several inputs share and that takes too long, input by input; one that nobody waits for is stopped and not repeated. Safe for use by many threads.
 */
final class BatchRunner {

    /** What a run of several inputs is expected to take at most: a worker is free for others so soon, and larger batches gain nothing on a CPU. */
    private static final long LONGEST_SHARED = TimeUnit.MILLISECONDS.toNanos(250);

    /** On one core: for less, waking the threads of a run costs as much as they gain (docs/performance.md). */
    private static final long WORTH_ALL_CORES = TimeUnit.MILLISECONDS.toNanos(5);

    /** Texts that are tokenised before the next run is cut from them by length. */
    private static final int WINDOW = 128;

    /** Padded tokens of a run of texts; more does not make a token cheaper on a CPU. */
    static final int TOKENS = 1024;

    static final int TEXTS = 32;

    /** More pictures in a run do not make one cheaper on a CPU. */
    private static final int PICTURES = 8;

    /** What runs now, and the means to end it. */
    private record Batch(List<Ready> inputs, RunControl control) {}

    private final QueryCache cache;
    private final LongSupplier clock;
    private final LongSupplier ownTime;
    private final Map<DualEncoder, Map<Modality, RunCosts>> costs = Collections.synchronizedMap(new WeakHashMap<>());
    private final Set<Batch> running = ConcurrentHashMap.newKeySet();

    /**
     * @param clock nanoseconds
     * @param ownTime nanoseconds that the calling thread has computed: what a run costs does not depend on who else wants the cores
     */
    BatchRunner(QueryCache cache, LongSupplier clock, LongSupplier ownTime) {
        this.cache = cache;
        this.clock = clock;
        this.ownTime = ownTime;
    }

    // ---- batches

    /**
     * How many inputs a worker takes at a time.
     *
     * @param share of what waits, for one worker
     */
    int most(Group group, int share) {
        int most = Math.min(group.encoder().batch(group.modality()), Math.max(1, share));
        return switch (group.modality()) {
            case TEXT -> group.encoder().batch(Modality.TEXT) == 1 ? 1 : WINDOW;
            case IMAGE ->
                Preparer.isLarge(group.encoder())
                        ? 1
                        : Math.min(Math.min(PICTURES, most), costs(group).within(LONGEST_SHARED, 1));
        };
    }

    private RunCosts costs(Group group) {
        return costs.computeIfAbsent(group.encoder(), e -> Collections.synchronizedMap(new EnumMap<>(Modality.class)))
                .computeIfAbsent(group.modality(), m -> new RunCosts());
    }

    /**
     * The texts to run now: those nearest in length to the one that waits longest, because padding costs as much as text.
     *
     * @param ready in the order in which they wait
     * @param most at most so many
     */
    List<Ready> batchOfTexts(Group group, List<Ready> ready, int most) {
        if (ready.size() < 2) {
            return ready;
        }
        List<Ready> sorted = new ArrayList<>(ready);
        sorted.sort(Comparator.comparingInt(text -> length(group, text)));
        int end = sorted.indexOf(ready.getFirst()) + 1;
        int start = end - 1;
        int longest = length(group, sorted.get(start));
        while (start > 0 && end - start < fitting(group, longest, most)) {
            start--;
        }
        while (end < sorted.size() && end - start < fitting(group, length(group, sorted.get(end)), most)) {
            end++;
        }
        return sorted.subList(start, end);
    }

    /** Texts of a length that share a run. */
    private int fitting(Group group, int length, int most) {
        int texts = Math.min(Math.min(TEXTS, most), Math.max(1, TOKENS / length));
        return Math.min(texts, costs(group).within(LONGEST_SHARED, length));
    }

    /** Tokens as they will be padded; a picture counts as one. */
    private static int length(Group group, Ready ready) {
        if (!(ready.prepared() instanceof Prepared.Text text)) {
            return 1;
        }
        return group.encoder()
                .description()
                .text()
                .filter(Tower.Text::fixedLength)
                .map(Tower.Text::maxTokens)
                .orElse(text.ids().length);
    }

    // ---- runs

    /**
     * Runs a batch and settles its inputs, but for those that follow another thread's run of the same input.
     *
     * @param mine works that the calling thread has to close: loses those that follow, gains those that have followed this run
     * @param alone whether nothing else runs or waits on the node
     * @return those of {@code mine} that need another run
     */
    List<Ready> run(Group group, List<Ready> batch, Set<Work> mine, BooleanSupplier alone) {
        Set<Ready> leaders = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Ready> toRun = new ArrayList<>(batch.size());
        List<Ready> again = new ArrayList<>();
        try {
            for (Ready ready : batch) {
                if (ready.input().isWanted() && leads(ready, leaders, mine)) {
                    toRun.add(ready);
                    ready.input()
                            .request()
                            .stats()
                            .took(Stage.QUEUE, ready.input().time().waited());
                }
            }
            encode(group, toRun, alone, (ready, result) -> {
                if (leaders.remove(ready)) {
                    List<Ready> followers = followed(ready, result);
                    mine.addAll(followers);
                    followers.forEach(follower -> follower.input().settle(result));
                }
                ready.input().settle(result);
            });
        } finally {
            leaders.forEach(leader -> again.addAll(followed(leader, null)));
            mine.addAll(again);
        }
        return again;
    }

    /** What has followed a run, and waits no more. */
    private List<Ready> followed(Ready leader, Result result) {
        List<Ready> followers = cache.ended(leader.key(), result);
        followers.forEach(follower -> follower.input().time().stop());
        return followers;
    }

    private boolean leads(Ready ready, Set<Ready> leaders, Set<Work> mine) {
        if (ready.key() == null) {
            return true;
        }
        TimeBudget time = ready.input().time();
        time.start(); // of one that follows it runs until the leader's run has ended
        return switch (cache.turn(ready)) {
            case Turn.Hit known -> {
                time.stop();
                ready.input().settle(known.vector());
                yield false;
            }
            case Turn.Lead lead -> {
                time.stop();
                yield leaders.add(ready);
            }
            case Turn.Follow follow -> {
                mine.remove(ready);
                yield false;
            }
        };
    }

    private void encode(Group group, List<Ready> all, BooleanSupplier alone, BiConsumer<Ready, Result> settled) {
        List<Ready> inputs = all.stream().filter(this::isWanted).toList();
        if (inputs.isEmpty()) {
            return;
        }
        boolean shared = inputs.size() > 1;
        int length =
                inputs.stream().mapToInt(ready -> length(group, ready)).max().orElseThrow();
        boolean allCores = !shared
                && group.encoder().usesAllCores(group.modality())
                && costs(group).each(length) >= WORTH_ALL_CORES
                && alone.getAsBoolean();
        Duration limit = inputs.stream()
                .map(ready -> ready.input().time().left())
                .min(Comparator.naturalOrder())
                .orElseThrow();
        Batch batch = new Batch(inputs, new RunControl(limit, allCores));
        OfModel stats = inputs.getFirst().input().request().stats();
        long start = clock.getAsLong();
        long before = ownTime.getAsLong();
        inputs.forEach(ready -> ready.input().time().start(shared ? limit.toNanos() : 0));
        running.add(batch);
        List<float[]> vectors;
        try {
            vectors =
                    group.encoder().encode(inputs.stream().map(Ready::prepared).toList(), batch.control());
            inputs.forEach(ready -> ready.input().time().stop());
        } catch (StoppedException e) {
            ended(group, inputs, e, alone, settled);
            return;
        } catch (Exception | LinkageError e) {
            inputs.forEach(ready -> ready.input().time().stop());
            if (!shared) {
                settled.accept(inputs.getFirst(), Failures.of(e));
                return;
            }
            encode(group, inputs.subList(0, inputs.size() / 2), alone, settled);
            encode(group, inputs.subList(inputs.size() / 2, inputs.size()), alone, settled);
            return;
        } finally {
            running.remove(batch);
        }
        long took = clock.getAsLong() - start;
        stats.ran(inputs.size());
        stats.took(Stage.INFER, took);
        if (!allCores) {
            costs(group).learn(length, inputs.size(), ownTime.getAsLong() - before);
        }
        for (int i = 0; i < inputs.size(); i++) {
            settled.accept(inputs.get(i), result(inputs.get(i), vectors.get(i)));
        }
    }

    /** Before a run was done. */
    private void ended(
            Group group,
            List<Ready> inputs,
            StoppedException why,
            BooleanSupplier alone,
            BiConsumer<Ready, Result> settled) {
        inputs.forEach(ready -> ready.input().time().forgive());
        switch (why.reason()) {
            case CLOSING -> inputs.forEach(ready -> settled.accept(ready, Failures.of(why)));
            case UNWANTED -> {} // who has come meanwhile needs another run
            case LIMIT -> {
                if (inputs.size() > 1) { // no input is late for the sake of its neighbours
                    inputs.forEach(ready -> encode(group, List.of(ready), alone, settled));
                } else {
                    PendingRequest request = inputs.getFirst().input().request();
                    inputs.getFirst()
                            .input()
                            .settle(Failures.timeout(request.limits().each(), request.lane()));
                }
            }
        }
    }

    private boolean isWanted(Ready ready) {
        return ready.input().isWanted() || cache.isAwaited(ready.key());
    }

    /** Stops the runs that nobody waits for any more. */
    void stopUnwanted() {
        for (Batch batch : running) {
            if (batch.inputs().stream().noneMatch(this::isWanted)) {
                batch.control().stop();
            }
        }
    }

    // ---- results

    private static Result result(Ready ready, float[] made) {
        var model = ready.input().request().model();
        // a declaration may say fewer dimensions than the model makes; for everybody else that is the model then
        float[] vector = Vectors.truncate(made, model.model().dimension());
        if (!isUsable(vector)) {
            return Failures.of(new ModelException("the model made a vector that is zero or not finite of this input"));
        }
        return switch (ready.prepared()) {
            case Prepared.Text t -> new Vector(vector, t.ids().length, t.truncated() || ready.cut());
            case Prepared.Image i -> {
                ImageSpec tower =
                        model.encoder().description().image().orElseThrow().pixels();
                yield new Vector(vector, PictureTokens.of(i.width(), i.height(), tower), false, i.info());
            }
        };
    }

    private static boolean isUsable(float[] vector) {
        boolean some = false;
        for (float v : vector) {
            if (!Float.isFinite(v)) {
                return false;
            }
            some |= v != 0;
        }
        return some;
    }
}
