package org.opensearch.clip.core.model;

/** What a tower reads. */
public enum Modality {
    TEXT,
    IMAGE
}
