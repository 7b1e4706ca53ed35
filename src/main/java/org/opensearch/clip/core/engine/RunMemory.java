// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.util.function.IntToLongFunction;

/** Memory outside the heap that runs take for a moment, besides what their sessions hold. Safe for use by many threads. */
public interface RunMemory {

    /** For tests and tools: nobody counts. */
    RunMemory UNCOUNTED = new RunMemory() {
        @Override
        public long most() {
            return Long.MAX_VALUE;
        }

        @Override
        public Taken take(long bytes, int tokens) {
            return () -> {};
        }
    };

    /** Given back when it is closed. */
    interface Taken extends AutoCloseable {
        @Override
        void close();
    }

    /** Bytes that one run may take at most, when no other runs. */
    long most();

    /**
     * How many inputs share a run: as many as there is memory for, or one.
     *
     * @param most that may
     * @param bytes that a run of so many takes
     */
    default int fitting(int most, IntToLongFunction bytes) {
        int count = most;
        while (count > 1 && bytes.applyAsLong(count) > most()) {
            count = Math.ceilDiv(count, 2);
        }
        return count;
    }

    /**
     * Takes {@code bytes} for a run; those of a large one wait until other runs are done.
     *
     * @param tokens of the longest text of the run, 0 = it is of pictures
     * @throws InputException when a run of this text never fits
     * @throws ModelException the same for pictures
     */
    Taken take(long bytes, int tokens);
}
