// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.engine.ModelException;

class PackedWeightsTests {

    @Test
    void aKernelMayHaveSeveralPieces() {
        StringStringEntryProto entry = TwoTowers.entry("prepacked_0", "Attention+77|0;64;0|4096;9000;0");
        PackedWeights packed = PackedWeights.of(entry);
        assertEquals(
                new PackedWeights(
                        "prepacked_0",
                        "Attention+77",
                        List.of(new PackedWeights.Piece(0, 64, "0"), new PackedWeights.Piece(4096, 9000, "0"))),
                packed);
        assertEquals(entry, packed.entry());
    }

    @Test
    void whatIsWrittenInAnotherWayIsRefused() {
        for (String piece : List.of("", "0", "0;64", "-1;64;0", "0;x;0", "0;64;0;0", "0;9999999999999999999;0")) {
            StringStringEntryProto entry = TwoTowers.entry("prepacked_0", "MatMul+1|" + piece);
            ModelException e = assertThrows(ModelException.class, () -> PackedWeights.of(entry));
            assertEquals("packed weights are noted in a way that is not known: [" + piece + "]", e.getMessage());
        }
    }
}
