package org.opensearch.clip.core.model;

import java.util.Map;

/** What a declaration says differently from the folder. Parsed and checked from the JSON of {@code PUT /models/{id}}. */
public record Overrides(Map<String, Object> values) {
    public static final Overrides NONE = new Overrides(Map.of());

    public Overrides {
        values = Map.copyOf(values);
    }
}
