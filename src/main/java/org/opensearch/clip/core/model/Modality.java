// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

/** What a tower reads. */
public enum Modality {
    TEXT,
    IMAGE
}
