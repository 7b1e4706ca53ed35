// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.settings;

import static org.opensearch.common.settings.Setting.Property.Dynamic;
import static org.opensearch.common.settings.Setting.Property.NodeScope;

import java.util.List;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.unit.TimeValue;

/** Settings of when models come into memory by themselves, and when they leave it. */
public final class LifecycleSettings {

    /** Whether the first use of a declared model loads it; otherwise it is refused until {@code _load}. */
    public static final Setting<Boolean> LOAD_ON_USE =
            Setting.boolSetting("plugins.clip.load.on_use", true, Dynamic, NodeScope);

    /** Whether a node loads at its start what is to be loaded; otherwise not before somebody asks for it. */
    public static final Setting<Boolean> LOAD_AT_START =
            Setting.boolSetting("plugins.clip.load.at_start", true, NodeScope);

    /** For how long a node keeps a model that it is not asked for, where the declaration says nothing; -1 = for ever. */
    public static final Setting<TimeValue> MODEL_TTL = new Setting<>(
            "plugins.clip.model_ttl", "-1", value -> modelTtl("plugins.clip.model_ttl", value), Dynamic, NodeScope);

    private static final TimeValue SHORTEST = TimeValue.timeValueSeconds(1);

    private LifecycleSettings() {}

    /**
     * @param name of what is parsed
     * @return negative = for ever
     * @throws IllegalArgumentException for what is no time, and for less than a second: a model is loaded again for each request then
     */
    public static TimeValue modelTtl(String name, String value) {
        TimeValue ttl = TimeValue.parseTimeValue(Shown.of(value), name);
        if (ttl.millis() >= 0 && ttl.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("[" + name + "] must be [-1] (for ever) or at least [" + SHORTEST
                    + "], got [" + Shown.of(value) + "]");
        }
        return ttl;
    }

    static List<Setting<?>> all() {
        return List.of(LOAD_ON_USE, LOAD_AT_START, MODEL_TTL);
    }
}
