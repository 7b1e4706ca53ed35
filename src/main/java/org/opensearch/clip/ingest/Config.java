// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import static org.opensearch.ingest.ConfigurationUtils.newConfigurationException;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.OpenSearchException;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;

/**
 * An object inside a processor's configuration, whose errors name the property by its full path. Reading takes a property out;
 * {@link #requireEmpty} refuses what is left.
 */
final class Config {
    /** That one vector is made of. */
    private static final int MOST_PATHS = 100;

    private final String tag;
    private final String path;
    private final Map<String, Object> values;

    private Config(String tag, String path, Map<String, Object> values) {
        this.tag = tag;
        this.path = path;
        this.values = values;
    }

    static Config object(String tag, String path, Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw newConfigurationException(
                    ClipEmbeddingProcessor.TYPE,
                    tag,
                    Shown.of(path),
                    "must be an object, got [" + Shown.of(value) + "]");
        }
        Map<String, Object> copy = new HashMap<>();
        map.forEach((key, entry) -> copy.put(String.valueOf(key), entry));
        return new Config(tag, path, copy);
    }

    Config object(String name) {
        Object value = values.remove(name);
        return value == null ? null : object(tag, inner(name), value);
    }

    boolean has(String name) {
        return values.get(name) != null;
    }

    /** A field or a list of fields; empty when there is none. */
    List<FieldPath> paths(String name) {
        Object value = values.remove(name);
        if (value == null) {
            return List.of();
        }
        List<?> list = value instanceof List<?> several ? several : List.of(value);
        for (Object field : list) {
            if (!(field instanceof String s) || s.isBlank()) {
                throw refused(name, "must be a field name or a list of field names, got [" + Shown.of(value) + "]");
            }
        }
        if (list.isEmpty()) {
            throw refused(name, "names no field");
        }
        if (list.size() > MOST_PATHS) {
            throw refused(name, "names [" + list.size() + "] fields, at most [" + MOST_PATHS + "] are allowed");
        }
        return list.stream().map(field -> FieldPath.declared((String) field)).toList();
    }

    /** Texts; one text stands for a list of it. */
    List<String> strings(String name) {
        Object value = values.remove(name);
        List<?> list = value instanceof List<?> several ? several : value == null ? List.of() : List.of(value);
        for (Object element : list) {
            if (!(element instanceof String)) {
                throw refused(name, "must be a list of texts, got [" + Shown.of(value) + "]");
            }
        }
        return list.stream().map(element -> (String) element).toList();
    }

    /** @param choices the first is the default */
    String choice(String name, String... choices) {
        Object value = values.remove(name);
        if (value == null) {
            return choices[0];
        }
        List<String> allowed = List.of(choices).stream().distinct().toList();
        if (!(value instanceof String s) || !allowed.contains(s)) {
            throw refused(name, "must be one of " + allowed + ", got [" + Shown.of(value) + "]");
        }
        return s;
    }

    EmbeddingType embeddingType(EmbeddingType otherwise) {
        String name = choice("embedding_type", otherwise.toString(), "float", "byte", "binary");
        return EmbeddingType.of(name).orElseThrow();
    }

    int dimensions(int otherwise) {
        return positive("dimensions", otherwise);
    }

    int positive(String name, int otherwise) {
        Object value = values.remove(name);
        if (value == null) {
            return otherwise;
        }
        if (!(value instanceof Integer i) || i < 1) {
            throw refused(name, "must be a whole number of at least 1, got [" + Shown.of(value) + "]");
        }
        return i;
    }

    double weight(String name) {
        Object value = values.remove(name);
        if (!(value instanceof Number n) || !Double.isFinite(n.doubleValue()) || n.doubleValue() < 0) {
            throw refused(name, "must be a number of at least 0, got [" + Shown.of(value) + "]");
        }
        return n.doubleValue();
    }

    void requireEmpty() {
        if (!values.isEmpty()) {
            throw refused(values.keySet().iterator().next(), "is not a known parameter");
        }
    }

    OpenSearchException refused(String name, String reason) {
        return newConfigurationException(
                ClipEmbeddingProcessor.TYPE, tag, Shown.of(name == null ? path : inner(name)), reason);
    }

    private String inner(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
