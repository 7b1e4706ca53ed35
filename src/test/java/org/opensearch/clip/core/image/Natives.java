// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Native decoders in tests. They run in processes of their own: a fault in there ends the process, and in the JVM of the tests JNA is off. Such a process has the
 * folder of the libraries in the system property {@code clip.natives}.
 */
public final class Natives {

    private static final String FOLDER = "clip.natives";

    /** Where the build lays them, for all platforms of the zip. */
    private static final Path BUILT = Path.of("target/natives/org/bytedeco/leptonica");

    private Natives() {}

    /** Of this process: empty unless it has the property. */
    static Optional<Leptonica> here() {
        return Optional.ofNullable(System.getProperty(FOLDER)).map(folder -> Leptonica.open(Path.of(folder)));
    }

    /**
     * @param folder for what it says on standard error
     * @param command of the JVM: options, a class, its arguments
     * @return what it prints
     */
    static String run(Path folder, String... command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>();
        all.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        all.addAll(List.of(
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Djna.nosys=true",
                "-Djava.io.tmpdir=" + folder,
                "-Djna.tmpdir=" + folder,
                "-D" + FOLDER + "=" + BUILT.toAbsolutePath(),
                "-cp",
                System.getProperty("java.class.path")));
        all.addAll(List.of(command));
        Path errors = folder.resolve("errors");
        Process process = new ProcessBuilder(all).redirectError(errors.toFile()).start();
        process.getOutputStream().close();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int status = process.waitFor();
        String said = Files.readString(errors, StandardCharsets.ISO_8859_1);
        assertEquals(0, status, () -> answer + "\n" + said);
        return answer;
    }
}
