// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.util.Map;
import org.opensearch.clip.LongValues;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.xcontent.DeprecationHandler;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.test.OpenSearchTestCase;

public class LongQueryValuesTests extends OpenSearchTestCase {

    public void testARefusalOfAQueryIsShort() throws Exception {
        Map<String, Object> valid = Map.of(
                "query_text", "a",
                "query_image", "b",
                "weights", Map.of("text", 1, "image", 1),
                "model_id", "m",
                "dimensions", 4,
                "embedding_type", "float",
                "timeout", "1s",
                "k", 3,
                "ignore_unmapped", true);
        assertTrue(LongValues.refused(valid, query -> parse("v", query)) > 30);
    }

    /** Names that the parser of JSON lets pass: it takes no longer ones. */
    public void testANameIsShownInShort() {
        String name = "v".repeat(49_000);
        LongValues.requireShort(expectThrows(Exception.class, () -> parse(name, "a")));
        LongValues.requireShort(expectThrows(Exception.class, () -> parse("v", Map.of(name, 1))));
    }

    private static void parse(String field, Object query) throws Exception {
        var json =
                XContentFactory.jsonBuilder().startObject().field(field, query).endObject();
        try (XContentParser parser = JsonXContent.jsonXContent.createParser(
                NamedXContentRegistry.EMPTY,
                DeprecationHandler.THROW_UNSUPPORTED_OPERATION,
                BytesReference.bytes(json).streamInput())) {
            parser.nextToken();
            ClipQueryParser.parse(parser, new Embedder());
        }
    }
}
