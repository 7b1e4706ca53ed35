// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Map;
import org.opensearch.OpenSearchParseException;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.rest.RestRequest;

/** The body of a request as an object of maps, lists, strings, numbers and booleans. */
public final class RequestBody {

    private RequestBody() {}

    /** @throws IllegalArgumentException or {@link OpenSearchParseException} when there is no body, or it is not one object: 400 */
    public static Map<String, Object> read(RestRequest request) {
        try (XContentParser parser = request.contentParser()) {
            if (parser.nextToken() != XContentParser.Token.START_OBJECT) {
                throw new IllegalArgumentException("the body must be an object");
            }
            Map<String, Object> body = parser.map();
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException("the body must be one object, something follows it");
            }
            return body;
        } catch (IOException e) {
            // OpenSearch calls some of them, such as a body nested too deep, its own fault
            throw new OpenSearchParseException("the body cannot be read: " + e.getMessage(), e);
        }
    }
}
