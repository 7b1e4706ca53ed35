// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShownTests {

    @Test
    void whatIsShortIsShownAsItPrintsItself() {
        for (Object value : Arrays.asList(
                null,
                "",
                "größe",
                1.5,
                true,
                List.of(),
                Map.of(),
                List.of(1, "a"),
                Map.of("a", List.of(Map.of()), "b", 2))) {
            assertEquals(String.valueOf(value), Shown.of(value));
        }
        assertEquals("x".repeat(200), Shown.of("x".repeat(200)));
    }

    @Test
    void whatIsLongIsCut() {
        assertEquals("x".repeat(200) + "..", Shown.of("x".repeat(201)));
        assertEquals("x".repeat(199) + "..", Shown.of("x".repeat(199) + "\ud83d\ude00"));
        assertEquals(202, Shown.of(Collections.nCopies(1_000_000, "ab")).length());
        assertEquals(
                202, Shown.of(Map.of("a", Map.of("x".repeat(1_000_000), 1))).length());
        Object deep = "a";
        for (int i = 0; i < 1_000_000; i++) {
            deep = List.of(deep);
        }
        assertEquals("[".repeat(200) + "..", Shown.of(deep));
    }

    @Test
    void whatAFileSaysIsOneLine() {
        assertEquals("a?b?", Shown.printable("a\nb\u00e9"));
        assertEquals("a".repeat(100) + "..", Shown.printable("a".repeat(101)));
    }

    @Test
    void anExceptionIsLongWhenACauseIs() {
        var cause = new IllegalStateException("x".repeat(1_001));
        assertEquals(1_002, Shown.reason(cause).length());
        assertTrue(Shown.isLong(new IllegalStateException("a", cause)));
        assertFalse(Shown.isLong(new IllegalStateException("a", new IllegalStateException())));
    }
}
