// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.List;
import java.util.Map;
import org.opensearch.ExceptionsHelper;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.core.common.bytes.BytesArray;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.test.OpenSearchTestCase;
import org.opensearch.test.rest.FakeRestRequest;

public class RequestBodyTests extends OpenSearchTestCase {

    private Map<String, Object> read(String json) {
        return RequestBody.read(new FakeRestRequest.Builder(xContentRegistry())
                .withContent(new BytesArray(json), XContentType.JSON)
                .build());
    }

    public void testReadsOneObject() {
        assertEquals(Map.of("a", List.of(1, "b")), read("{\"a\": [1, \"b\"]}\n"));
    }

    public void testWhatIsNotOneObjectIsTheCallersFault() {
        for (String json : List.of("", "[]", "1", "null", "{", "{} {}", "{}]", "{\"a\": 1, \"a\": 2}")) {
            Exception e = expectThrows(RuntimeException.class, () -> read(json));
            assertEquals(json, RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        }
    }

    public void testABodyThatIsNestedTooDeepIsTheCallersFault() {
        Exception e = expectThrows(RuntimeException.class, () -> read("{\"a\":".repeat(1500)));
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(e));
        assertThat(e.getMessage(), containsString("nesting depth"));
    }

    public void testASmallBodyIsSmall() {
        String json = "{\"a\": \"" + "x".repeat(1 << 20) + "\"}";
        var request = new FakeRestRequest.Builder(xContentRegistry())
                .withContent(new BytesArray(json), XContentType.JSON)
                .build();
        Exception e = expectThrows(IllegalArgumentException.class, () -> RequestBody.readSmall(request));
        assertEquals("the body has [1048585] bytes, at most [1048576] are allowed here", e.getMessage());
        assertEquals(1 << 20, ((String) RequestBody.read(request).get("a")).length());
    }
}
