// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.apache.lucene.util.BytesRef;
import org.opensearch.clip.core.engine.Input.Side;
import org.opensearch.clip.embed.Embed.Lane;
import org.opensearch.clip.embed.Embed.Result;
import org.opensearch.clip.embed.Embed.Result.Vector;
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
    enum Turn {
        /** Run it, and say how it {@link #ended}. */
        LEAD,
        /** Another runs the same: the item will come back from {@link #ended}. */
        FOLLOW,
        /** It has been settled. */
        DONE
    }

    private final LongSupplier limit;
    private final LinkedHashMap<Key, Vector> vectors = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Key, List<Item>> running = new HashMap<>();
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
    static Key keyOf(Item item) {
        return item.source() instanceof Source.Text text && text.text().length() <= MAX_TEXT && isSearch(item)
                ? key(item, "text", text.text().getBytes(StandardCharsets.UTF_8))
                : null;
    }

    /** Of a picture of a search; {@code null} for other inputs. */
    static Key keyOf(Item item, byte[] picture) {
        return isSearch(item) ? key(item, "image", picture) : null;
    }

    private static boolean isSearch(Item item) {
        return item.job().lane() == Lane.SEARCH && item.job().side() == Side.QUERY;
    }

    private static Key key(Item item, String kind, byte[] input) {
        DeclaredModel model = item.job().model().model();
        return new Key(
                model.id(),
                model.fingerprint(),
                kind,
                new BytesRef(MessageDigests.sha256().digest(input)));
    }

    /** @return {@code null} when it is not there */
    synchronized Vector get(Key key) {
        Vector vector = vectors.get(key);
        if (vector != null) {
            hits++;
        }
        return vector;
    }

    /** To be asked once for each item, by the thread that is about to run it. */
    Turn turn(Item item) {
        Vector vector;
        synchronized (this) {
            vector = vectors.get(item.key);
            if (vector == null) {
                List<Item> followers = running.get(item.key);
                if (followers == null) {
                    running.put(item.key, new ArrayList<>());
                    misses++;
                    return Turn.LEAD;
                }
                followers.add(item);
                joined++;
                return Turn.FOLLOW;
            }
            hits++;
        }
        item.settle(vector);
        return Turn.DONE;
    }

    /**
     * Keeps what a run has made of its leader's input.
     *
     * @return the followers, settled as the leader is
     */
    List<Item> ended(Item leader, Result result) {
        List<Item> followers;
        synchronized (this) {
            followers = running.remove(leader.key);
            if (result instanceof Vector vector) {
                put(leader.key, vector);
            }
        }
        followers.forEach(item -> item.settle(result));
        return followers;
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
