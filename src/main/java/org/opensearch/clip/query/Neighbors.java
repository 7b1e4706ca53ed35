// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.query;

import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.xcontent.ToXContent;
import org.opensearch.core.xcontent.ToXContentFragment;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.index.query.QueryBuilder;
import org.opensearch.knn.index.query.KNNQueryBuilder;
import org.opensearch.knn.index.query.parser.MethodParametersParser;
import org.opensearch.knn.index.query.parser.RescoreParser;
import org.opensearch.knn.index.query.rescore.RescoreContext;

/**
 * Which of the vectors near the question are hits: the parameters that {@code clip} hands on to {@code knn} as they are. All are
 * {@code null} when not given; of {@code k}, {@code minScore} and {@code maxDistance} one is set.
 */
record Neighbors(
        Integer k,
        Float minScore,
        Float maxDistance,
        QueryBuilder filter,
        Map<String, ?> methodParameters,
        RescoreContext rescore,
        Boolean expandNested,
        boolean ignoreUnmapped)
        implements Writeable, ToXContentFragment {

    private static final int DEFAULT_K = 10;
    private static final float[] ANY = {1};

    /** Refuses here, before a model runs, what k-NN would refuse after it. */
    Neighbors {
        long given = Stream.of(k, minScore, maxDistance).filter(p -> p != null).count();
        if (given > 1) {
            throw new IllegalArgumentException(
                    "[clip] takes at most one of [k], [min_score] and [max_distance], got " + given);
        }
        if (given == 0) {
            k = DEFAULT_K;
        }
        if (k != null && (k < 1 || k > KNNQueryBuilder.K_MAX)) {
            throw new IllegalArgumentException(
                    "[clip] [k] must be between 1 and " + KNNQueryBuilder.K_MAX + ", got [" + k + "]");
        }
        if (minScore != null && !(minScore > 0)) {
            throw new IllegalArgumentException("[clip] [min_score] must be greater than 0, got [" + minScore + "]");
        }
        if (rescore != null && k == null) {
            throw new IllegalArgumentException("[clip] [rescore] needs [k]: k-NN does not rescore a radial search");
        }
        query("any", ANY, k, minScore, maxDistance, null, methodParameters, rescore, null, false);
    }

    Neighbors(StreamInput in) throws IOException {
        this(
                Frame.begin(in).readOptionalVInt(),
                in.readOptionalFloat(),
                in.readOptionalFloat(),
                in.readOptionalNamedWriteable(QueryBuilder.class),
                in.readBoolean() ? in.readMap() : null,
                readRescore(in),
                in.readOptionalBoolean(),
                in.readBoolean());
        Frame.end(in);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeOptionalVInt(k);
        out.writeOptionalFloat(minScore);
        out.writeOptionalFloat(maxDistance);
        out.writeOptionalNamedWriteable(filter);
        out.writeBoolean(methodParameters != null);
        if (methodParameters != null) {
            out.writeMap(Map.copyOf(methodParameters));
        }
        writeRescore(out);
        out.writeOptionalBoolean(expandNested);
        out.writeBoolean(ignoreUnmapped);
        Frame.end(out);
    }

    /** k-NN's own wire form forgets whether the factor is the user's, which decides whether the mapping may override it. */
    private void writeRescore(StreamOutput out) throws IOException {
        Boolean flag = rescoreFlag();
        out.writeBoolean(rescore != null);
        out.writeOptionalBoolean(flag);
        if (rescore != null && flag == null) {
            out.writeFloat(rescore.getOversampleFactor());
        }
    }

    private static RescoreContext readRescore(StreamInput in) throws IOException {
        boolean given = in.readBoolean();
        Boolean flag = in.readOptionalBoolean();
        if (!given) {
            return null;
        }
        return flag == null
                ? RescoreContext.builder().oversampleFactor(in.readFloat()).build()
                : rescore(flag);
    }

    /** {@code "rescore": true} and {@code false}. */
    static RescoreContext rescore(boolean flag) {
        return flag ? RescoreContext.getDefault() : RescoreContext.EXPLICITLY_DISABLED_RESCORE_CONTEXT;
    }

    private Boolean rescoreFlag() {
        if (rescore == null) {
            return null;
        }
        return rescore.equals(rescore(true)) ? Boolean.TRUE : rescore.equals(rescore(false)) ? Boolean.FALSE : null;
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, ToXContent.Params params) throws IOException {
        if (k != null) {
            builder.field("k", k);
        }
        if (minScore != null) {
            builder.field("min_score", minScore);
        }
        if (maxDistance != null) {
            builder.field("max_distance", maxDistance);
        }
        if (filter != null) {
            builder.field("filter", filter, params);
        }
        MethodParametersParser.doXContent(builder, methodParameters);
        if (rescoreFlag() != null) {
            builder.field(RescoreParser.RESCORE_PARAMETER, rescoreFlag());
        } else if (rescore != null) {
            RescoreParser.doXContent(builder, rescore);
        }
        if (expandNested != null) {
            builder.field("expand_nested_docs", expandNested);
        }
        if (ignoreUnmapped) {
            builder.field("ignore_unmapped", true);
        }
        return builder;
    }

    Neighbors withFilter(QueryBuilder other) {
        return new Neighbors(k, minScore, maxDistance, other, methodParameters, rescore, expandNested, ignoreUnmapped);
    }

    Neighbors withK(int other) {
        return new Neighbors(
                other, minScore, maxDistance, filter, methodParameters, rescore, expandNested, ignoreUnmapped);
    }

    /** The query that finds them. */
    KNNQueryBuilder of(String field, float[] vector) {
        return query(
                field,
                vector,
                k,
                minScore,
                maxDistance,
                filter,
                methodParameters,
                rescore,
                expandNested,
                ignoreUnmapped);
    }

    private static KNNQueryBuilder query(
            String field,
            float[] vector,
            Integer k,
            Float minScore,
            Float maxDistance,
            QueryBuilder filter,
            Map<String, ?> methodParameters,
            RescoreContext rescore,
            Boolean expandNested,
            boolean ignoreUnmapped) {
        return KNNQueryBuilder.builder()
                .fieldName(field)
                .vector(vector)
                .k(k)
                .minScore(minScore)
                .maxDistance(maxDistance)
                .filter(filter)
                .methodParameters(methodParameters)
                .rescoreContext(rescore)
                .expandNested(expandNested)
                .ignoreUnmapped(ignoreUnmapped)
                .build();
    }
}
