// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

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
     * Takes {@code bytes} for a run; those of a large one wait until other runs are done.
     *
     * @param tokens of the longest text of the run, 0 = it is of pictures
     * @throws InputException when a run of this text never fits
     * @throws ModelException the same for pictures
     */
    Taken take(long bytes, int tokens);
}
