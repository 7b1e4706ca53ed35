// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.settings.LifecycleSettings;
import org.opensearch.common.unit.TimeValue;

/**
 * The body of {@code PUT /_plugins/_clip/models/{id}}, checked as far as no file is needed for it.
 *
 * @param source where the files come from, without its {@code variant}: that is one of the overrides
 * @param overrides what is different from what the folder says
 * @param nodes node filter, {@code null} = by role
 * @param device {@code null} = what the node's settings say
 * @param modelTtl {@code null} = what the settings say
 */
record Declaration(
        Map<String, Object> source, Map<String, Object> overrides, String nodes, String device, TimeValue modelTtl) {

    private static final Pattern DEVICE = Pattern.compile("auto|cpu|cuda(:[0-9]{1,2})?");
    private static final Set<String> OVERRIDES = overridable();
    /** It is matched against the nodes for each request and each cluster state. */
    private static final int MOST_NODES_CHARACTERS = 1_000;

    private static Set<String> overridable() {
        Set<String> names = new TreeSet<>(Overrides.names());
        names.remove("device"); // where it runs is no property of the model
        names.remove("normalize"); // the processor, the query and _embed each say that themselves
        return names;
    }

    /** @throws IllegalArgumentException names every key that is not known, or the first one whose value is not what it should be */
    static Declaration parse(Map<String, Object> body) {
        body.forEach(Declaration::requireStorable);
        Map<String, Object> rest = new TreeMap<>(body);
        Map<String, Object> source = source(rest.remove("source"));
        String nodes = nodes(rest.remove("nodes"));
        String device = device(rest.remove("device"));
        TimeValue modelTtl = modelTtl(rest.remove("model_ttl"));
        Set<String> unknown = new TreeSet<>(rest.keySet());
        unknown.removeAll(OVERRIDES);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("unknown parameters " + Shown.of(unknown)
                    + ", known are [source, nodes, device, model_ttl] and " + OVERRIDES);
        }
        if (source.containsKey("variant")) {
            rest.put("variant", source.remove("variant"));
        }
        return new Declaration(source, Overrides.parse(rest).toMap(), nodes, device, modelTtl);
    }

    /** A cluster state that cannot be written as JSON costs the cluster its manager. */
    private static void requireStorable(String name, Object value) {
        switch (value) {
            case String text
            when text.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE) ->
                throw new IllegalArgumentException("[" + Shown.of(name) + "] holds half of a surrogate pair");
            case List<?> list -> list.forEach(element -> requireStorable(name, element));
            case Map<?, ?> map ->
                map.forEach((key, element) -> {
                    requireStorable(name, key);
                    requireStorable(Shown.of(name + "." + key), element);
                });
            case null, default -> {}
        }
    }

    private static Map<String, Object> source(Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(
                    "[source] is required: an object with [catalog], [hub], [url] or [path]");
        }
        Map<String, Object> source = new TreeMap<>();
        map.forEach((key, part) -> source.put((String) key, part));
        return source;
    }

    private static String nodes(Object value) {
        boolean names = value instanceof List<?> list
                && !list.isEmpty()
                && list.stream().allMatch(String.class::isInstance);
        String nodes = names
                ? String.join(
                        ",", ((List<?>) value).stream().map(String.class::cast).toList())
                : string("nodes", value);
        if (nodes != null && nodes.length() > MOST_NODES_CHARACTERS) {
            throw new IllegalArgumentException("[nodes] has [" + nodes.length() + "] characters, at most ["
                    + MOST_NODES_CHARACTERS + "] are allowed: name an attribute or a role of the nodes");
        }
        return nodes;
    }

    private static String device(Object value) {
        String device = string("device", value);
        if (device != null && !DEVICE.matcher(device).matches()) {
            throw new IllegalArgumentException(
                    "[device] must be [auto], [cpu], [cuda] or [cuda:n], got [" + Shown.of(device) + "]");
        }
        return device;
    }

    private static TimeValue modelTtl(Object value) {
        String ttl = string("model_ttl", value);
        return ttl == null ? null : LifecycleSettings.modelTtl("model_ttl", ttl);
    }

    private static String string(String key, Object value) {
        if (value == null || value instanceof String string && !string.isBlank()) {
            return (String) value;
        }
        throw new IllegalArgumentException("[" + key + "] must be a string, got [" + Shown.of(value) + "]");
    }
}
