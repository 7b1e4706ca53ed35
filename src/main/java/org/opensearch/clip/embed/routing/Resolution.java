// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.SpaceGuard;
import org.opensearch.clip.embed.SpaceGuard.Incoming;
import org.opensearch.clip.embed.Target;
import org.opensearch.clip.embed.Target.Kept;
import org.opensearch.clip.embed.Target.VectorAt;
import org.opensearch.clip.embed.VectorFields;
import org.opensearch.clip.embed.VectorFields.VectorField;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;

/**
 * What the cluster state says of a request before anything runs: which model answers it, and that all its vectors may meet.
 *
 * @param model {@code null} where the request is only about vectors that are there
 * @param kept what the fields take
 * @param warnings for whoever asks
 */
record Resolution(DeclaredModel model, Kept kept, List<String> warnings) {

    /**
     * @throws ResourceNotFoundException when the model is not declared
     * @throws IllegalArgumentException when no model is named, or its vectors, or those of documents, do not fit what is searched
     */
    static Resolution of(Request request, ClusterState state, VectorFields vectorFields) {
        Target target = request.target();
        List<VectorField> fields = target == null ? List.of() : vectorFields.of(state, target);
        List<String> warnings = new ArrayList<>();
        DeclaredModel model = request.needsModel() ? model(request, state, fields) : null;
        if (model != null) {
            checkLengths(request, fields, model, warnings);
        }
        checkSpaces(request, state, vectorFields, fields, model, warnings);
        EmbeddingType searched = VectorFields.dataType(fields, target == null ? null : target.embeddingType());
        List<EmbeddingType> documents = request.documents().stream()
                .map(at -> {
                    IndexMetadata index = state.metadata().index(at.index());
                    return index == null ? EmbeddingType.FLOAT : vectorFields.dataType(index, at.field());
                })
                .toList();
        return new Resolution(model, new Kept(searched, documents), warnings);
    }

    private static DeclaredModel model(Request request, ClusterState state, List<VectorField> fields) {
        Optional<String> named = Optional.ofNullable(request.modelId()).or(() -> VectorFields.modelId(fields));
        if (named.isEmpty()) {
            return recorded(state, fields);
        }
        return ModelMetadata.recovered(state).require(named.get());
    }

    /** The model that the vectors searched are known to be of, where nobody names one; of several, the first that is loaded. */
    private static DeclaredModel recorded(ClusterState state, List<VectorField> fields) {
        List<Optional<String>> known = fields.stream()
                .map(field -> Optional.ofNullable(SpaceGuard.recorded(state, field.metadata(), field.path())))
                .distinct()
                .toList();
        if (known.stream().allMatch(Optional::isEmpty)) {
            throw new IllegalArgumentException(
                    "[model_id] is missing: set it here, or [index.clip.model_id] in the settings of the index");
        }
        if (known.size() > 1) {
            throw new IllegalArgumentException(
                    "[model_id] is missing, and the vectors searched are not known to be of one model: "
                            + fields.stream()
                                    .limit(10)
                                    .map(field -> "[" + field.index() + "]: " + SpaceGuard.whose(state, field))
                                    .collect(Collectors.joining(", "))
                            + "; set [model_id] here, or search them apart");
        }
        String fingerprint = known.getFirst().get();
        return ModelMetadata.of(state).models().stream()
                .filter(model -> model.fingerprint().equals(fingerprint))
                .min(Comparator.comparing(DeclaredModel::load).reversed().thenComparing(DeclaredModel::id))
                .orElseThrow(
                        () -> new IllegalArgumentException("[model_id] is missing, and the vectors searched are of "
                                + SpaceGuard.whose(state, fields.getFirst())
                                + ": declare it again, or set [model_id]"));
    }

    private static void checkLengths(
            Request request, List<VectorField> fields, DeclaredModel model, List<String> warnings) {
        Target target = request.target();
        if (target != null) {
            VectorFields.check(fields, target, model);
            model.checkDimensions(target.dimensions()).ifPresent(warnings::add);
        }
        request.dimensions().stream()
                .filter(length -> target == null || length != target.dimensions())
                .map(model::checkDimensions)
                .forEach(warning -> warning.ifPresent(warnings::add));
    }

    /** Whatever meets the fields that are searched; where nobody knows whose vectors those have, what the query is made of. */
    private static void checkSpaces(
            Request request,
            ClusterState state,
            VectorFields vectorFields,
            List<VectorField> fields,
            DeclaredModel model,
            List<String> warnings) {
        record Known(IndexMetadata index, String field) {}
        List<Known> documents = new ArrayList<>();
        List<Incoming> incoming = new ArrayList<>();
        if (model != null) {
            incoming.add(Incoming.of(model));
        }
        for (VectorAt at : request.documents()) {
            IndexMetadata index = state.metadata().index(at.index());
            if (index != null) {
                String field = vectorFields.path(index, at.field());
                Incoming.of(state, index, field).ifPresent(vectors -> {
                    documents.add(new Known(index, field));
                    incoming.add(vectors);
                });
            }
        }
        for (VectorField field : fields) {
            incoming.forEach(
                    vectors -> SpaceGuard.check(state, field.metadata(), field.path(), vectors, warnings::add));
        }
        if (fields.stream().allMatch(field -> SpaceGuard.recorded(state, field.metadata(), field.path()) == null)) {
            documents.forEach(
                    of -> SpaceGuard.check(state, of.index(), of.field(), incoming.getFirst(), warnings::add));
        }
    }

    /** The answer for whoever asked. */
    Response tell(Response response) {
        return response.telling(kept, warnings);
    }

    /** For a request without inputs. */
    Response response() {
        return model == null
                ? new Response("", "", 0, List.of())
                : new Response(model.id(), model.fingerprint(), model.dimension(), List.of());
    }
}
