// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.wire.GoldenBytes;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.index.query.QueryBuilders;
import org.opensearch.test.OpenSearchTestCase;

/** What the query is in each format, byte by byte. */
public class QueryGoldenTests extends OpenSearchTestCase {

    private static ClipQueryBuilder query() {
        Question question = new Question(
                List.of(
                        new Question.Term(new Part.Given(new Source.Text("t")), 0.5f),
                        new Question.Term(new Part.OfDocument("i", "1", "f", null), -1)),
                true,
                "m",
                64,
                EmbeddingType.BYTE,
                TimeValue.timeValueSeconds(3));
        Neighbors neighbors = new Neighbors(
                7,
                null,
                null,
                QueryBuilders.termQuery("a", "b"),
                Map.of("ef_search", 9),
                Neighbors.rescore(true),
                true,
                true);
        return new ClipQueryBuilder("v", question, neighbors, new Embedder())
                .boost(2)
                .queryName("n");
    }

    public void testEachFormIsWhatItWas() throws IOException {
        check(new GoldenBytes());
    }

    public static void check(GoldenBytes goldens) throws IOException {
        Writeable.Reader<ClipQueryBuilder> reader = in -> (ClipQueryBuilder)
                ClipQueryBuilder.spec(new Embedder()).getReader().read(in);
        goldens.framed("query", query(), reader);
        assertEquals("as an older node sends it", query(), goldens.read("query.1", reader));
    }
}
