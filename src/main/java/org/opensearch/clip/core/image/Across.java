// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

/**
 * Resizes lines along their length. Blocks of lines are turned, so that what is added up lies beside each other, and turned back. For one thread.
 */
final class Across implements Resampler.Stage {

    /** Lines that are turned at a time: their pixels of one column fill a line of the CPU's cache. */
    private static final int TILE = 16;

    private static final int MOST_LINES = 256;

    /** Of a block: with what is made of it, it should stay in the second cache of a core. */
    private static final int BLOCK_PIXELS = 1 << 18;

    private final Weights weights;
    private final Resampler.Stage next;
    private final Sums sums;
    private final int left;
    private final int[][] rows;
    private final int[][] columns;
    private final int[][] made;
    private final int most;
    private int missing;
    private int pending;
    private int turned;

    /**
     * @param length of a line
     * @param lines that will come
     */
    Across(Scratch scratch, Weights weights, int length, int lines, Resampler.Stage next) {
        this.weights = weights;
        this.next = next;
        this.left = weights.firstInput();
        int used = weights.endOfInputs() - left;
        this.most = Math.clamp(BLOCK_PIXELS / used, TILE, MOST_LINES) / TILE * TILE;
        this.missing = lines;
        int held = Math.min(most, lines + TILE);
        this.rows = scratch.rows.of(TILE, length);
        this.columns = scratch.columns.of(used, held);
        this.made = scratch.made.of(weights.length(), held);
        this.sums = scratch.sums(held);
    }

    @Override
    public int[] room() {
        return rows[pending];
    }

    @Override
    public void filled() {
        missing--;
        if (++pending == TILE || missing == 0) {
            turn();
            turned += pending;
            pending = 0;
            if (turned == most || missing == 0) {
                resize();
                turned = 0;
            }
        }
    }

    @Override
    public void close(Scratch scratch) {
        scratch.give(sums);
        next.close(scratch);
    }

    /** All lines of a tile, also those that are not filled. */
    private void turn() {
        int used = weights.endOfInputs() - left;
        for (int i = 0; i < pending; i += 8) {
            turn(i, used);
        }
    }

    private void turn(int from, int used) {
        int[] a = rows[from];
        int[] b = rows[from + 1];
        int[] c = rows[from + 2];
        int[] d = rows[from + 3];
        int[] e = rows[from + 4];
        int[] f = rows[from + 5];
        int[] g = rows[from + 6];
        int[] h = rows[from + 7];
        int at = turned + from;
        for (int i = 0, x = left; i < used; i++, x++) {
            int[] column = columns[i];
            column[at] = a[x];
            column[at + 1] = b[x];
            column[at + 2] = c[x];
            column[at + 3] = d[x];
            column[at + 4] = e[x];
            column[at + 5] = f[x];
            column[at + 6] = g[x];
            column[at + 7] = h[x];
        }
    }

    private void resize() {
        for (int x = 0; x < weights.length(); x++) {
            sums.clear(turned);
            sums.add(
                    columns,
                    weights.first()[x] - left,
                    weights.count()[x],
                    weights.values(),
                    x * weights.stride(),
                    turned);
            sums.clip(made[x], turned);
        }
        for (int i = 0; i < turned; i++) {
            turnBack(i, next.room());
            next.filled();
        }
    }

    private void turnBack(int at, int[] line) {
        for (int x = 0; x < weights.length(); x++) {
            line[x] = made[x][at];
        }
    }
}
