// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.action.get.GetRequest;
import org.opensearch.action.get.GetResponse;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Target.VectorAt;
import org.opensearch.clip.query.Part.OfDocument;
import org.opensearch.clip.search.VectorPhase;
import org.opensearch.search.fetch.subphase.FetchSourceContext;

/**
 * The vector that a document has in a field: in its {@code _source}, which k-NN's derived source puts it back into, as fresh as the
 * document is. Else in the index itself, as of its last refresh: k-NN loses fields with upper case in their names, an alias of the
 * mapping is in no source, and a source may be without its vectors.
 *
 * @param searched where it is unless the document says otherwise
 */
record DocumentVector(OfDocument document, String searched) {

    /**
     * @param vectors several where the field is inside a nested object, else one
     * @param encoded whether they are as the field keeps them
     */
    record Found(VectorAt at, List<float[]> vectors, boolean encoded) {

        /** @param type of the field */
        List<float[]> decoded(EmbeddingType type) {
            return encoded ? vectors.stream().map(type::decode).toList() : vectors;
        }
    }

    private String field() {
        return document.field() == null ? searched : document.field();
    }

    private String where() {
        return "document [" + Shown.of(document.id()) + "] of index [" + Shown.of(document.index()) + "]";
    }

    /** Of this field alone: the document may carry pictures. */
    GetRequest get() {
        return new GetRequest(document.index(), document.id())
                .routing(document.routing())
                .fetchSourceContext(new FetchSourceContext(true, new String[] {field()}, null));
    }

    /**
     * @return empty when it may be in the index yet
     * @throws ResourceNotFoundException when there is no such document
     * @throws IllegalArgumentException when something else is there, or k-NN has lost what the index does not give back either
     */
    Optional<Found> inSource(GetResponse response) {
        if (!response.isExists()) {
            throw new ResourceNotFoundException(where() + " does not exist"
                    + (document.routing() == null ? "" : " with [routing] [" + Shown.of(document.routing()) + "]"));
        }
        List<Object> values = new ArrayList<>();
        collect(response.isSourceEmpty() ? Map.of() : response.getSourceAsMap(), field(), values);
        if (values.isEmpty() || values.size() == 1 && values.getFirst() instanceof Number) {
            return Optional.empty();
        }
        List<float[]> vectors = values.stream().map(this::vector).toList();
        return Optional.of(new Found(new VectorAt(response.getIndex(), field()), vectors, true));
    }

    /** Every value of the field: one object of a nested field has one each. */
    private static void collect(Object node, String rest, List<Object> values) {
        if (node instanceof List<?> list) {
            list.forEach(element -> collect(element, rest, values));
        } else if (node instanceof Map<?, ?> map) {
            for (int dot = rest.indexOf('.'); dot > 0; dot = rest.indexOf('.', dot + 1)) {
                collect(map.get(rest.substring(0, dot)), rest.substring(dot + 1), values);
            }
            if (map.get(rest) != null) {
                values.add(map.get(rest));
            }
        }
    }

    private float[] vector(Object value) {
        if (value instanceof Number) {
            throw new IllegalArgumentException(
                    "k-NN's derived source does not give back the vectors in field ["
                            + Shown.of(field()) + "] of " + where()
                            + ", as happens with upper case in the name of a field inside a nested"
                            + " object: name the field in lower case, or set [index.knn.derived_source.enabled: false] on the index");
        }
        if (!(value instanceof List<?> list) || list.isEmpty() || !list.stream().allMatch(Number.class::isInstance)) {
            throw new IllegalArgumentException(
                    where() + " has in field [" + Shown.of(field()) + "] not one vector but something else");
        }
        float[] vector = new float[list.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = ((Number) list.get(i)).floatValue();
        }
        return vector;
    }

    /**
     * By the name that the user has given, who may have no right to another.
     *
     * @param framed see {@link org.opensearch.clip.wire.Peers}
     */
    SearchRequest search(boolean framed) {
        return VectorPhase.search(document.index(), document.id(), document.routing(), field(), framed);
    }

    /** @throws IllegalArgumentException when it has none there, or none yet */
    Found inIndex(SearchResponse response) {
        var hits = response.getHits().getHits();
        float[] vector = hits.length == 0 ? null : VectorPhase.take(hits[0]);
        if (vector == null) {
            throw new IllegalArgumentException(where() + " has no vector in field [" + Shown.of(field()) + "]"
                    + (hits.length == 0 ? " that could be read before the next refresh of the index" : ""));
        }
        return new Found(new VectorAt(hits[0].getIndex(), field()), List.of(vector), false);
    }
}
