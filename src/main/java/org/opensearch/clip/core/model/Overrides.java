// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.Pooling;

/**
 * What a declaration says differently from the folder, parsed and checked from the JSON of {@code PUT /models/{id}}.
 *
 * <p>Kept as the canonical form of that JSON (names in lower case, whole numbers as {@code Integer}, others as
 * {@code Double}), which is what the cluster state stores: {@code parse(o.toMap()).equals(o)}.
 */
public record Overrides(Map<String, Object> values) {

    public static final Overrides NONE = new Overrides(Map.of());

    /** Suffixes of exported weights, as in {@code text_model_fp16.onnx}; {@code fp32} has none. */
    public static final List<String> VARIANTS =
            List.of("fp32", "fp16", "int8", "uint8", "quantized", "q8", "q4", "q4f16", "bnb4");

    /** What stands for no variant, best first: half precision is of use on a GPU only, and int8 costs quality. */
    private static final List<String> ON_CPU =
            List.of("fp32", "fp16", "quantized", "q8", "int8", "uint8", "q4", "q4f16", "bnb4");

    private static final List<String> ON_GPU =
            List.of("fp16", "fp32", "q4f16", "q4", "bnb4", "quantized", "q8", "int8", "uint8");

    private static final int LONGEST_PROMPT = 1_000;

    /** Each name that may be given, and how its value is read. */
    private static final Map<String, UnaryOperator<Object>> KEYS = new TreeMap<>(Map.ofEntries(
            Map.entry("batching", v -> oneOf(v, List.of("shared"), "auto")),
            Map.entry("device", Overrides::device),
            Map.entry("dimensions", v -> whole(v, 1, 1 << 16)),
            Map.entry("fill_color", v -> whole(v, 0, 255)),
            Map.entry("logit_bias", v -> number(v)),
            Map.entry("logit_scale", v -> number(v)),
            Map.entry("max_tokens", v -> whole(v, 1, 1 << 17)),
            Map.entry("normalize", Overrides::flag),
            Map.entry("padding", v -> oneOf(v, List.of("longest", "max_length"))),
            Map.entry("passage_prompt", Overrides::prompt),
            Map.entry("pooling", v -> oneOf(v, names(Pooling.values()))),
            Map.entry("query_prompt", Overrides::prompt),
            Map.entry("resize_mode", v -> oneOf(v, names(ImageSpec.Resize.values()))),
            Map.entry("towers", Overrides::towers),
            Map.entry("variant", v -> oneOf(v, VARIANTS, "auto"))));

    /**
     * @throws IllegalArgumentException for an unknown name or a wrong value: the name, the value and what is allowed
     */
    public Overrides {
        var canonical = new TreeMap<String, Object>();
        values.forEach((name, value) -> {
            UnaryOperator<Object> key = KEYS.get(name);
            if (key == null) {
                throw new IllegalArgumentException(
                        "unknown override [" + Shown.of(name) + "], allowed: " + KEYS.keySet());
            }
            try {
                canonical.put(name, key.apply(value));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "[" + name + "] must be " + e.getMessage() + ", got [" + Shown.of(value) + "]", e);
            }
        });
        values = Map.copyOf(canonical);
    }

    /** What may be overridden. */
    public static Set<String> names() {
        return KEYS.keySet();
    }

    /** @throws IllegalArgumentException as the constructor */
    public static Overrides parse(Map<String, Object> json) {
        return new Overrides(json);
    }

    public Map<String, Object> toMap() {
        return values;
    }

    /** The same with one more. */
    public Overrides with(String name, Object value) {
        var more = new TreeMap<>(values);
        more.put(name, value);
        return new Overrides(more);
    }

    /** How hidden states become a vector. */
    public Optional<Pooling> pooling() {
        return get("pooling", String.class).map(v -> Pooling.valueOf(v.toUpperCase(Locale.ROOT)));
    }

    /** Longest sequence, special tokens included. */
    public OptionalInt maxTokens() {
        return integer("max_tokens");
    }

    public Optional<ImageSpec.Resize> resizeMode() {
        return get("resize_mode", String.class).map(v -> ImageSpec.Resize.valueOf(v.toUpperCase(Locale.ROOT)));
    }

    /** 0..255. */
    public OptionalInt fillColor() {
        return integer("fill_color");
    }

    /** Whether vectors are given out with length 1 unless a request says otherwise. */
    public Optional<Boolean> normalize() {
        return get("normalize", Boolean.class);
    }

    /** Length of the vectors unless a request says otherwise. */
    public OptionalInt dimensions() {
        return integer("dimensions");
    }

    /** The towers wanted. */
    public Optional<List<Modality>> towers() {
        return get("towers", List.class)
                .map(names -> ((List<?>) names)
                        .stream()
                                .map(n -> Modality.valueOf(((String) n).toUpperCase(Locale.ROOT)))
                                .toList());
    }

    /** @param side as the folder says */
    Tower.Side query(Tower.Side side) {
        return new Tower.Side(get("query_prompt", String.class).orElse(side.prompt()), side.task());
    }

    /** @param side as the folder says */
    Tower.Side passage(Tower.Side side) {
        return new Tower.Side(get("passage_prompt", String.class).orElse(side.prompt()), side.task());
    }

    /** {@code max_length}: the tower sees its padding. */
    Optional<Tower.Padding> padding() {
        return get("padding", String.class).map(v -> v.equals("longest") ? Tower.Padding.LONGEST : Tower.Padding.SEEN);
    }

    /** Whether inputs share runs although the graph finds one scale of quantisation for all of them. */
    public boolean sharedBatches() {
        return get("batching", String.class).filter("shared"::equals).isPresent();
    }

    /** Factor on the cosine before softmax or sigmoid. */
    public OptionalDouble logitScale() {
        return get("logit_scale", Double.class).map(OptionalDouble::of).orElseGet(OptionalDouble::empty);
    }

    public OptionalDouble logitBias() {
        return get("logit_bias", Double.class).map(OptionalDouble::of).orElseGet(OptionalDouble::empty);
    }

    /** One of {@link #VARIANTS}; empty for {@code auto}. */
    public Optional<String> variant() {
        return get("variant", String.class).filter(v -> !v.equals("auto"));
    }

    /** Those that will do, best first; one when it was declared. */
    List<String> variants() {
        boolean gpu = device().filter(d -> d.startsWith("cuda")).isPresent();
        return variant().map(List::of).orElse(gpu ? ON_GPU : ON_CPU);
    }

    /** {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:n}. */
    public Optional<String> device() {
        return get("device", String.class);
    }

    private <T> Optional<T> get(String name, Class<T> type) {
        return Optional.ofNullable(values.get(name)).map(type::cast);
    }

    private OptionalInt integer(String name) {
        return get(name, Integer.class).map(OptionalInt::of).orElseGet(OptionalInt::empty);
    }

    private static Object whole(Object value, int least, int most) {
        if (value instanceof Number n
                && n.doubleValue() == Math.rint(n.doubleValue())
                && n.doubleValue() >= least
                && n.doubleValue() <= most) {
            return n.intValue();
        }
        throw new IllegalArgumentException("a whole number in [" + least + ", " + most + "]");
    }

    private static Object number(Object value) {
        if (value instanceof Number n && Double.isFinite(n.doubleValue())) {
            return n.doubleValue();
        }
        throw new IllegalArgumentException("a number");
    }

    private static Object flag(Object value) {
        if (value instanceof Boolean) {
            return value;
        }
        throw new IllegalArgumentException("true or false");
    }

    private static Object prompt(Object value) {
        if (value instanceof String s && s.length() <= LONGEST_PROMPT) {
            return s;
        }
        throw new IllegalArgumentException("a text of at most " + LONGEST_PROMPT + " characters");
    }

    private static Object device(Object value) {
        if (value instanceof String s && s.toLowerCase(Locale.ROOT).matches("auto|cpu|cuda(:\\d{1,3})?")) {
            return s.toLowerCase(Locale.ROOT);
        }
        throw new IllegalArgumentException("one of [auto, cpu, cuda, cuda:n]");
    }

    private static Object towers(Object value) {
        List<String> names = names(Modality.values());
        List<?> given = value instanceof List<?> list ? list : List.of();
        var towers = new TreeSet<String>();
        for (Object tower : given) {
            towers.add((String) oneOf(tower, names));
        }
        if (towers.isEmpty()) {
            throw new IllegalArgumentException("a list of " + names);
        }
        return List.copyOf(towers);
    }

    private static Object oneOf(Object value, List<String> allowed, String... more) {
        if (value instanceof String s) {
            String lower = s.toLowerCase(Locale.ROOT);
            if (allowed.contains(lower) || Arrays.asList(more).contains(lower)) {
                return lower;
            }
        }
        throw new IllegalArgumentException(
                "one of " + (more.length == 0 ? allowed : Arrays.asList(more) + " or " + allowed));
    }

    private static List<String> names(Enum<?>[] values) {
        return Arrays.stream(values)
                .map(v -> v.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.toUnmodifiableList());
    }
}
