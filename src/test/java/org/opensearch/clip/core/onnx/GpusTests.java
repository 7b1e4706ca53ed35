// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** JVMs of tests load no library through JNA, so here is none, whatever the machine has. */
class GpusTests {

    @Test
    void whereTheLibraryCannotBeLoadedThereAreNone() {
        var gpus = new Gpus();
        assertEquals(List.of(), gpus.read());
        assertEquals(List.of(), gpus.read());
    }
}
