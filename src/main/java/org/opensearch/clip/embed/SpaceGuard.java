// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexAbstraction;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.common.logging.HeaderWarning;
import org.opensearch.core.index.Index;
import org.opensearch.ingest.Processor;

/**
 * Keeps the vectors of two models out of one field, which would compare as if they meant something. The fingerprint of the model
 * that a field's vectors are made by is part of the index's metadata, where {@link RecordSpaces} writes it: comparing costs a look
 * into the cluster state. A field without an entry is not checked. Safe for use by many threads.
 */
public final class SpaceGuard {
    /** The key in the index's custom metadata: field to fingerprint. Nodes without this plugin read and keep it. */
    static final String CUSTOM = "clip";

    private static final Logger LOGGER = LogManager.getLogger(SpaceGuard.class);
    private static final int MOST_LOGGED = 10_000;

    private final Supplier<ClusterState> state;
    private final IndexNameExpressionResolver resolver;

    /** What has been logged: once, not once a document. */
    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    /** @param state of the cluster, called on the threads that call this */
    public SpaceGuard(Supplier<ClusterState> state, IndexNameExpressionResolver resolver) {
        this.state = state;
        this.resolver = resolver;
    }

    /** For processors, which are made before the cluster has a state. */
    public static SpaceGuard of(Processor.Parameters parameters) {
        return new SpaceGuard(
                () -> parameters.ingestService.getClusterService().state(),
                new IndexNameExpressionResolver(parameters.threadContext));
    }

    /**
     * Vectors that are to meet those of a field.
     *
     * @param those how a message calls them
     */
    public record Incoming(String those, String fingerprint) {
        public static Incoming of(DeclaredModel model) {
            return new Incoming("those of model [" + model.id() + "]", model.fingerprint());
        }

        /** Of a model that need not be declared any more. */
        public static Incoming of(ClusterState state, String fingerprint) {
            return new Incoming("those of " + named(state, fingerprint), fingerprint);
        }

        /** Of a field that has some already; empty when nobody knows whose they are. */
        public static Optional<Incoming> of(ClusterState state, IndexMetadata index, String field) {
            return Optional.ofNullable(recorded(state, index, field))
                    .map(fingerprint -> new Incoming(
                            "those of field [" + Shown.of(field) + "] of index ["
                                    + index.getIndex().getName() + "], of " + named(state, fingerprint) + ",",
                            fingerprint));
        }
    }

    /** What defines the vectors of a model; empty when it is not declared. */
    public Optional<String> fingerprint(String modelId) {
        return ModelMetadata.of(state.get()).model(modelId).map(DeclaredModel::fingerprint);
    }

    /**
     * Before documents are embedded; with {@code index.clip.guard} [warn] a mismatch becomes a Warning header.
     *
     * @param index as the document names it: an alias, a data stream or date math, too, and it need not exist
     * @throws IllegalArgumentException when the field has vectors of another model, not a conflict: {@code _reindex} may be told
     *     to pass over conflicts in silence
     */
    public void checkWrite(String index, String field, String modelId) {
        ClusterState now = state.get();
        IndexMetadata written = writeIndex(now, index);
        Optional<DeclaredModel> model = ModelMetadata.of(now).model(modelId);
        if (written != null && model.isPresent()) {
            check(now, written, field, Incoming.of(model.get()), this::warn);
        }
    }

    /** Who indexes by the million does not look at headers. */
    private void warn(String message) {
        HeaderWarning.addWarning(message);
        if (logged.size() < MOST_LOGGED && logged.add(message)) {
            LOGGER.warn(message);
        }
    }

    /** @return the concrete index, {@code null} when there is none (yet) */
    private IndexMetadata writeIndex(ClusterState now, String name) {
        IndexAbstraction there = now.metadata().getIndicesLookup().get(resolver.resolveDateMathExpression(name));
        return there == null ? null : there.getWriteIndex();
    }

    /**
     * Whose vectors an index has. Core takes no custom metadata along to what {@code _clone}, {@code _shrink} and {@code _split}
     * make: until it is recorded there, what is recorded of the source counts.
     *
     * @return field to fingerprint, never {@code null}
     */
    static Map<String, String> fields(ClusterState state, IndexMetadata index) {
        Map<String, String> fields = index.getCustomData(CUSTOM);
        Index copied = index.getResizeSourceIndex();
        if (fields == null && copied != null) {
            IndexMetadata source = state.metadata().index(copied);
            fields = source == null ? null : source.getCustomData(CUSTOM);
        }
        return fields == null ? Map.of() : fields;
    }

    /** @return the fingerprint of the field's vectors, {@code null} when nobody has written one */
    public static String recorded(ClusterState state, IndexMetadata index, String field) {
        return fields(state, index).get(field);
    }

    /** Whether an index lets the vectors of two models into one field. */
    static boolean mayMeet(IndexMetadata index) {
        return ClipSettings.INDEX_GUARD.get(index.getSettings()) != ClipSettings.Guard.ERROR;
    }

    /**
     * @param warnings gets the message where the index only wants to be warned
     * @throws IllegalArgumentException when the field has vectors of another model
     */
    public static void check(
            ClusterState state, IndexMetadata index, String field, Incoming incoming, Consumer<String> warnings) {
        String recorded = recorded(state, index, field);
        if (recorded == null || recorded.equals(incoming.fingerprint())) {
            return;
        }
        ClipSettings.Guard guard = ClipSettings.INDEX_GUARD.get(index.getSettings());
        if (guard == ClipSettings.Guard.OFF) {
            return;
        }
        String name = index.getIndex().getName();
        String message = "field [" + Shown.of(field) + "] of index [" + name + "] has vectors of "
                + named(state, recorded) + ", " + incoming.those() + " cannot be compared with them";
        if (guard == ClipSettings.Guard.ERROR) {
            throw new IllegalArgumentException(
                    message + ": use the same model, or another field or index; [index.clip.guard: warn] lets it pass");
        }
        warnings.accept(message);
    }

    /** For messages. */
    public static String whose(ClusterState state, VectorFields.VectorField field) {
        String recorded = recorded(state, field.metadata(), field.path());
        return recorded == null ? "not known" : named(state, recorded);
    }

    /** A model, for messages. */
    static String named(ClusterState state, String fingerprint) {
        return ModelMetadata.of(state).models().stream()
                .filter(model -> model.fingerprint().equals(fingerprint))
                .map(model -> "model [" + model.id() + "]")
                .findFirst()
                .orElse("a model that is no longer declared (fingerprint [" + fingerprint + "])");
    }
}
