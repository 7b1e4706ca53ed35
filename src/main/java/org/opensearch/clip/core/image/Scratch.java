// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.util.ArrayDeque;
import java.util.Arrays;

/** The memory in which a picture is resized, kept from one to the next. For one thread at a time. */
final class Scratch {

    /** Lines of pixels that grow to what is asked for. */
    static final class Lines {
        private int[][] lines = {};
        private long bytes;

        /** At least {@code count} of them, of at least {@code length} pixels and of undefined content. */
        int[][] of(int count, int length) {
            int had = lines.length;
            if (had < count) {
                lines = Arrays.copyOf(lines, count);
            }
            for (int i = 0; i < count; i++) {
                int[] line = lines[i];
                if (line == null || line.length < length) {
                    bytes += (length - (line == null ? 0L : line.length)) * Integer.BYTES;
                    lines[i] = new int[length];
                }
            }
            return lines;
        }
    }

    /** Rows of the picture that wait to be turned. */
    final Lines rows = new Lines();

    /** The same as columns. */
    final Lines columns = new Lines();

    /** Columns of what is made of them. */
    final Lines made = new Lines();

    /** Lines that are added up. */
    final Lines block = new Lines();

    /** The last line. */
    final Lines last = new Lines();

    private final ArrayDeque<Sums> sums = new ArrayDeque<>();
    private long bytesOfSums;

    /** @return all zero */
    Sums sums(int length) {
        Sums one = sums.poll();
        if (one == null) {
            one = new Sums();
        } else {
            bytesOfSums -= one.bytes();
        }
        one.clear(length);
        return one;
    }

    void give(Sums one) {
        sums.push(one);
        bytesOfSums += one.bytes();
    }

    long bytes() {
        return rows.bytes + columns.bytes + made.bytes + block.bytes + last.bytes + bytesOfSums;
    }
}
