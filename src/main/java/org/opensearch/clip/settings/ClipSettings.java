package org.opensearch.clip.settings;

/** Every setting of the plugin, with unit and reason. */
public final class ClipSettings {
    private ClipSettings() {}
}
