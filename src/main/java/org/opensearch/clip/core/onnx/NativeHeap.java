// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Memory that native code has allocated, as glibc counts it. The commands are HotSpot's {@code jcmd System.trim_native_heap} and
 * {@code System.native_heap_info}: Linux with glibc only.
 */
final class NativeHeap {

    private static final Pattern SIZE = Pattern.compile("<(total|system) type=\"(\\w+)\"[^>]* size=\"(\\d+)\"");

    private NativeHeap() {}

    /**
     * Gives memory that was freed back to the system. glibc keeps it for the process by itself: all of a closed session, and
     * after a load the copy of the weights that ONNX Runtime has meanwhile packed in another order. Takes some tenths of a second; other threads go on.
     *
     * @return false where the JVM has no such command: freed memory then stays with the process, to be used again
     */
    static boolean trim() {
        return command("systemTrimNativeHeap").isPresent();
    }

    /** Bytes allocated and not freed by all native code of this process, the JVM's own included; empty where nobody counts them. */
    static OptionalLong inUse() {
        return command("systemNativeHeapInfo")
                .map(info -> OptionalLong.of(inUse(info)))
                .orElseGet(OptionalLong::empty);
    }

    /** Arenas less what is free in them, and what was mapped apart: the sums, which come after the arenas. */
    private static long inUse(String info) {
        String sums = info.substring(info.lastIndexOf("</heap>") + 1);
        return SIZE.matcher(sums).results().mapToLong(NativeHeap::signed).sum();
    }

    private static long signed(MatchResult size) {
        long bytes = Long.parseLong(size.group(3));
        return switch (size.group(1) + " " + size.group(2)) {
            case "system current", "total mmap" -> bytes;
            case "total fast", "total rest" -> -bytes;
            default -> 0;
        };
    }

    private static Optional<String> command(String name) {
        try {
            ObjectName commands = new ObjectName("com.sun.management:type=DiagnosticCommand");
            return Optional.of(
                    String.valueOf(ManagementFactory.getPlatformMBeanServer().invoke(commands, name, null, null)));
        } catch (JMException e) {
            return Optional.empty();
        }
    }
}
