// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/** Takes a picture row by row, the top one first, as it is stored: not turned. For one thread. */
interface Rows {

    /** Called once, before the first row. */
    void begin(int width, int height);

    /** Where the next row is to be written: at least {@code width} pixels, {@code 0xRRGGBB} each, of undefined content. */
    int[] room();

    /** The row is there. */
    void filled();
}
