// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.core.engine.ModelException;

/** With the library for the CPU, which tests run with. */
class DeviceTests {

    private final OnnxRuntime runtime = new OnnxRuntime((task, delay) -> () -> {});

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda:0", "cuda:7"})
    void aGpuThatCannotBeUsedIsAFailureThatSaysWhy(String wish) {
        ModelException e = assertThrows(ModelException.class, () -> runtime.device(wish));
        assertTrue(e.getMessage().startsWith("device [" + wish + "] is not available: "), e::getMessage);
        assertTrue(e.getMessage().contains("build it with -Pgpu"), e::getMessage);
    }

    @Test
    void autoIsTheCpuAndWarnsOnlyWhereThereIsAGpu() {
        Device.Chosen chosen = runtime.device("auto");
        assertEquals("cpu", chosen.device().toString());
        if (Cuda.present()) {
            assertNotNull(chosen.warning());
        } else {
            assertNull(chosen.warning());
        }
    }

    @Test
    void theCpuNeedsNoExplanation() {
        assertEquals(new Device.Chosen(Device.CPU, null), runtime.device("cpu"));
    }
}
