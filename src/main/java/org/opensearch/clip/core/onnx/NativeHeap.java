// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Memory that native code has freed, given back to the system. glibc keeps it for the process by itself: all of a closed
 * session, and after a load the copy of the weights that ONNX Runtime has meanwhile packed in another order. The command is
 * HotSpot's {@code jcmd System.trim_native_heap}, Linux with glibc only.
 */
final class NativeHeap {

    private NativeHeap() {}

    /**
     * Takes some tenths of a second; other threads go on.
     *
     * @return false where the JVM has no such command: freed memory then stays with the process, to be used again
     */
    static boolean trim() {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "systemTrimNativeHeap",
                            null,
                            null);
            return true;
        } catch (JMException e) {
            return false;
        }
    }
}
