// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.vector.EmbeddingType;
import org.opensearch.clip.model.DeclaredModel;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.common.cache.Cache;
import org.opensearch.common.cache.CacheBuilder;
import org.opensearch.common.xcontent.support.XContentMapValues;
import org.opensearch.core.index.Index;

/**
 * What the indices of a search say of its vector field, read from the cluster state, so that a request that cannot work is
 * refused before a model runs. Safe for use by many threads.
 */
public final class VectorFields {

    private static final String KNN_VECTOR = "knn_vector";

    /** How an index maps the field. {@code modelId}: of the index setting, empty when it is not set. */
    public record VectorField(IndexMetadata metadata, Mapped mapped, String modelId) {
        public String index() {
            return metadata.getIndex().getName();
        }

        /** The field's own name, where a mapping's alias may have been asked for. */
        public String path() {
            return mapped.path();
        }
    }

    /** {@code type}: empty when the index has no such field. {@code dimension}: 0 when the mapping names none. */
    private record Mapped(String path, String type, int dimension, EmbeddingType dataType) {
        static final Mapped ABSENT = new Mapped("", "", 0, EmbeddingType.FLOAT);
    }

    private record Key(String indexUuid, long mappingVersion, String field) {}

    private final IndexNameExpressionResolver resolver;

    /** A mapping is compressed JSON in the cluster state: too slow to be parsed for every query. */
    private final Cache<Key, Mapped> cache =
            CacheBuilder.<Key, Mapped>builder().setMaximumWeight(10_000).build();

    public VectorFields(IndexNameExpressionResolver resolver) {
        this.resolver = resolver;
    }

    /**
     * @return those of the indices that map the field, all of them as a vector; indices without it do not matter
     * @throws IllegalArgumentException when none maps it and one has to, or one maps it as something else
     */
    public List<VectorField> of(ClusterState state, Target target) {
        Index[] indices = resolver.concreteIndices(state, target.options(), target.indices());
        // they come in the order of a hash set; messages should not
        Arrays.sort(indices, Comparator.comparing(Index::getName));
        List<VectorField> fields = new ArrayList<>();
        for (Index index : indices) {
            IndexMetadata metadata = state.metadata().index(index);
            Mapped mapped = metadata == null ? Mapped.ABSENT : mapped(metadata, target.field());
            if (mapped.type().equals(KNN_VECTOR)) {
                String modelId = ClipSettings.INDEX_MODEL_ID.get(metadata.getSettings());
                fields.add(new VectorField(metadata, mapped, modelId));
            } else if (!mapped.type().isEmpty()) {
                throw new IllegalArgumentException("field [" + Shown.of(target.field()) + "] of index ["
                        + index.getName() + "] is mapped as [" + mapped.type() + "], it must be [knn_vector]");
            }
        }
        if (fields.isEmpty() && indices.length > 0 && !target.mayBeUnmapped()) {
            throw new IllegalArgumentException("field [" + Shown.of(target.field())
                    + "] is mapped in none of the indices ["
                    + Arrays.stream(indices).map(Index::getName).limit(10).collect(Collectors.joining(", "))
                    + "], it must be a [knn_vector]");
        }
        return fields;
    }

    /**
     * The model that the indices name by their settings.
     *
     * @return empty when none does
     * @throws IllegalArgumentException when they do not name the same
     */
    public static Optional<String> modelId(List<VectorField> fields) {
        List<String> ids = fields.stream().map(VectorField::modelId).distinct().toList();
        if (ids.size() > 1) {
            throw new IllegalArgumentException("[index.clip.model_id] is not the same in all indices: "
                    + fields.stream()
                            .limit(10)
                            .map(f -> "[" + f.index() + "]: "
                                    + (f.modelId().isEmpty() ? "not set" : "[" + f.modelId() + "]"))
                            .collect(Collectors.joining(", "))
                    + "; set [model_id] here, or search them apart");
        }
        return ids.stream().filter(id -> !id.isEmpty()).findFirst();
    }

    /**
     * What the vectors searched are kept as.
     *
     * @param named by whoever asks, {@code null} = nobody
     * @throws IllegalArgumentException when the fields do not agree
     */
    public static EmbeddingType dataType(List<VectorField> fields, EmbeddingType named) {
        // the mapping of a field that k-NN has trained does not say it
        List<VectorField> known =
                fields.stream().filter(field -> field.mapped().dimension() != 0).toList();
        List<EmbeddingType> types = Stream.concat(
                        Stream.ofNullable(named),
                        known.stream().map(field -> field.mapped().dataType()))
                .distinct()
                .toList();
        if (types.size() > 1) {
            throw new IllegalArgumentException((named == null ? "" : "[embedding_type] is [" + named + "], ")
                    + "[data_type] of the fields searched is not the same: "
                    + known.stream()
                            .limit(10)
                            .map(field -> "[" + field.path() + "] of [" + field.index() + "]: ["
                                    + field.mapped().dataType() + "]")
                            .collect(Collectors.joining(", "))
                    + "; search them apart");
        }
        return types.isEmpty() ? EmbeddingType.FLOAT : types.getFirst();
    }

    /** @throws IllegalArgumentException when a vector of the model would not fit a field */
    public static void check(List<VectorField> fields, Target target, DeclaredModel model) {
        model.checkDimensions(target.dimensions());
        int dimensions = target.dimensions() == 0 ? model.dimension() : target.dimensions();
        for (VectorField field : fields) {
            int mapped = field.mapped().dimension();
            if (mapped != 0 && mapped != dimensions) {
                throw new IllegalArgumentException("field [" + Shown.of(target.field()) + "] of index [" + field.index()
                        + "] has dimension [" + mapped + "], the vector of model [" + model.id() + "] would have ["
                        + dimensions + "]: "
                        + (mapped < model.dimension()
                                ? "set [dimensions] to [" + mapped + "]"
                                : mapped == model.dimension()
                                        ? "leave [dimensions] out"
                                        : "map the field with dimension [" + model.dimension() + "]"));
            }
        }
    }

    /** What a field that may be a mapping's alias keeps vectors as; floats where it is not mapped. */
    public EmbeddingType dataType(IndexMetadata index, String field) {
        return mapped(index, field).dataType();
    }

    /**
     * Whether a field can keep a vector, as far as the mapping tells: one that is refused for its length must not decide whose the
     * field is.
     *
     * @param length numbers, of which one may hold eight bits
     */
    boolean mayTake(IndexMetadata index, String field, int length) {
        int dimension = mapped(index, field).dimension();
        return dimension == 0 || dimension == length || dimension == length * Byte.SIZE;
    }

    /** The own name of a field that may be a mapping's alias; the same where it is not, or not mapped. */
    public String path(IndexMetadata index, String field) {
        Mapped mapped = mapped(index, field);
        return mapped.equals(Mapped.ABSENT) ? field : mapped.path();
    }

    /** The full names of the vector fields that an index maps. */
    static List<String> in(IndexMetadata index) {
        List<String> names = new ArrayList<>();
        if (index.mapping() != null) {
            collect(index.mapping().sourceAsMap(), "", names);
        }
        return names;
    }

    private static void collect(Map<?, ?> mapping, String prefix, List<String> names) {
        if (mapping.get("properties") instanceof Map<?, ?> properties) {
            properties.forEach((name, below) -> {
                if (below instanceof Map<?, ?> map) {
                    if (KNN_VECTOR.equals(map.get("type"))) {
                        names.add(prefix + name);
                    }
                    collect(map, prefix + name + ".", names);
                }
            });
        }
    }

    private Mapped mapped(IndexMetadata index, String field) {
        if (index.mapping() == null) {
            return Mapped.ABSENT;
        }
        Key key = new Key(index.getIndexUUID(), index.getMappingVersion(), field);
        Mapped known = cache.get(key);
        if (known == null) {
            known = find(index.mapping().sourceAsMap(), field, false);
            cache.put(key, known);
        }
        return known;
    }

    /** @param aliased whether an alias has led here: one that names another is none, and could name itself */
    private static Mapped find(Map<String, Object> mapping, String field, boolean aliased) {
        Map<?, ?> at = mapping;
        for (String name : field.split("\\.")) {
            Object below = at.get("properties") instanceof Map<?, ?> properties ? properties.get(name) : null;
            if (below == null) {
                below = at.get("fields") instanceof Map<?, ?> fields ? fields.get(name) : null;
            }
            if (!(below instanceof Map<?, ?> map)) {
                return Mapped.ABSENT;
            }
            at = map;
        }
        if (!(at.get("type") instanceof String type)) {
            return new Mapped(field, "object", 0, EmbeddingType.FLOAT);
        }
        if (type.equals("alias") && at.get("path") instanceof String path) {
            return aliased ? Mapped.ABSENT : find(mapping, path, true);
        }
        return new Mapped(
                field,
                type,
                XContentMapValues.nodeIntegerValue(at.get("dimension"), 0),
                // k-NN writes it in upper case
                EmbeddingType.of(XContentMapValues.nodeStringValue(at.get("data_type"), "")
                                .toLowerCase(Locale.ROOT))
                        .orElse(EmbeddingType.FLOAT));
    }
}
