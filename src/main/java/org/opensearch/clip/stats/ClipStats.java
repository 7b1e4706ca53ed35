// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.stats;

import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * What this node has done since it started: counters and latency histograms that others write into. Depends on nobody. Safe for use by many
 * threads; a snapshot is consistent in each number, not across numbers.
 */
public final class ClipStats {

    /** The stages of an input, in order. */
    public enum Stage {
        /** Waiting for its turn. */
        QUEUE,
        /** Getting a picture from its URL. */
        FETCH,
        /** From the bytes of a picture to what the model reads: decoding and resizing. */
        DECODE,
        /** From a text to token ids. */
        TOKENIZE,
        /** The run of the model that it was part of. */
        INFER
    }

    private final Map<String, OfModel> models = new ConcurrentHashMap<>();
    private final Map<String, Supplier<?>> gauges = new ConcurrentHashMap<>();

    /**
     * Adds a section that is read anew for each snapshot, e.g. the depth of a queue.
     *
     * @param values maps, lists, numbers and strings; {@code null} = not this time
     */
    public ClipStats gauge(String section, Supplier<?> values) {
        gauges.put(section, values);
        return this;
    }

    public OfModel model(String id) {
        return models.computeIfAbsent(id, i -> new OfModel());
    }

    /** Forgets every model but these: called with what is declared, so that deleted models do not add up. */
    public void retain(Set<String> ids) {
        models.keySet().retainAll(ids);
    }

    /** Plain maps, numbers and strings, ready for the wire and for JSON. */
    public Map<String, Object> snapshot() {
        Map<String, Object> all = new TreeMap<>();
        gauges.forEach((section, values) -> all.put(section, values.get()));
        all.values().removeIf(Objects::isNull);
        Map<String, Object> byModel = new TreeMap<>();
        models.forEach((id, model) -> byModel.put(id, model.snapshot()));
        all.put("models", byModel);
        return all;
    }

    /** What was done with one model. */
    public static final class OfModel {
        private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();
        private final Map<String, LongAdder> embedded = new ConcurrentHashMap<>();
        private final Map<String, LongAdder> failures = new ConcurrentHashMap<>();
        private final LongAdder tokens = new LongAdder();
        private final LongAdder truncated = new LongAdder();
        private final LongAdder runs = new LongAdder();
        private final LongAdder runInputs = new LongAdder();
        private final Latency[] latency = new Latency[Stage.values().length];

        private OfModel() {
            for (int i = 0; i < latency.length; i++) {
                latency[i] = new Latency();
            }
        }

        /** @param lane {@code search} or {@code ingest} */
        public void asked(String lane) {
            count(requests, lane);
        }

        /** @param kind {@code texts} or {@code images} */
        public void embedded(String kind, int tokens, boolean truncated) {
            count(embedded, kind);
            this.tokens.add(tokens);
            if (truncated) {
                this.truncated.increment();
            }
        }

        /** @param type the snake_case type that the caller sees */
        public void failed(String type) {
            count(failures, type);
        }

        /** One run of a graph with so many inputs. */
        public void ran(int inputs) {
            runs.increment();
            runInputs.add(inputs);
        }

        public void took(Stage stage, long nanos) {
            latency[stage.ordinal()].record(nanos);
        }

        private static void count(Map<String, LongAdder> counters, String key) {
            counters.computeIfAbsent(key, k -> new LongAdder()).increment();
        }

        public Map<String, Object> snapshot() {
            Map<String, Object> all = new TreeMap<>();
            all.put("requests", sums(requests));
            all.put("embedded", sums(embedded));
            all.put("failures", sums(failures));
            all.put("tokens", tokens.sum());
            all.put("truncated_texts", truncated.sum());
            long n = runs.sum();
            all.put("runs", n);
            all.put("inputs_per_run", n == 0 ? 0.0 : runInputs.sum() / (double) n);
            Map<String, Object> stages = new TreeMap<>();
            for (Stage stage : Stage.values()) {
                stages.put(stage.name().toLowerCase(Locale.ROOT), latency[stage.ordinal()].snapshot());
            }
            all.put("latency_in_micros", stages);
            return all;
        }

        private static Map<String, Object> sums(Map<String, LongAdder> counters) {
            Map<String, Object> sums = new TreeMap<>();
            counters.forEach((key, adder) -> sums.put(key, adder.sum()));
            return sums;
        }
    }

    /** Microseconds up to an hour, two significant digits. */
    private static final class Latency {
        private static final long MAX_MICROS = TimeUnit.HOURS.toMicros(1);

        private final Histogram histogram = new ConcurrentHistogram(MAX_MICROS, 2);

        void record(long nanos) {
            histogram.recordValue(Math.clamp(TimeUnit.NANOSECONDS.toMicros(nanos), 0, MAX_MICROS));
        }

        Map<String, Object> snapshot() {
            Histogram now = histogram.copy();
            Map<String, Object> all = new TreeMap<>();
            all.put("count", now.getTotalCount());
            all.put("mean", (long) now.getMean());
            all.put("p50", now.getValueAtPercentile(50));
            all.put("p90", now.getValueAtPercentile(90));
            all.put("p99", now.getValueAtPercentile(99));
            all.put("max", now.getMaxValue());
            return all;
        }
    }
}
