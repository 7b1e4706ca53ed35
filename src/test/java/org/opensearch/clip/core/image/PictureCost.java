// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process of its own for one picture: what it takes, and what was announced. */
public final class PictureCost {

    private PictureCost() {}

    /**
     * A file and, if its time is wanted, anything: prints milliseconds of a core, bytes taken, bytes reserved, bytes of the
     * file, its width. The heap must have been touched before: then what the process grows by is native, beside what the
     * thread allocates.
     */
    public static void main(String[] args) throws IOException {
        ImagePreprocessor preprocessor = new ImagePreprocessor(new ImageDecoder(Natives.here()), false);
        ImageSpec spec = Golden.plain(224, 224);
        Golden.rows("decoded.txt").forEach(row -> preprocessor.make(Golden.file(row[0]), spec, false));
        byte[] file = Files.readAllBytes(Path.of(args[0]));
        long reserved = ImageDecoder.header(file).decodeBytes() + 2L * file.length;
        long before = peak() + allocated();
        int width = preprocessor.make(file, spec, false).width();
        long grown = peak() + allocated() - before;
        long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        if (args.length > 1) {
            ImageDecoder.header(file);
            preprocessor.make(file, spec, false);
        }
        long millis = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1_000_000;
        System.out.println(millis + " " + grown + " " + reserved + " " + file.length + " " + width);
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    /** The most memory that the process has had, in bytes. */
    static long peak() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                .findFirst()
                .orElseThrow();
    }
}
