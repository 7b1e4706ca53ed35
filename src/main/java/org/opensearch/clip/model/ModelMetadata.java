// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.OpenSearchException;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceNotFoundException;
import org.opensearch.Version;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.ClusterState;
import org.opensearch.cluster.Diff;
import org.opensearch.cluster.DiffableUtils;
import org.opensearch.cluster.NamedDiff;
import org.opensearch.cluster.metadata.Metadata;
import org.opensearch.common.settings.Settings;
import org.opensearch.core.ParseField;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.core.xcontent.XContentParser;
import org.opensearch.gateway.GatewayService;

/**
 * The declared models, as a section of the cluster state that survives a full restart and travels with snapshots. Immutable.
 *
 * <p>On the wire and on disk it is a map of maps, and a map's keys that this release does not know are kept: two releases
 * of the plugin for one OpenSearch version share a stream version, and meet in one cluster during an upgrade. Every node
 * of a cluster that has this section must be able to read it, hence {@link Frame#NODE_ATTRIBUTE} and {@link UpdateModels}; the
 * section goes with its last model. Core writes it in one form for all nodes, so it has no {@link Frame}: the map of a model has a format
 * number of its own, and an entry that this release cannot read is kept as it is, and is no model.
 */
public final class ModelMetadata implements Metadata.Custom {

    public static final String TYPE = "opensearch_clip_models";

    static final ModelMetadata EMPTY = new ModelMetadata(Map.of());

    private final Map<String, Map<String, Object>> maps;
    private final Map<String, DeclaredModel> models;
    private final Map<String, String> unreadable;

    ModelMetadata(Map<String, Map<String, Object>> maps) {
        this.maps = Collections.unmodifiableMap(new TreeMap<>(maps));
        Map<String, DeclaredModel> read = new TreeMap<>();
        Map<String, String> reasons = new TreeMap<>();
        maps.forEach((id, map) -> {
            try {
                read.put(id, DeclaredModel.fromMap(id, map));
            } catch (RuntimeException e) { // whatever it is: an exception here ends this node's part in the cluster
                reasons.put(id, "this release of the plugin cannot read model [" + id + "]: " + e.getMessage());
            }
        });
        this.models = Collections.unmodifiableMap(read);
        this.unreadable = Collections.unmodifiableMap(reasons);
    }

    ModelMetadata(StreamInput in) throws IOException {
        this(in.readMap(StreamInput::readString, StreamInput::readMap));
    }

    /** The declared models of a cluster, none when the section is not there. */
    public static ModelMetadata of(ClusterState state) {
        ModelMetadata metadata = state.metadata().custom(TYPE);
        return metadata == null ? EMPTY : metadata;
    }

    /**
     * As {@link #of}, for somebody who asks: a cluster that has just started has no metadata, whatever it had before.
     *
     * @throws OpenSearchException 503 until it has recovered its state
     */
    public static ModelMetadata recovered(ClusterState state) {
        if (state.blocks().hasGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK)) {
            throw Refusal.unavailable("the cluster has just started and does not know yet which models are declared");
        }
        return of(state);
    }

    public Collection<DeclaredModel> models() {
        return models.values();
    }

    public Set<String> ids() {
        return models.keySet();
    }

    public Optional<DeclaredModel> model(String id) {
        return Optional.ofNullable(models.get(id));
    }

    /**
     * A model that somebody asks for by its name.
     *
     * @throws ResourceNotFoundException when it is not declared
     * @throws OpenSearchStatusException 409 when it is, by a release of which this one cannot read it
     */
    public DeclaredModel require(String id) {
        requireReadable(id);
        return model(id)
                .orElseThrow(() -> new ResourceNotFoundException("model [" + Shown.of(id)
                        + "] is not declared: PUT /_plugins/_clip/models/" + Shown.of(id) + " declares it"));
    }

    void requireReadable(String id) {
        String reason = unreadable.get(id);
        if (reason != null) {
            throw new OpenSearchStatusException(
                    reason + "; upgrade the plugin on every node, or delete the model", RestStatus.CONFLICT);
        }
    }

    /** Entries that are no models here: id to reason. They are kept, may be deleted, and never do anything else. */
    Map<String, String> unreadable() {
        return unreadable;
    }

    /** Declared models of whichever release. */
    int size() {
        return maps.size();
    }

    /** SHA-256 of every file of every declared model, as far as this release can tell. */
    public Set<String> hashes() {
        return maps.values().stream()
                .flatMap(map -> map.get("files") instanceof Collection<?> files ? files.stream() : Stream.of())
                .flatMap(file -> file instanceof Map<?, ?> one && one.get("sha256") instanceof String hash
                        ? Stream.of(hash)
                        : Stream.of())
                .collect(Collectors.toSet());
    }

    ModelMetadata with(DeclaredModel model) {
        Map<String, Object> map = new LinkedHashMap<>(maps.getOrDefault(model.id(), Map.of()));
        map.keySet().removeAll(DeclaredModel.KEYS);
        map.putAll(model.toMap());
        Map<String, Map<String, Object>> changed = new TreeMap<>(maps);
        changed.put(model.id(), map);
        return new ModelMetadata(changed);
    }

    ModelMetadata without(String id) {
        Map<String, Map<String, Object>> changed = new TreeMap<>(maps);
        changed.remove(id);
        return new ModelMetadata(changed);
    }

    /** {@code state} with this section, or without any when no model is left. */
    ClusterState in(ClusterState state) {
        Metadata.Builder metadata = Metadata.builder(state.metadata());
        if (maps.isEmpty()) {
            metadata.removeCustom(TYPE);
        } else {
            metadata.putCustom(TYPE, this);
        }
        return ClusterState.builder(state).metadata(metadata).build();
    }

    /** What every node with the plugin adds to its settings: others tell by it that it can read the section. */
    public static Settings nodeSettings() {
        return Settings.builder()
                .put("node.attr." + Frame.NODE_ATTRIBUTE, Frame.FORMAT)
                .build();
    }

    public static List<NamedWriteableRegistry.Entry> namedWriteables() {
        return Stream.concat(
                        Stream.of(
                                new NamedWriteableRegistry.Entry(Metadata.Custom.class, TYPE, ModelMetadata::new),
                                new NamedWriteableRegistry.Entry(NamedDiff.class, TYPE, Changes::new)),
                        LoadStatus.namedWriteables().stream())
                .toList();
    }

    /** Without this a full restart drops the section silently. */
    public static List<NamedXContentRegistry.Entry> namedXContent() {
        return List.of(new NamedXContentRegistry.Entry(
                Metadata.Custom.class, new ParseField(TYPE), ModelMetadata::fromXContent));
    }

    static ModelMetadata fromXContent(XContentParser parser) throws IOException {
        Map<String, Map<String, Object>> maps = new LinkedHashMap<>();
        parser.map().forEach((id, value) -> maps.put(id, entry(value)));
        return new ModelMetadata(maps);
    }

    /** @return what a release may have written that has no object for a model, as an object: the wire has none but those */
    @SuppressWarnings("unchecked") // JSON objects have no other keys than strings
    private static Map<String, Object> entry(Object value) {
        return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Collections.singletonMap("value", value);
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        for (Map.Entry<String, Map<String, Object>> model : maps.entrySet()) {
            builder.field(model.getKey(), model.getValue());
        }
        return builder;
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        out.writeMap(maps, StreamOutput::writeString, StreamOutput::writeMap);
    }

    @Override
    public EnumSet<Metadata.XContentContext> context() {
        return Metadata.ALL_CONTEXTS;
    }

    @Override
    public String getWriteableName() {
        return TYPE;
    }

    @Override
    public Version getMinimalSupportedVersion() {
        return Version.CURRENT.minimumCompatibilityVersion();
    }

    @Override
    public Diff<Metadata.Custom> diff(Metadata.Custom before) {
        return new Changes((ModelMetadata) before, this);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModelMetadata metadata && maps.equals(metadata.maps);
    }

    @Override
    public int hashCode() {
        return maps.hashCode();
    }

    /** What another state of the section adds, replaces and removes: whole models. */
    private static final class Changes implements NamedDiff<Metadata.Custom> {

        private static final DiffableUtils.ValueSerializer<String, Map<String, Object>> MODEL =
                new DiffableUtils.NonDiffableValueSerializer<>() {
                    @Override
                    public void write(Map<String, Object> value, StreamOutput out) throws IOException {
                        out.writeMap(value);
                    }

                    @Override
                    public Map<String, Object> read(StreamInput in, String key) throws IOException {
                        return in.readMap();
                    }
                };

        private final Diff<Map<String, Map<String, Object>>> maps;

        Changes(ModelMetadata before, ModelMetadata after) {
            maps = DiffableUtils.diff(before.maps, after.maps, DiffableUtils.getStringKeySerializer(), MODEL);
        }

        Changes(StreamInput in) throws IOException {
            maps = DiffableUtils.readJdkMapDiff(in, DiffableUtils.getStringKeySerializer(), MODEL);
        }

        @Override
        public Metadata.Custom apply(Metadata.Custom before) {
            return new ModelMetadata(maps.apply(((ModelMetadata) before).maps));
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            maps.writeTo(out);
        }

        @Override
        public String getWriteableName() {
            return TYPE;
        }
    }
}
