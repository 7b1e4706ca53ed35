// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.nio.FloatBuffer;

/** What a tower reads of one picture: {@code [3][height][width]} floats, planar R, G, B, row-major. Safe for use by many threads. */
public interface TowerPixels {

    /** Writes all of them at the position of {@code target}. */
    void put(FloatBuffer target);
}
