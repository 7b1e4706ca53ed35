// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import org.opensearch.core.action.ActionListener;
import org.opensearch.knn.search.processor.mmr.MMRQueryTransformer;
import org.opensearch.knn.search.processor.mmr.MMRTransformContext;
import org.opensearch.knn.search.processor.mmr.MMRUtil;

/**
 * Lets k-NN's {@code ext.mmr} take a {@code clip} query at the top of a search: k-NN finds this class by {@code META-INF/services} and calls
 * it before the query is rewritten. Stateless.
 */
public final class ClipMmrTransformer implements MMRQueryTransformer<ClipQueryBuilder> {

    @Override
    public String getQueryName() {
        return ClipQueryBuilder.NAME;
    }

    /** Widens the query to the candidates, and tells k-NN by which field and distance it will compare them. */
    @Override
    public void transform(ClipQueryBuilder query, ActionListener<Void> listener, MMRTransformContext context) {
        try {
            query.widen(context.getCandidates());
            if (context.isVectorFieldInfoResolved()) {
                listener.onResponse(null);
                return;
            }
            var rerank = context.getMmrRerankContext();
            rerank.setVectorFieldPath(query.fieldName());
            MMRUtil.resolveKnnVectorFieldInfo(
                    query.fieldName(),
                    context.getUserProvidedSpaceType(),
                    context.getUserProvidedVectorDataType(),
                    context.getLocalIndexMetadataList(),
                    context.getClient(),
                    ActionListener.wrap(
                            field -> {
                                rerank.setVectorDataType(field.getVectorDataType());
                                rerank.setSpaceType(field.getSpaceType());
                                listener.onResponse(null);
                            },
                            listener::onFailure));
        } catch (Exception e) {
            listener.onFailure(e);
        }
    }
}
