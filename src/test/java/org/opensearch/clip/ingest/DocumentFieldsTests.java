// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.ingest;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.embed.Source;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.test.OpenSearchTestCase;

public class DocumentFieldsTests extends OpenSearchTestCase {
    private static final FieldPath TARGET = new FieldPath("v");

    private static DocumentFields fields(Object value) {
        Map<String, Object> source = new HashMap<>(Map.of("f", value));
        return new DocumentFields(new IngestDocument("i", "1", null, null, null, source), true);
    }

    private static List<FieldPath> paths(int count) {
        return Collections.nCopies(count, new FieldPath("f"));
    }

    private static String refused(ThrowingRunnable read) {
        return expectThrows(IllegalArgumentException.class, read).getMessage();
    }

    /** A vector each of a picture that is named a million times, were it read. */
    public void testPicturesOfADocumentAreCountedForEachFieldThatIsMadeOfThem() {
        List<String> pictures = Collections.nCopies(1_024, "x");
        DocumentFields twice = fields(pictures);
        assertEquals(2_048, twice.images(paths(2), TARGET).size());
        assertEquals(
                "[v] and the fields before it are made of more than [2048] texts and pictures of the document, each counted"
                        + " for every field that is made of it",
                refused(() -> twice.images(paths(1), TARGET)));
        refused(() -> fields(Collections.nCopies(1_000_000, "x")).images(paths(1), TARGET));
        List<Map<String, Object>> objects = Collections.nCopies(2_049, Map.of("p", "x"));
        refused(() -> fields(objects)
                .imagesByObject(List.of(new FieldPath("f.p")), new FieldPath("f"), new FieldPath("f.v")));
    }

    public void testTextsOfADocumentAreCountedForEachFieldThatIsMadeOfThem() {
        DocumentFields large = fields("x".repeat(1_000_000));
        assertEquals(
                4_000_003,
                ((Source.Text) large.text(paths(4), TARGET).source()).text().length());
        assertEquals(
                "the texts of [v] and of the fields before it have more than [4194304] characters, each text counted for"
                        + " every field that is made of it",
                refused(() -> large.text(paths(1), TARGET)));
        refused(() -> fields("x".repeat(50_000)).text(paths(100), TARGET));
    }
}
