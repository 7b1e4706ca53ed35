// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.opensearch.OpenSearchParseException;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.rest.RestRequest;

/** The body of a request as an object of maps, lists, strings, numbers and booleans. */
public final class RequestBody {

    /** A thousand files with their hashes have a fifth of it. */
    private static final int MOST_SMALL = 1 << 20;

    private RequestBody() {}

    /** @throws IllegalArgumentException when it has a key that is not known, with all that are */
    public static void refuseUnknown(Map<String, Object> body, Set<String> known) {
        Set<String> unknown = new TreeSet<>(body.keySet());
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "unknown parameters " + Shown.of(unknown) + ", known are " + new TreeSet<>(known));
        }
    }

    /**
     * As {@link #read}, of what has no text or picture in it: a refusal repeats what is wrong, several times.
     *
     * @throws IllegalArgumentException also when it is larger than a megabyte
     */
    public static Map<String, Object> readSmall(RestRequest request) {
        int length = request.content().length();
        if (length > MOST_SMALL) {
            throw new IllegalArgumentException(
                    "the body has [" + length + "] bytes, at most [" + MOST_SMALL + "] are allowed here");
        }
        return read(request);
    }

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
            throw new OpenSearchParseException(
                    "the body cannot be read: " + Shown.reason(e), Shown.isLong(e) ? null : e);
        }
    }
}
