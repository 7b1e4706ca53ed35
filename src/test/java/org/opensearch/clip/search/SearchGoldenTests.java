// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import java.io.IOException;
import org.opensearch.clip.search.VectorPhase.Wanted;
import org.opensearch.clip.wire.GoldenBytes;
import org.opensearch.test.OpenSearchTestCase;

/** What makes a search carry vectors is in each format, byte by byte, and which name a node must know to read it. */
public class SearchGoldenTests extends OpenSearchTestCase {

    public void testEachFormIsWhatItWas() throws IOException {
        check(new GoldenBytes());
    }

    public static void check(GoldenBytes goldens) throws IOException {
        Wanted old = goldens.without("search.wanted", new Wanted("f", false), Wanted::readOld);
        assertEquals("clip_vector", old.getWriteableName());
        Wanted framed = goldens.framed("search.wanted", new Wanted("f", true), Wanted::read);
        assertEquals("clip_vector/2", framed.getWriteableName());
        assertEquals(old, framed);
    }
}
