// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What kernels choose their code and the order of their weights by. */
final class CpuFeatures {

    private static final Set<String> TELLING = Set.of(
            "vendor_id",
            "cpu family",
            "model",
            "flags",
            "Features",
            "CPU implementer",
            "CPU architecture",
            "CPU part",
            "isa");

    private CpuFeatures() {}

    /** @return text that is equal on equal processors; empty where the system does not say */
    static Optional<String> read(Path cpuinfo) {
        Set<String> lines = new TreeSet<>();
        try (Stream<String> all = Files.lines(cpuinfo)) {
            all.filter(line -> TELLING.contains(line.split("\\s*:", 2)[0])).forEach(lines::add);
        } catch (IOException | SecurityException e) {
            return Optional.empty();
        }
        return lines.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", lines));
    }
}
