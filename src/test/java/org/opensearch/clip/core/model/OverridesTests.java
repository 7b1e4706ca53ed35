// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.opensearch.clip.core.image.ImageSpec;
import org.opensearch.clip.core.vector.Pooling;

class OverridesTests {

    private static void refused(String name, Object value, String message) {
        var e = assertThrows(IllegalArgumentException.class, () -> Overrides.parse(Map.of(name, value)));
        assertEquals(message, e.getMessage());
    }

    @Test
    void readsEveryKey() {
        Overrides o = Overrides.parse(Map.ofEntries(
                Map.entry("pooling", "MEAN"),
                Map.entry("max_tokens", 77.0),
                Map.entry("resize_mode", "longest"),
                Map.entry("fill_color", 255L),
                Map.entry("normalize", false),
                Map.entry("dimensions", 64),
                Map.entry("towers", List.of("text", "text")),
                Map.entry("query_prompt", "query: "),
                Map.entry("passage_prompt", "passage: "),
                Map.entry("logit_scale", 100),
                Map.entry("logit_bias", -12.5),
                Map.entry("variant", "fp16"),
                Map.entry("device", "cuda:1")));
        assertEquals(Optional.of(Pooling.MEAN), o.pooling());
        assertEquals(OptionalInt.of(77), o.maxTokens());
        assertEquals(Optional.of(ImageSpec.Resize.LONGEST), o.resizeMode());
        assertEquals(OptionalInt.of(255), o.fillColor());
        assertEquals(Optional.of(false), o.normalize());
        assertEquals(OptionalInt.of(64), o.dimensions());
        assertEquals(Optional.of(List.of(Modality.TEXT)), o.towers());
        assertEquals("query: ", o.query(Tower.Side.PLAIN).prompt());
        assertEquals("passage: ", o.passage(Tower.Side.PLAIN).prompt());
        assertEquals(OptionalDouble.of(100), o.logitScale());
        assertEquals(OptionalDouble.of(-12.5), o.logitBias());
        assertEquals(Optional.of("fp16"), o.variant());
        assertEquals(Optional.of("cuda:1"), o.device());
        assertEquals(o, Overrides.parse(o.toMap()));
    }

    @Test
    void nothingIsSetByDefault() {
        assertEquals(Map.of(), Overrides.NONE.toMap());
        assertEquals(Optional.empty(), Overrides.NONE.pooling());
        assertEquals(OptionalInt.empty(), Overrides.NONE.maxTokens());
        assertEquals(OptionalDouble.empty(), Overrides.NONE.logitBias());
        assertEquals(
                Optional.empty(), Overrides.parse(Map.of("variant", "auto")).variant());
    }

    @Test
    void namesAnUnknownKeyAndTheAllowedOnes() {
        var e = assertThrows(IllegalArgumentException.class, () -> Overrides.parse(Map.of("poling", "mean")));
        assertTrue(
                e.getMessage().startsWith("unknown override [poling], allowed: [batching, device, dimensions,"),
                e.getMessage());
    }

    @Test
    void namesAWrongValueAndWhatIsAllowed() {
        refused("pooling", "max", "[pooling] must be one of [none, mean, cls, last], got [max]");
        refused("pooling", 3, "[pooling] must be one of [none, mean, cls, last], got [3]");
        refused("max_tokens", 0, "[max_tokens] must be a whole number in [1, 131072], got [0]");
        refused("max_tokens", 7.5, "[max_tokens] must be a whole number in [1, 131072], got [7.5]");
        refused("max_tokens", "77", "[max_tokens] must be a whole number in [1, 131072], got [77]");
        refused("normalize", "true", "[normalize] must be true or false, got [true]");
        refused("towers", List.of(), "[towers] must be a list of [text, image], got [[]]");
        refused("towers", List.of("audio"), "[towers] must be one of [text, image], got [[audio]]");
        refused("logit_scale", Double.NaN, "[logit_scale] must be a number, got [NaN]");
        refused("device", "tpu", "[device] must be one of [auto, cpu, cuda, cuda:n], got [tpu]");
        refused("query_prompt", List.of(), "[query_prompt] must be a text of at most 1000 characters, got [[]]");
    }
}
