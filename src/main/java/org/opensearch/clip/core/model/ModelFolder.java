package org.opensearch.clip.core.model;

import java.nio.file.Path;
import java.util.List;

/** A folder in the layout of the Hugging Face hub, read without running anything. */
public final class ModelFolder {
    private ModelFolder() {}

    /** @throws IllegalArgumentException when the folder is no model that we know: what was found, what was expected */
    public static ModelDescription describe(Path folder, Overrides overrides) {
        throw new UnsupportedOperationException();
    }

    /** The files that {@code description} needs, with sizes and hashes; reads every byte of them. */
    public static List<Artifact> artifacts(Path folder, ModelDescription description) {
        throw new UnsupportedOperationException();
    }
}
