// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.util.List;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.get.GetRequest;
import org.opensearch.action.get.GetResponse;
import org.opensearch.clip.query.Part.OfDocument;
import org.opensearch.common.xcontent.support.XContentMapValues;
import org.opensearch.search.fetch.subphase.FetchSourceContext;

/**
 * The vector that a document has in a field, read from its {@code _source}, which k-NN's derived source puts it back into.
 *
 * @param searched where it is unless the document says otherwise
 */
record DocumentVector(OfDocument document, String searched) {

    private String field() {
        return document.field() == null ? searched : document.field();
    }

    /** Of this field alone: the document may carry pictures. */
    GetRequest request() {
        return new GetRequest(document.index(), document.id())
                .routing(document.routing())
                .fetchSourceContext(new FetchSourceContext(true, new String[] {field()}, null));
    }

    /**
     * @throws ResourceNotFoundException when there is no such document
     * @throws IllegalArgumentException when it has no vector there, or more than one
     */
    float[] read(GetResponse response) {
        String where = "document [" + document.id() + "] of index [" + document.index() + "]";
        if (!response.isExists()) {
            throw new ResourceNotFoundException(where + " does not exist"
                    + (document.routing() == null ? "" : " with [routing] [" + document.routing() + "]"));
        }
        Object value =
                response.isSourceEmpty() ? null : XContentMapValues.extractValue(field(), response.getSourceAsMap());
        if (value instanceof Number) {
            throw new IllegalArgumentException(
                    "k-NN's derived source does not give back the vector in field [" + field()
                            + "] of " + where
                            + ", as happens with upper case in a field's name: name the field in lower case, or set"
                            + " [index.knn.derived_source.enabled: false] on the index");
        }
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw new IllegalArgumentException(where + " has no vector in field [" + field() + "]");
        }
        float[] vector = new float[list.size()];
        for (int i = 0; i < vector.length; i++) {
            if (!(list.get(i) instanceof Number number)) {
                throw new IllegalArgumentException(
                        where + " has in field [" + field() + "] not one vector but a list of something else");
            }
            vector[i] = number.floatValue();
        }
        return vector;
    }
}
