// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BiConsumer;
import org.opensearch.clip.core.engine.DualEncoder;
import org.opensearch.clip.core.engine.DualEncoder.Prepared;
import org.opensearch.clip.core.engine.Input;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.model.Tower;
import org.opensearch.clip.core.vector.Vectors;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.QueryCache.Turn;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.stats.ClipStats.OfModel;
import org.opensearch.clip.stats.ClipStats.Stage;
import org.opensearch.common.lease.Releasable;

/**
 * What an inference thread does with items that it took: prepare each one, run them, settle each one. An input that cannot
 * be prepared fails alone, and a run that fails is repeated in halves until exactly the bad inputs have failed. Safe for use by
 * many threads.
 */
final class Runs {

    /** Padded tokens of a run of texts; more does not make a token cheaper on a CPU. */
    static final int TOKENS = 1024;

    static final int TEXTS = 32;

    /** More pictures in a run do not make one cheaper on a CPU. */
    private static final int PICTURES = 8;

    /** Pixels of a picture that the tower sees: those of larger ones are charged until they have run, and run one by one. */
    private static final long LARGE = 8L << 20;

    private final ClipSettings settings;
    private final ImageResolver images;
    private final DecodingSpace space;
    private final QueryCache cache;

    Runs(ClipSettings settings, ImageResolver images, DecodingSpace space, QueryCache cache) {
        this.cache = cache;
        this.settings = settings;
        this.images = images;
        this.space = space;
    }

    /** Pictures of a run. */
    static int pictures(DualEncoder encoder) {
        return pixels(encoder) > LARGE ? 1 : PICTURES;
    }

    /** Bytes of a picture as the tower sees it. */
    private static long pixels(DualEncoder encoder) {
        return encoder.description()
                .image()
                .map(tower -> (long) tower.pixels().floats() * Float.BYTES)
                .orElse(0L);
    }

    /** @return the items that are ready for a run; the others are settled, or wanted by nobody */
    List<Item> prepare(DualEncoder encoder, List<Item> items) {
        List<Item> ready = new ArrayList<>(items.size());
        for (Item item : items) {
            if (!item.isWanted()) {
                continue;
            }
            try {
                if (item.prepared == null) {
                    long start = System.nanoTime();
                    item.prepared = prepare(encoder, item);
                    Stage stage = item.source() instanceof Source.Text ? Stage.TOKENIZE : Stage.DECODE;
                    item.job().stats().took(stage, System.nanoTime() - start);
                }
                if (item.isWanted()) {
                    ready.add(item);
                }
            } catch (Exception | StackOverflowError | LinkageError e) {
                item.settle(Failures.of(e));
            }
        }
        return ready;
    }

    /** Settles a picture that is known instead. */
    private Prepared prepare(DualEncoder encoder, Item item) {
        return switch (item.source()) {
            case Source.Text t -> {
                if (t.text().isBlank()) {
                    throw new InputException(InputException.Kind.INVALID_TEXT, "text is empty");
                }
                CappedText text = CappedText.of(t.text(), settings.text().maxBytes());
                item.cut = text.cut();
                yield encoder.prepare(new Input.Text(text.text(), item.job().side()));
            }
            case Source.Image i -> {
                byte[] bytes = item.fetched == null ? images.decode(i.image()) : item.fetched;
                item.key = QueryCache.keyOf(item, bytes);
                Vector known = item.key == null ? null : cache.get(item.key);
                if (known != null) {
                    item.settle(known);
                    yield null;
                }
                yield prepare(encoder, item, bytes);
            }
        };
    }

    private Prepared prepare(DualEncoder encoder, Item item, byte[] bytes) {
        long kept = pixels(encoder) > LARGE ? pixels(encoder) : 0;
        Releasable taken = space.take(images.memory(bytes) + kept, item::isWanted);
        if (kept > 0) {
            item.pixels = taken;
            return encoder.prepare(new Input.Image(bytes, item.job().describesPictures()));
        }
        try (taken) {
            return encoder.prepare(new Input.Image(bytes, item.job().describesPictures()));
        }
    }

    /**
     * The texts to run now: those nearest in length to the one that waits longest, because padding costs as much as text.
     *
     * @param ready tokenised, in the order in which they wait
     * @param most at most so many
     */
    static List<Item> batchOfTexts(DualEncoder encoder, List<Item> ready, int most) {
        if (ready.size() < 2) {
            return ready;
        }
        List<Item> sorted = new ArrayList<>(ready);
        sorted.sort(Comparator.comparingInt(item -> tokens(encoder, item)));
        int end = sorted.indexOf(ready.getFirst()) + 1;
        int start = end - 1;
        int limit = Math.min(TEXTS, most);
        int longest = tokens(encoder, sorted.get(start));
        while (start > 0 && end - start < limit && (end - start + 1) * longest <= TOKENS) {
            start--;
        }
        while (end < sorted.size()
                && end - start < limit
                && (end - start + 1) * tokens(encoder, sorted.get(end)) <= TOKENS) {
            end++;
        }
        return sorted.subList(start, end);
    }

    /** As they will be padded. */
    private static int tokens(DualEncoder encoder, Item item) {
        int own = ((Prepared.Text) item.prepared).ids().length;
        return encoder.description()
                .text()
                .filter(Tower.Text::fixedLength)
                .map(Tower.Text::maxTokens)
                .orElse(own);
    }

    /**
     * Runs items of one tower and settles them all, but for those that wait for another thread's run of the same input.
     *
     * @param mine items that the calling thread has to finish: loses those that wait, gains those that have waited for this run
     */
    void encode(DualEncoder encoder, List<Item> items, Set<Item> mine) {
        Set<Item> leaders = new HashSet<>();
        List<Item> toRun = new ArrayList<>(items.size());
        try {
            for (Item item : items) {
                Turn turn = !item.isWanted() ? Turn.DONE : item.key == null ? null : cache.turn(item);
                if (turn == Turn.LEAD) {
                    leaders.add(item);
                } else if (turn == Turn.FOLLOW) {
                    mine.remove(item);
                }
                if (turn == Turn.LEAD || turn == null) {
                    toRun.add(item);
                    item.job().stats().took(Stage.QUEUE, item.queuedNanos());
                }
            }
            if (!toRun.isEmpty()) {
                encode(encoder, toRun, (item, result) -> {
                    if (leaders.remove(item)) {
                        mine.addAll(cache.ended(item, result));
                    }
                    item.settle(result);
                });
            }
        } finally {
            for (Item leader : leaders) {
                var none = new IllegalStateException("a run ended without a result");
                mine.addAll(cache.ended(leader, Failures.of(none)));
            }
        }
    }

    private static void encode(DualEncoder encoder, List<Item> items, BiConsumer<Item, Result> settled) {
        OfModel stats = items.getFirst().job().stats();
        List<float[]> vectors;
        try {
            long start = System.nanoTime();
            vectors = encoder.encode(items.stream().map(item -> item.prepared).toList());
            stats.ran(items.size());
            stats.took(Stage.INFER, System.nanoTime() - start);
        } catch (CancellationException e) {
            items.forEach(item -> settled.accept(item, Failures.of(e)));
            return;
        } catch (Exception | LinkageError e) {
            if (items.size() == 1) {
                settled.accept(items.getFirst(), Failures.of(e));
            } else {
                encode(encoder, items.subList(0, items.size() / 2), settled);
                encode(encoder, items.subList(items.size() / 2, items.size()), settled);
            }
            return;
        }
        for (int i = 0; i < items.size(); i++) {
            settled.accept(items.get(i), result(items.get(i), vectors.get(i)));
        }
    }

    private static Result result(Item item, float[] made) {
        // a declaration may say fewer dimensions than the model makes; for everybody else that is the model then
        float[] vector = Vectors.truncate(made, item.job().model().model().dimension());
        if (!isUsable(vector)) {
            return Failures.of(new ModelException("the model made a vector that is zero or not finite of this input"));
        }
        return switch (item.prepared) {
            case Prepared.Text t -> new Vector(vector, t.ids().length, t.truncated() || item.cut);
            case Prepared.Image i ->
                new Vector(vector, PictureTokens.of(i.width(), i.height(), tower(item)), false, i.info());
        };
    }

    private static ImageSpec tower(Item item) {
        return item.job().model().encoder().description().image().orElseThrow().pixels();
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
