// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.function.LongSupplier;

/**
 * The time, in nanoseconds.
 *
 * @param now since some moment
 * @param ofThread that the calling thread has computed: it does not depend on who else wants the cores
 */
record Clock(LongSupplier now, LongSupplier ofThread) {

    static Clock system() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return new Clock(
                System::nanoTime,
                threads.isCurrentThreadCpuTimeSupported() ? threads::getCurrentThreadCpuTime : System::nanoTime);
    }
}
