// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.opensearch.action.search.SearchRequest;
import org.opensearch.action.search.SearchResponse;
import org.opensearch.clip.core.vector.MarginalRelevance;
import org.opensearch.clip.core.vector.SphericalKMeans;
import org.opensearch.clip.wire.Peers;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.common.xcontent.support.XContentMapValues;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.search.SearchHit;
import org.opensearch.search.SearchHits;
import org.opensearch.search.aggregations.InternalAggregations;
import org.opensearch.search.builder.SearchSourceBuilder;
import org.opensearch.search.fetch.subphase.FetchSourceContext;
import org.opensearch.search.internal.InternalSearchResponse;
import org.opensearch.search.pipeline.AbstractProcessor;
import org.opensearch.search.pipeline.PipelineProcessingContext;
import org.opensearch.search.pipeline.Processor;
import org.opensearch.search.pipeline.SearchRequestProcessor;
import org.opensearch.search.pipeline.SearchResponseProcessor;
import org.opensearch.search.profile.SearchProfileShardResults;
import org.opensearch.transport.RemoteClusterAware;

/**
 * {@code clip_diversify}: spreads look-alikes out over the first page. The visual reranker of Jina's "Beyond CLIP": the top candidates
 * are clustered by their vectors and taken round-robin from the clusters, best first; or, with {@code technique: mmr}, by maximal
 * marginal relevance.
 *
 * <p>A pair of one shape: the {@link OnRequest request half} widens the search to the candidates and makes the vector travel, the
 * {@link OnResponse response half} reorders, cuts out the page asked for and gives back the {@code _source} asked for. Alone, the
 * response half reorders the hits that it gets. Totals, scores and aggregations are untouched. Processors are immutable; what one search
 * needs to remember is in its pipeline context, as plain JSON values, because template queries print that context.
 */
public final class DiversifyProcessor {

    public static final String TYPE = "clip_diversify";

    private DiversifyProcessor() {}

    /** Raises the {@code k} of a query that has one: a larger {@code size} does not widen a k-NN query. */
    @FunctionalInterface
    public interface Widening {
        void widen(SearchSourceBuilder source, int candidates);
    }

    public record RequestFactory(Widening widening, Peers peers) implements Processor.Factory<SearchRequestProcessor> {
        @Override
        public SearchRequestProcessor create(
                Map<String, Processor.Factory<SearchRequestProcessor>> factories,
                String tag,
                String description,
                boolean ignoreFailure,
                Map<String, Object> config,
                Processor.PipelineContext context) {
            return new OnRequest(tag, description, ignoreFailure, DiversifyConfig.parse(tag, config), widening, peers);
        }
    }

    public record ResponseFactory(SearchTasks tasks) implements Processor.Factory<SearchResponseProcessor> {
        @Override
        public SearchResponseProcessor create(
                Map<String, Processor.Factory<SearchResponseProcessor>> factories,
                String tag,
                String description,
                boolean ignoreFailure,
                Map<String, Object> config,
                Processor.PipelineContext context) {
            return new OnResponse(tag, description, ignoreFailure, DiversifyConfig.parse(tag, config), tasks);
        }
    }

    static final class OnRequest extends AbstractProcessor implements SearchRequestProcessor {
        private final DiversifyConfig config;
        private final Widening widening;
        private final Peers peers;

        OnRequest(
                String tag,
                String description,
                boolean ignoreFailure,
                DiversifyConfig config,
                Widening widening,
                Peers peers) {
            super(tag, description, ignoreFailure);
            this.config = config;
            this.widening = widening;
            this.peers = peers;
        }

        @Override
        public String getType() {
            return TYPE;
        }

        @Override
        public SearchRequest processRequest(SearchRequest request) {
            throw new UnsupportedOperationException("[" + TYPE + "] needs the context of its search pipeline");
        }

        @Override
        public SearchRequest processRequest(SearchRequest request, PipelineProcessingContext context) {
            SearchSourceBuilder source = request.source() == null
                    ? new SearchSourceBuilder()
                    : request.source().shallowCopy();
            int from = Math.max(0, source.from());
            int size = source.size() < 0 ? 10 : source.size();
            if (size == 0) {
                return request;
            }
            if (request.scroll() != null || source.searchAfter() != null) {
                throw new IllegalArgumentException(
                        "[" + TYPE + "] reorders the first [candidates] hits as a whole: it cannot be used with "
                                + (request.scroll() != null ? "[scroll]" : "[search_after]"));
            }
            if ((long) from + size > config.candidates()) {
                throw new IllegalArgumentException(
                        "[from] + [size] is [" + ((long) from + size) + "], beyond the [candidates] of [" + TYPE
                                + "], [" + config.candidates() + "]: ask for an earlier page or raise [candidates]");
            }
            context.setAttribute(config.key("from"), from);
            context.setAttribute(config.key("size"), size);
            source.from(0).size(config.candidates());
            widening.widen(source, config.candidates());
            if (staysHere(request)) {
                VectorPhase.want(source, config.vectorField(), peers.framed());
            } else {
                letVectorTravelInSource(source, context);
            }
            return request.source(source);
        }

        /** Another cluster need not have this plugin; and what a point in time looks at is not said here. */
        private static boolean staysHere(SearchRequest request) {
            return request.pointInTimeBuilder() == null
                    && Arrays.stream(request.indices())
                            .noneMatch(index -> !index.startsWith("<")
                                    && index.indexOf(RemoteClusterAware.REMOTE_CLUSTER_INDEX_SEPARATOR) >= 0);
        }

        /** k-NN masks a vector that the source filter drops, so the filter must let it through. */
        private void letVectorTravelInSource(SearchSourceBuilder source, PipelineProcessingContext context) {
            FetchSourceContext asked = source.fetchSource();
            if (asked == null) {
                return;
            }
            context.setAttribute(config.key("fetch_source"), asked.fetchSource());
            context.setAttribute(config.key("includes"), List.of(asked.includes()));
            context.setAttribute(config.key("excludes"), List.of(asked.excludes()));
            List<String> includes = new ArrayList<>();
            if (asked.fetchSource()) {
                includes.addAll(List.of(asked.includes()));
            }
            if (!asked.fetchSource() || asked.includes().length > 0) {
                includes.add(config.vectorField());
            }
            String[] excludes = asked.fetchSource()
                    ? Arrays.stream(asked.excludes())
                            .filter(e -> !dropsVector(e))
                            .toArray(String[]::new)
                    : new String[0];
            source.fetchSource(new FetchSourceContext(true, includes.toArray(String[]::new), excludes));
        }

        /** Whether a source pattern matches the vector field or an object that it is in. */
        private boolean dropsVector(String pattern) {
            Object probe = 0;
            String[] path = config.vectorField().split("\\.", -1);
            for (int i = path.length - 1; i >= 0; i--) {
                probe = new HashMap<>(Map.of(path[i], probe));
            }
            @SuppressWarnings("unchecked")
            Map<String, Object> document = (Map<String, Object>) probe;
            Map<String, Object> kept = XContentMapValues.filter(document, new String[0], new String[] {pattern});
            return XContentMapValues.extractValue(config.vectorField(), kept) == null;
        }
    }

    static final class OnResponse extends AbstractProcessor implements SearchResponseProcessor {
        /** Any number would do; that it never changes is the point. */
        private static final long SEED = 5;

        private final DiversifyConfig config;
        private final SearchTasks tasks;

        OnResponse(String tag, String description, boolean ignoreFailure, DiversifyConfig config, SearchTasks tasks) {
            super(tag, description, ignoreFailure);
            this.config = config;
            this.tasks = tasks;
        }

        @Override
        public String getType() {
            return TYPE;
        }

        @Override
        public SearchResponse processResponse(SearchRequest request, SearchResponse response) {
            throw new UnsupportedOperationException("[" + TYPE + "] needs the context of its search pipeline");
        }

        @Override
        public SearchResponse processResponse(
                SearchRequest request, SearchResponse response, PipelineProcessingContext context) throws IOException {
            List<SearchHit> hits = order(response.getHits().getHits());
            if (context.getAttribute(config.key("from")) instanceof Integer from
                    && context.getAttribute(config.key("size")) instanceof Integer size) {
                hits = hits.subList(Math.min(from, hits.size()), Math.min(from + size, hits.size()));
            }
            for (SearchHit hit : hits) {
                restoreSource(hit, context);
            }
            return with(response, hits.toArray(SearchHit[]::new));
        }

        /** Hits without a vector keep their order at the end. */
        private List<SearchHit> order(SearchHit[] hits) {
            List<SearchHit> seen = new ArrayList<>();
            List<float[]> vectors = new ArrayList<>();
            List<SearchHit> without = new ArrayList<>();
            for (SearchHit hit : hits) {
                float[] vector = HitVector.of(hit, config.vectorField(), config.embeddingType());
                if (vector == null || !vectors.isEmpty() && vectors.get(0).length != vector.length) {
                    without.add(hit);
                } else {
                    seen.add(hit);
                    vectors.add(vector);
                }
            }
            if (!vectors.isEmpty()) {
                config.requireBounded(vectors.size(), vectors.getFirst().length);
            }
            Runnable pause = tasks.ensuringNotCancelled();
            int[] order = switch (config.technique()) {
                case KMEANS -> roundRobin(SphericalKMeans.assign(vectors, config.clusters(), SEED, pause));
                case MMR -> MarginalRelevance.order(scores(seen), vectors, config.diversity(), pause);
            };
            List<SearchHit> ordered = new ArrayList<>(hits.length);
            for (int i : order) {
                ordered.add(seen.get(i));
            }
            ordered.addAll(without);
            return ordered;
        }

        /** Clusters are numbered by their best hit, so each turn takes the best hit left of each cluster, the best cluster first. */
        private static int[] roundRobin(int[] cluster) {
            int[] turn = new int[cluster.length];
            int[] taken = new int[cluster.length];
            for (int i = 0; i < cluster.length; i++) {
                turn[i] = taken[cluster[i]]++;
            }
            return IntStream.range(0, cluster.length)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingInt(i -> turn[i]).thenComparingInt(i -> cluster[i]))
                    .mapToInt(Integer::intValue)
                    .toArray();
        }

        /** A search that is sorted has no scores: the rank stands in. */
        private static float[] scores(List<SearchHit> hits) {
            float[] scores = new float[hits.size()];
            for (int i = 0; i < scores.length; i++) {
                float score = hits.get(i).getScore();
                scores[i] = Float.isNaN(score) ? scores.length - i : score;
            }
            return scores;
        }

        @SuppressWarnings("unchecked")
        private void restoreSource(SearchHit hit, PipelineProcessingContext context) throws IOException {
            if (!(context.getAttribute(config.key("fetch_source")) instanceof Boolean fetch) || !hit.hasSource()) {
                return;
            }
            if (!fetch) {
                hit.sourceRef(null);
                return;
            }
            String[] includes = ((List<String>) context.getAttribute(config.key("includes"))).toArray(String[]::new);
            String[] excludes = ((List<String>) context.getAttribute(config.key("excludes"))).toArray(String[]::new);
            try (var json = XContentFactory.jsonBuilder()) {
                hit.sourceRef(BytesReference.bytes(
                        json.map(XContentMapValues.filter(hit.getSourceAsMap(), includes, excludes))));
            }
        }

        private static SearchResponse with(SearchResponse response, SearchHit[] hits) {
            SearchHits old = response.getHits();
            var sections = response.getInternalResponse();
            var reordered = new InternalSearchResponse(
                    new SearchHits(
                            hits,
                            old.getTotalHits(),
                            old.getMaxScore(),
                            old.getSortFields(),
                            old.getCollapseField(),
                            old.getCollapseValues()),
                    (InternalAggregations) sections.aggregations(),
                    sections.suggest(),
                    sections.profile().isEmpty() ? null : new SearchProfileShardResults(sections.profile()),
                    sections.timedOut(),
                    sections.terminatedEarly(),
                    sections.getNumReducePhases(),
                    sections.getSearchExtBuilders(),
                    sections.getProcessorResult());
            return new SearchResponse(
                    reordered,
                    response.getScrollId(),
                    response.getTotalShards(),
                    response.getSuccessfulShards(),
                    response.getSkippedShards(),
                    response.getTook().millis(),
                    response.getPhaseTook(),
                    response.getShardFailures(),
                    response.getClusters(),
                    response.pointInTimeId());
        }
    }
}
