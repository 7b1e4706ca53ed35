// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;

/**
 * Direct memory for the inputs of runs, kept between runs: the JVM gives it back only by garbage collection, and a
 * batch of pictures needs tens of megabytes. Holds at most one buffer a concurrent run. Safe for use by many threads.
 */
final class Buffers {

    private static final int GRAIN = 1 << 16;
    private static final long MOST_IDLE_BYTES = 128L << 20;

    /** Given back to the pool when it is closed. */
    record Lease(Buffers pool, ByteBuffer memory) implements AutoCloseable {

        /** The next {@code bytes} of the memory, aligned for any element, content undefined. */
        ByteBuffer next(int bytes) {
            ByteBuffer part = memory.slice(memory.position(), bytes).order(ByteOrder.nativeOrder());
            memory.position(memory.position() + aligned(bytes));
            return part;
        }

        @Override
        public void close() {
            pool.give(memory);
        }
    }

    private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
    private long idleBytes;

    /** @param sizes of the parts that will be asked for by {@link Lease#next} */
    Lease take(long... sizes) {
        long bytes = 0;
        for (long size : sizes) {
            bytes = Math.addExact(bytes, aligned(Math.toIntExact(size)));
        }
        int needed = Math.toIntExact(Math.ceilDiv(bytes, GRAIN) * GRAIN);
        ByteBuffer memory = poll(needed);
        return new Lease(this, memory != null ? memory : ByteBuffer.allocateDirect(needed));
    }

    private synchronized ByteBuffer poll(int needed) {
        for (var buffers = idle.iterator(); buffers.hasNext(); ) {
            ByteBuffer buffer = buffers.next();
            if (buffer.capacity() >= needed) {
                buffers.remove();
                idleBytes -= buffer.capacity();
                return buffer.clear();
            }
        }
        // the larger one that is made now takes this one's place
        ByteBuffer small = idle.poll();
        idleBytes -= small == null ? 0 : small.capacity();
        return null;
    }

    private synchronized void give(ByteBuffer memory) {
        if (idleBytes + memory.capacity() <= MOST_IDLE_BYTES) {
            idle.push(memory);
            idleBytes += memory.capacity();
        }
    }

    synchronized void clear() {
        idle.clear();
        idleBytes = 0;
    }

    private static int aligned(int bytes) {
        return Math.addExact(bytes, 7) & ~7;
    }
}
