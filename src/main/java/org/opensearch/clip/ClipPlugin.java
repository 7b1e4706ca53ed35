package org.opensearch.clip;

import org.opensearch.plugins.Plugin;

/** Wiring only: the plugin's table of contents. */
public final class ClipPlugin extends Plugin {}
