// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Matryoshka;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.wire.Frame;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.common.io.stream.BytesStreamOutput;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.common.util.set.Sets;
import org.opensearch.core.common.Strings;

/**
 * A model as the cluster knows it: the value of {@link ModelMetadata}.
 *
 * @param source as declared, with what moves pinned: see {@link Source}
 * @param files what each node must hold, pinned by hash
 * @param overrides as declared, checked
 * @param fingerprint hash of what defines the space
 * @param dimension floats of an embedding; fewer than the model makes when the declaration cuts them
 * @param dimensions Matryoshka lengths up to that, may be empty
 * @param desired state, of every eligible node
 * @param nodes node filter, {@code null} = every data, ingest and search node
 * @param device where it runs, {@code null} = what the node's settings say
 * @param modelTtl for how long a node that is not asked for it keeps it in memory, negative = for ever, {@code null} = what the settings say
 * @param firstLoad whether any node has ever loaded it
 */
public record DeclaredModel(
        String id,
        Map<String, Object> source,
        List<Artifact> files,
        Map<String, Object> overrides,
        String fingerprint,
        int dimension,
        List<Integer> dimensions,
        Desired desired,
        String nodes,
        String device,
        TimeValue modelTtl,
        FirstLoad firstLoad) {

    private static final Pattern VARIANT = Pattern.compile(".*_("
            + Overrides.VARIANTS.stream()
                    .filter(variant -> !variant.equals("fp32"))
                    .collect(Collectors.joining("|"))
            + ")\\.onnx");
    private static final Pattern ID = Pattern.compile("[a-z0-9][a-z0-9._-]{0,127}");

    /** Of {@link #toMap} on the wire; usual ones have two thousand. */
    private static final int MOST_BYTES = 16 << 10;

    /** A number, 1 when it is not there. A release that must not be misunderstood by older ones writes another. */
    private static final String FORMAT_KEY = "format";

    /** The keys of {@link #toMap}: what else is in such a map belongs to another release of the plugin. */
    static final Set<String> KEYS = Sets.union(
            FirstLoad.KEYS,
            Set.of(
                    "source",
                    "files",
                    "overrides",
                    "fingerprint",
                    "dimension",
                    "dimensions",
                    "load",
                    "nodes",
                    "device",
                    "model_ttl"));

    public DeclaredModel {
        Objects.requireNonNull(fingerprint, "fingerprint");
        source = Collections.unmodifiableMap(new TreeMap<>(source));
        files = List.copyOf(files);
        overrides = Collections.unmodifiableMap(new TreeMap<>(overrides));
        dimensions = List.copyOf(dimensions);
    }

    /** One that has been loaded. */
    public DeclaredModel(
            String id,
            Map<String, Object> source,
            List<Artifact> files,
            Map<String, Object> overrides,
            String fingerprint,
            int dimension,
            List<Integer> dimensions,
            Desired desired,
            String nodes,
            String device,
            TimeValue modelTtl) {
        this(
                id,
                source,
                files,
                overrides,
                fingerprint,
                dimension,
                dimensions,
                desired,
                nodes,
                device,
                modelTtl,
                FirstLoad.DONE);
    }

    /**
     * @return {@code id}
     * @throws IllegalArgumentException unless it can name a model
     */
    static String requireId(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("model id [" + Shown.of(id) + "] must match " + ID.pattern());
        }
        return id;
    }

    /** This model as if it were one file: to get that alone. */
    DeclaredModel only(Artifact file) {
        return new DeclaredModel(
                id,
                source,
                List.of(file),
                overrides,
                fingerprint,
                dimension,
                dimensions,
                desired,
                nodes,
                device,
                modelTtl,
                firstLoad);
    }

    DeclaredModel with(Desired wanted) {
        return with(wanted, firstLoad);
    }

    DeclaredModel with(FirstLoad first) {
        return with(desired, first);
    }

    private DeclaredModel with(Desired wanted, FirstLoad first) {
        return new DeclaredModel(
                id,
                source,
                files,
                overrides,
                fingerprint,
                dimension,
                dimensions,
                wanted,
                nodes,
                device,
                modelTtl,
                first);
    }

    /** Text that is equal when native code gets the same files for the same device. */
    String form() {
        return LoadMarkers.key(this) + "-" + device;
    }

    /** Whether every eligible node should hold it now. */
    public boolean load() {
        return desired == Desired.LOADED;
    }

    /** The precision that its graphs are named by; empty when their names have no suffix. */
    public Optional<String> variant() {
        return files.stream()
                .map(file -> VARIANT.matcher(file.path()))
                .filter(Matcher::matches)
                .map(name -> name.group(1))
                .findFirst();
    }

    /**
     * Whether its vectors may be cut to a length.
     *
     * @param dimensions 0 = not cut
     * @return a warning for whoever asked, or nothing
     * @throws IllegalArgumentException as {@link Matryoshka#check}
     */
    public Optional<String> checkDimensions(int dimensions) {
        return new Matryoshka(dimension, this.dimensions).check(dimensions, "model [" + id + "]");
    }

    /**
     * The mapping of a field for its vectors.
     *
     * @param dimensions 0 = not cut
     */
    Map<String, Object> mapping(int dimensions) {
        return new TreeMap<>(Map.of(
                "type",
                "knn_vector",
                "dimension",
                dimensions == 0 ? dimension : dimensions,
                "method",
                new TreeMap<>(Map.of("name", "hnsw", "engine", "lucene", "space_type", "cosinesimil"))));
    }

    public long sizeInBytes() {
        return files.stream().mapToLong(Artifact::size).sum();
    }

    /** The nodes that should hold this model while it is to be loaded: named by the declaration, or by their roles. */
    public List<DiscoveryNode> eligible(DiscoveryNodes all) {
        Set<String> named = nodes == null ? null : Set.of(all.resolveNodes(Strings.splitStringByCommaToArray(nodes)));
        return all.getNodes().values().stream()
                .filter(Frame::understands)
                .filter(node -> named == null ? worksOnDocuments(node) : named.contains(node.getId()))
                .toList();
    }

    private static boolean worksOnDocuments(DiscoveryNode node) {
        return node.isDataNode() || node.isIngestNode() || node.isSearchNode();
    }

    /** The form in cluster state, on the wire and on disk. */
    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("source", source);
        map.put("files", files.stream().map(DeclaredModel::file).toList());
        map.put("overrides", overrides);
        map.put("fingerprint", fingerprint);
        map.put("dimension", dimension);
        map.put("dimensions", dimensions);
        map.put("load", desired.form());
        if (nodes != null) {
            map.put("nodes", nodes);
        }
        if (device != null) {
            map.put("device", device);
        }
        if (modelTtl != null) {
            map.put("model_ttl", modelTtl.getStringRep());
        }
        firstLoad.addTo(map);
        return map;
    }

    /**
     * The reverse of {@link #toMap}, deaf to keys it does not know.
     *
     * @throws IllegalArgumentException when another release has written what this one cannot read
     */
    static DeclaredModel fromMap(String id, Map<String, Object> map) {
        Object format = map.getOrDefault(FORMAT_KEY, 1);
        if (!format.equals(1)) {
            throw new IllegalArgumentException("its declaration has format [" + format + "], this release reads [1]");
        }
        try {
            return read(id, map);
        } catch (ClassCastException | NullPointerException e) {
            throw new IllegalArgumentException(
                    "its declaration has not what this release expects: " + e.getMessage(), e);
        }
    }

    private static DeclaredModel read(String id, Map<String, Object> map) {
        return new DeclaredModel(
                id,
                object(map.get("source")),
                list(map.get("files")).stream().map(DeclaredModel::artifact).toList(),
                Overrides.parse(object(map.get("overrides"))).toMap(),
                (String) map.get("fingerprint"),
                ((Number) map.get("dimension")).intValue(),
                list(map.get("dimensions")).stream()
                        .map(n -> ((Number) n).intValue())
                        .toList(),
                Desired.of(map.get("load")),
                (String) map.get("nodes"),
                (String) map.get("device"),
                TimeValue.parseTimeValue((String) map.get("model_ttl"), null, "model_ttl"),
                FirstLoad.of(map));
    }

    /** @throws IllegalArgumentException when it is too large for a part of every full cluster state */
    void requireSmall() {
        int bytes = 0;
        try (var out = new BytesStreamOutput()) {
            out.writeMap(toMap());
            bytes = out.size();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        if (bytes > MOST_BYTES) {
            throw new IllegalArgumentException("the declaration of model [" + id + "] has [" + bytes
                    + "] bytes with its [" + files.size() + "] files and their hashes, at most [" + MOST_BYTES
                    + "] are allowed: it is part of every full cluster state");
        }
    }

    private static Map<String, Object> file(Artifact file) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("path", file.path());
        map.put("size", asJsonReadsIt(file.size()));
        map.put("sha256", file.sha256());
        return map;
    }

    /** So that a section read from disk equals the one that was written. */
    private static Number asJsonReadsIt(long number) {
        if (number == (int) number) {
            return (int) number;
        }
        return number;
    }

    private static Artifact artifact(Object value) {
        Map<String, Object> map = object(value);
        return new Artifact(
                (String) map.get("path"), ((Number) map.get("size")).longValue(), (String) map.get("sha256"));
    }

    @SuppressWarnings("unchecked") // JSON objects have no other keys than strings
    private static Map<String, Object> object(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }

    private static List<?> list(Object value) {
        return value == null ? List.of() : (List<?>) value;
    }
}
