// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.Arrays;

/**
 * What one input of a run costs on one core, learned as runs end: for each length class of texts, classes double; a picture has one. Each run moves the mean
 * by an eighth. Safe for use by many threads.
 */
final class RunCosts {

    private static final int CLASSES = 32;
    private static final int WEIGHT = 8;
    private static final int MOST_DOUBLINGS = 20;
    private static final long UNKNOWN = -1;

    private final long[] nanos = new long[CLASSES];

    RunCosts() {
        Arrays.fill(nanos, UNKNOWN);
    }

    /**
     * A run has ended.
     *
     * @param length tokens that each input was padded to; 1 for pictures
     */
    synchronized void learn(int length, int inputs, long took) {
        int at = classOf(length);
        long each = Math.max(0, took / inputs);
        nanos[at] = nanos[at] == UNKNOWN ? each : nanos[at] + (each - nanos[at]) / WEIGHT;
    }

    /** Nanoseconds of an input, by the nearest class that is known; -1 = none is. */
    synchronized long each(int length) {
        int at = classOf(length);
        for (int distance = 0; distance < CLASSES; distance++) {
            if (at - distance >= 0 && nanos[at - distance] != UNKNOWN) {
                return nanos[at - distance] << Math.min(distance, MOST_DOUBLINGS);
            }
            if (at + distance < CLASSES && nanos[at + distance] != UNKNOWN) {
                return nanos[at + distance] >> distance;
            }
        }
        return UNKNOWN;
    }

    /** How many inputs run within {@code limit} nanoseconds; 1 while nothing is known, and at least. */
    int within(long limit, int length) {
        long each = each(length);
        if (each == UNKNOWN) {
            return 1;
        }
        return (int) Math.clamp(limit / Math.max(1, each), 1, Integer.MAX_VALUE);
    }

    private static int classOf(int length) {
        return CLASSES - Integer.numberOfLeadingZeros(Math.max(1, length)) - 1;
    }
}
