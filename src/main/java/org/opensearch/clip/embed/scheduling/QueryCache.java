// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.apache.lucene.util.BytesRef;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Vector;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.scheduling.Work.Ready;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.common.hash.MessageDigests;

/**
 * The vectors that searches asked for last, and the runs that make some now: of the same input only one is on its way at a time.
 *
 * <p>What is searched for is known by what it is, never by where it came from: a text by its characters, a picture by the bytes
 * of its file, so that a URL is fetched each time and may show another picture. Vectors are whole, as the model makes them. The least
 * recently used go first when all together are larger than {@code plugins.clip.query_cache.size}. Safe for use by many threads.
 */
final class QueryCache {

    /** Heap of an entry beside its vector, roughly. */
    private static final int OVERHEAD = 300;

    /** Characters. A text is hashed on the thread of its caller, and nobody types such a one twice. */
    private static final int MAX_TEXT = 4096;

    /** @param fingerprint of the space; the id is there because what is unloaded is forgotten by it */
    record Key(String modelId, String fingerprint, String kind, BytesRef input) {}

    /** What to do with an input that is about to run. */
    sealed interface Turn {
        /** It is known. */
        record Hit(Vector vector) implements Turn {}

        /** Run it, and say how it {@link QueryCache#ended}. */
        record Lead() implements Turn {}

        /** Another runs the same: it is the cache's now, and will come back from {@link QueryCache#ended}. */
        record Follow() implements Turn {}
    }

    private final LongSupplier limit;
    private final LinkedHashMap<Key, Vector> vectors = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Key, List<Ready>> running = new HashMap<>();
    private long bytes;
    private long hits;
    private long misses;
    private long joined;
    private long evictions;

    /** @param limit bytes, read at each use */
    QueryCache(LongSupplier limit) {
        this.limit = limit;
    }

    /** Of a text of a search; {@code null} for other inputs, and for texts too long to be worth it. */
    static Key keyOf(PendingInput input) {
        return input.source() instanceof Source.Text text && text.text().length() <= MAX_TEXT && isSearch(input)
                ? key(input, "text", text.text().getBytes(StandardCharsets.UTF_8))
                : null;
    }

    /** Of a picture of a search; {@code null} for other inputs. */
    static Key keyOf(PendingInput input, byte[] picture) {
        return isSearch(input) ? key(input, "image", picture) : null;
    }

    private static boolean isSearch(PendingInput input) {
        return input.request().lane() == Lane.SEARCH && input.request().side() == Side.QUERY;
    }

    private static Key key(PendingInput input, String kind, byte[] bytes) {
        DeclaredModel model = input.request().model().model();
        return new Key(
                model.id(),
                model.fingerprint(),
                kind,
                new BytesRef(MessageDigests.sha256().digest(bytes)));
    }

    /** Before an input is prepared; empty when its vector is not there. */
    synchronized Optional<Vector> get(Key key) {
        Optional<Vector> known = Optional.ofNullable(vectors.get(key));
        hits += known.isPresent() ? 1 : 0;
        return known;
    }

    /** To be asked once for each input that has a key, by the thread that is about to run it. */
    synchronized Turn turn(Ready ready) {
        Vector known = vectors.get(ready.key());
        if (known != null) {
            hits++;
            return new Turn.Hit(known);
        }
        List<Ready> followers = running.get(ready.key());
        if (followers == null) {
            running.put(ready.key(), new ArrayList<>());
            misses++;
            return new Turn.Lead();
        }
        followers.add(ready);
        joined++;
        return new Turn.Follow();
    }

    /** Whether anybody who follows a run still waits for it. */
    synchronized boolean isAwaited(Key key) {
        return key != null
                && running.getOrDefault(key, List.of()).stream()
                        .anyMatch(ready -> ready.input().isWanted());
    }

    /**
     * The leader's run is over.
     *
     * @param result to be kept, if it is a vector; {@code null} = the run says nothing of the input
     * @return the followers, which are the caller's now
     */
    synchronized List<Ready> ended(Key key, Result result) {
        if (result instanceof Vector vector) {
            put(key, vector);
        }
        return running.remove(key);
    }

    private void put(Key key, Vector vector) {
        if (size(vector) > limit.getAsLong()) {
            return;
        }
        Vector old = vectors.put(key, vector);
        bytes += size(vector) - (old == null ? 0 : size(old));
        shrink();
    }

    private void shrink() {
        long most = limit.getAsLong();
        Iterator<Vector> oldestFirst = vectors.values().iterator();
        while (bytes > most && oldestFirst.hasNext()) {
            bytes -= size(oldestFirst.next());
            oldestFirst.remove();
            evictions++;
        }
    }

    private static long size(Vector vector) {
        return OVERHEAD + 4L * vector.values().length;
    }

    /** Forgets the vectors of models that are not {@code kept} any more. */
    synchronized void retain(Predicate<Key> kept) {
        vectors.entrySet().removeIf(entry -> {
            boolean gone = !kept.test(entry.getKey());
            bytes -= gone ? size(entry.getValue()) : 0;
            return gone;
        });
    }

    synchronized Map<String, Object> gauges() {
        shrink();
        Map<String, Object> gauges = new TreeMap<>();
        gauges.put("hits", hits);
        gauges.put("misses", misses);
        gauges.put("joined", joined);
        gauges.put("evictions", evictions);
        gauges.put("entries", vectors.size());
        gauges.put("bytes", bytes);
        gauges.put("limit_in_bytes", limit.getAsLong());
        return gauges;
    }
}
