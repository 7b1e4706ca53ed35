// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.util.Arrays;
import org.opensearch.action.IndicesRequest;
import org.opensearch.action.search.SearchContextId;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.clip.embed.Target;
import org.opensearch.index.query.QueryRewriteContext;
import org.opensearch.transport.RemoteClusterAware;

/** Reads off a rewrite where the search looks. */
final class SearchTarget {
    private SearchTarget() {}

    /**
     * @return what this cluster's part of the search looks at; {@code null} when that is nothing, or not known because the query
     *     is not rewritten for a search
     */
    static Target of(QueryRewriteContext context, String field, Question question) {
        var coordinator = context.convertToCoordinatorContext();
        IndicesRequest request = coordinator == null ? null : coordinator.getSearchRequest();
        if (request == null) {
            return null;
        }
        String[] all = indices(request, context);
        String[] local = Arrays.stream(all).filter(index -> !isRemote(index)).toArray(String[]::new);
        // No names at all stand for every index, no names left for none.
        return all.length > 0 && local.length == 0
                ? null
                : new Target(
                        local, request.indicesOptions(), field, question.dimensions(), question.embeddingType(), false);
    }

    private static String[] indices(IndicesRequest request, QueryRewriteContext context) {
        if (request instanceof SearchRequest search && search.pointInTimeBuilder() != null) {
            return SearchContextId.decode(
                            context.getWriteableRegistry(),
                            search.pointInTimeBuilder().getId())
                    .getActualIndices();
        }
        return request.indices() == null ? new String[0] : request.indices();
    }

    /** {@code cluster:index}; date math has colons of its own. */
    private static boolean isRemote(String index) {
        return !index.startsWith("<") && index.indexOf(RemoteClusterAware.REMOTE_CLUSTER_INDEX_SEPARATOR) > 0;
    }
}
