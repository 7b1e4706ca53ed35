// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Heap and native memory, measured as the operating system sees it, in a process of its own for each picture. */
@EnabledOnOs(OS.LINUX)
class PictureMemoryTests {

    private static final int EDGE = 1500;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(CostlyPicture.class)
    void aProcessGrowsByNoMoreThanWasReserved(CostlyPicture picture) throws IOException, InterruptedException {
        Path file = folder.resolve(picture.name());
        Files.write(file, picture.file(EDGE));
        String answer = Natives.run(
                folder, "-Xms400m", "-Xmx400m", "-XX:+AlwaysPreTouch", PictureCost.class.getName(), file.toString());
        String[] numbers = answer.split(" ");
        assertEquals(EDGE, Integer.parseInt(numbers[4]));
        long grown = Long.parseLong(numbers[1]);
        long reserved = Long.parseLong(numbers[2]) + UntrustedPicture.WORKING_SPACE;
        assertTrue(grown <= reserved, () -> grown + " bytes, " + reserved + " reserved");
    }
}
