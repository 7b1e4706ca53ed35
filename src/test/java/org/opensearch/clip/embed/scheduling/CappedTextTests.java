// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.nio.charset.StandardCharsets;
import org.opensearch.test.OpenSearchTestCase;

public class CappedTextTests extends OpenSearchTestCase {

    public void testLeavesAShortTextAlone() {
        assertEquals(new CappedText("grün", false), CappedText.of("grün", 5));
    }

    public void testCutsBetweenCodePoints() {
        assertEquals(new CappedText("gr", true), CappedText.of("grün", 3));
        assertEquals(new CappedText("a", true), CappedText.of("a😀b", 4));
        assertEquals(new CappedText("a😀", true), CappedText.of("a😀b", 5));
    }

    public void testNeverLeavesMoreThanTheLimitAndNeverLessThanFits() {
        String text = randomRealisticUnicodeOfCodepointLength(2_000);
        int limit = randomIntBetween(1, 4_000);
        CappedText capped = CappedText.of(text, limit);
        int bytes = capped.text().getBytes(StandardCharsets.UTF_8).length;
        assertTrue(bytes + " > " + limit, bytes <= limit);
        assertEquals(capped.cut(), !capped.text().equals(text));
        if (capped.cut()) {
            String next =
                    text.substring(0, text.offsetByCodePoints(capped.text().length(), 1));
            assertTrue(next.getBytes(StandardCharsets.UTF_8).length > limit);
        }
    }

    public void testCountsALoneSurrogateToo() {
        assertEquals(new CappedText("\ud800", true), CappedText.of("\ud800\ud800", 5));
    }
}
