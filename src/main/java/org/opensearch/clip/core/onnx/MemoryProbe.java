// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.opensearch.clip.core.engine.Session.Footprint;

/**
 * What opening a session took, by what the system says before and after it. Other native code of the process counts as well, so only one
 * session is opened at a time and the result stays within what a session can be.
 */
final class MemoryProbe {

    private static final Path MAPS = Path.of("/proc/self/maps");

    /** Percent of its weights that a session holds where nobody can tell (docs/onnx-runtime.md). */
    private static final long ASSUMED = 190;

    /** What a session allocates besides its weights, at most. */
    private static final long BESIDES = 64L << 20;

    private final Path folder;
    private final OptionalLong allocated;
    private final long mapped;

    /** @param folder of the files that the session may map */
    MemoryProbe(Path folder) {
        this.folder = folder;
        this.allocated = NativeHeap.inUse();
        this.mapped = mapped(folder);
    }

    /**
     * @param weights bytes of all weights of the graph
     * @param prepared whether they lie in a file that is mapped
     */
    Footprint taken(long weights, boolean prepared) {
        OptionalLong now = NativeHeap.inUse();
        long files = mapped(folder);
        if (now.isEmpty() || allocated.isEmpty() || files < 0 || mapped < 0) {
            return prepared
                    ? new Footprint(weights * (ASSUMED - 100) / 100, weights, false)
                    : new Footprint(weights * ASSUMED / 100, 0, false);
        }
        long anonymous = Math.clamp(now.getAsLong() - allocated.getAsLong(), 0, 2 * weights + BESIDES);
        return new Footprint(anonymous, Math.max(0, files - mapped), true);
    }

    /** Bytes of this folder's files in the address space of the process; -1 where the system does not say. */
    private static long mapped(Path folder) {
        String below = " " + folder.toAbsolutePath().normalize() + "/";
        try (Stream<String> maps = Files.lines(MAPS)) {
            return maps.filter(line -> line.contains(below))
                    .mapToLong(MemoryProbe::length)
                    .sum();
        } catch (IOException | SecurityException e) {
            return -1;
        }
    }

    /** {@code 7f00-7fff r--p ..} */
    private static long length(String line) {
        int dash = line.indexOf('-');
        return Long.parseLong(line.substring(dash + 1, line.indexOf(' ')), 16)
                - Long.parseLong(line.substring(0, dash), 16);
    }
}
