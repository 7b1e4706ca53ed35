// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** libjpeg-turbo and libwebp, each time in a process of its own. */
@EnabledOnOs(OS.LINUX)
class NativePicturesTests {

    @TempDir
    Path folder;

    private String run(String mode) throws IOException, InterruptedException {
        return Natives.run(folder, "-Xmx400m", NativePictures.class.getName(), mode);
    }

    @Test
    void pixelsAndHashesAreBitIdenticalToPillow() throws Exception {
        assertEquals("", run("golden"));
    }

    @Test
    void aDamagedFileIsAPictureOrAnImageException() throws Exception {
        assertEquals("", run("damaged"));
    }

    @Test
    void whatAFuzzerFoundIsReadOrRefused() throws Exception {
        assertEquals("", run("untrusted"));
    }

    /** libjpeg leaves what it does by a jump; what was taken before must not stay. */
    @Test
    void whatLibjpegGivesUpOnLeavesNothingBehind() throws Exception {
        String answer = run("leak");
        assertTrue(answer.startsWith("180 refused, grown by "), answer);
        long grown = Long.parseLong(answer.substring(answer.lastIndexOf(' ') + 1));
        assertTrue(grown < 40L << 20, answer); // a leak of each picture were 450 MB
    }

    /** A picture of a megapixel has 3 MB as bytes, 4 as words. */
    @Test
    void noArrayIsAsLargeAsAPicture() throws Exception {
        String[] kinds = run("allocated").split("\\R");
        assertEquals(5, kinds.length);
        for (String kind : kinds) {
            long bytes = Long.parseLong(kind.substring(kind.indexOf(' ') + 1));
            assertTrue(bytes < 128 << 10, kind);
        }
    }

    @Test
    void manyThreadsDecodeAtATime() throws Exception {
        assertEquals("0 differ", run("many"));
    }
}
