// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opensearch.OpenSearchParseException;
import org.opensearch.action.DocWriteRequest;
import org.opensearch.action.bulk.BulkItemRequest;
import org.opensearch.action.bulk.BulkShardRequest;
import org.opensearch.action.bulk.TransportBulkAction;
import org.opensearch.action.index.IndexRequest;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.embed.Notebook.Made;
import org.opensearch.clip.embed.SpaceGuard.Incoming;
import org.opensearch.clip.model.Refusal;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.core.xcontent.XContentParseException;

/**
 * What a bulk is about to write into a shard: whose vectors its items bring. An item that must not be written is aborted on its own,
 * which the primary answers without a look at it. Used by one thread at a time.
 */
final class ShardWrite {

    /** @param fields what one of our processors made of it, never empty */
    private record Item(BulkItemRequest request, Map<String, List<Made>> fields) {}

    private final List<Item> items = new ArrayList<>();

    /** @param fields that are of interest */
    ShardWrite(BulkShardRequest request, Notebook notebook, Set<String> fields) {
        for (BulkItemRequest item : request.items()) {
            Map<String, Object> source = source(item.request());
            Map<String, List<Made>> made = new HashMap<>();
            for (String field : fields) {
                List<Made> vectors = notebook.made(item.request(), source, field);
                if (!vectors.isEmpty()) {
                    made.put(field, vectors);
                }
            }
            if (!made.isEmpty()) {
                items.add(new Item(item, made));
            }
        }
    }

    /** What passed a pipeline; of an update it is what becomes of a document that there is not. */
    private static Map<String, Object> source(DocWriteRequest<?> request) {
        IndexRequest index = TransportBulkAction.getIndexWriteRequest(request);
        if (index == null || index.source() == null) {
            return Map.of();
        }
        try {
            return index.sourceAsMap();
        } catch (OpenSearchParseException | XContentParseException e) {
            return Map.of(); // passed no pipeline, and the mapping will say what is wrong with it
        }
    }

    interface Visitor {
        void visit(String field, Made vector);
    }

    /** In the order of the items. */
    void forEach(Visitor visitor) {
        items.forEach(item ->
                item.fields.forEach((field, vectors) -> vectors.forEach(vector -> visitor.visit(field, vector))));
    }

    /**
     * The items whose fields nobody has written down yet are not written.
     *
     * @param fields to the fingerprint that should have been
     */
    void postpone(ClusterState state, IndexMetadata index, Map<String, String> fields, Exception cause) {
        String name = index.getIndex().getName();
        Map<String, Exception> reasons = new LinkedHashMap<>();
        fields.forEach((field, fingerprint) -> reasons.put(
                field,
                Refusal.unavailable(
                        "that field [" + Shown.of(field) + "] of index [" + name + "] has vectors of "
                                + SpaceGuard.named(state, fingerprint)
                                + " could not be recorded by the cluster manager: send the document again",
                        cause)));
        items.removeIf(item -> {
            for (Map.Entry<String, Exception> reason : reasons.entrySet()) {
                if (item.fields.containsKey(reason.getKey())) {
                    item.request.abort(name, reason.getValue());
                    return true;
                }
            }
            return false;
        });
    }

    /** The items with vectors that the index does not let in. */
    void refuse(ClusterState state, IndexMetadata index) {
        for (Item item : items) {
            try {
                item.fields.forEach((field, vectors) -> vectors.forEach(vector -> check(state, index, field, vector)));
            } catch (IllegalArgumentException e) {
                item.request.abort(index.getIndex().getName(), e);
            }
        }
    }

    private static void check(ClusterState state, IndexMetadata index, String field, Made vector) {
        String recorded = SpaceGuard.recorded(state, index, field);
        if (recorded != null && !vector.fingerprints().contains(recorded)) {
            String fingerprint = vector.fingerprints().iterator().next();
            // where it is but a warning, the pipeline has given it
            SpaceGuard.check(state, index, field, Incoming.of(state, fingerprint), warning -> {});
        }
    }
}
