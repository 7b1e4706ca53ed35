// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.ArrayDeque;

/**
 * Resizes lines across their length: each output is a weighted sum of lines. Lines come once and are not kept; what is kept of them are the sums that are not
 * complete, which are few however many lines each has. For one thread.
 */
final class Down implements Resampler.Stage {

    /** Lines that are added at a time. */
    private static final int BLOCK = 16;

    private final Weights weights;
    private final int length;
    private final Scratch scratch;
    private final Resampler.Stage next;
    private final int[][] block;
    private final ArrayDeque<Sums> open = new ArrayDeque<>();
    private int line;
    private int start;
    private int complete;

    /** @param length of a line */
    Down(Scratch scratch, Weights weights, int length, Resampler.Stage next) {
        this.weights = weights;
        this.length = length;
        this.scratch = scratch;
        this.next = next;
        this.block = scratch.block.of(BLOCK, length);
        this.start = weights.firstInput();
    }

    @Override
    public int[] room() {
        return block[Math.clamp(line - start, 0, BLOCK - 1)];
    }

    @Override
    public void filled() {
        int end = weights.endOfInputs();
        if (line++ < start || line > end) {
            return; // nobody looks at it
        }
        if (line - start == BLOCK || line == end) {
            add(line);
            start = line;
        }
    }

    @Override
    public void close(Scratch scratch) {
        open.forEach(scratch::give);
        next.close(scratch);
    }

    /** The lines from {@code start} to {@code end}. */
    private void add(int end) {
        int opened = open.size();
        for (int i = 0, output = complete; output < weights.length() && weights.first()[output] < end; i++, output++) {
            Sums sums = i < opened ? open.poll() : scratch.sums(length);
            int first = weights.first()[output];
            int from = Math.max(first, start);
            int to = Math.min(weights.end(output), end);
            int at = output * weights.stride() + from - first;
            sums.add(block, from - start, to - from, weights.values(), at, length);
            if (to < weights.end(output)) {
                open.add(sums);
            } else {
                sums.clip(next.room(), length);
                scratch.give(sums);
                next.filled();
                complete++;
            }
        }
    }
}
