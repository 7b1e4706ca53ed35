// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.model.Folder.Listed;

/** Where a model comes from: the {@code source} of a declaration, parsed and checked as far as any node can. */
sealed interface Source {

    /** Of a declaration that lists them itself: some of them may not be needed. */
    int MOST_FILES = 1_000;
    /** Characters of a path of a file or a folder: messages name it. */
    int MOST_PATH = 1_000;

    /** The form that is written into the cluster state. */
    Map<String, Object> toMap();

    /**
     * @param key {@code path}, below {@code <config>/opensearch-clip/models} of each node, or {@code catalog}
     * @param value as declared
     * @param folder relative, with forward slashes, no part of it a dot
     */
    record Local(String key, String value, String folder) implements Source {
        @Override
        public Map<String, Object> toMap() {
            return Map.of(key, value);
        }
    }

    /**
     * A repository of the hub at {@code plugins.clip.hub.url}.
     *
     * @param catalog the entry that names it, {@code null} = named by the declaration itself
     * @param revision a branch, tag or commit; 40 hexadecimal digits once it is pinned
     */
    record Hub(String catalog, String repository, String revision) implements Source {

        private static final Pattern REPOSITORY =
                Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}");
        private static final Pattern REVISION =
                Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*");
        private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

        public Hub {
            if (!REPOSITORY.matcher(repository).matches()) {
                throw new IllegalArgumentException(
                        "[source.hub] must be a repository such as [owner/name], got [" + Shown.of(repository) + "]");
            }
            if (revision.length() > 200 || !REVISION.matcher(revision).matches()) {
                throw new IllegalArgumentException(
                        "[source.revision] must be a branch, a tag or a commit of 40 hexadecimal digits, got ["
                                + Shown.of(revision) + "]");
            }
        }

        boolean pinned() {
            return COMMIT.matcher(revision).matches();
        }

        Hub at(String commit) {
            return new Hub(catalog, repository, commit);
        }

        @Override
        public Map<String, Object> toMap() {
            Map<String, Object> map = new TreeMap<>(Map.of("hub", repository, "revision", revision));
            if (catalog != null) {
                map.put("catalog", catalog);
            }
            return map;
        }
    }

    /**
     * Files below a URL.
     *
     * @param url ends with a slash
     * @param files what is there, of which a model may need some; in the cluster state those that it needs are beside the source
     */
    record Url(String url, List<Listed> files) implements Source {
        @Override
        public Map<String, Object> toMap() {
            return Map.of("url", url);
        }
    }

    /** @throws IllegalArgumentException says what a source may be */
    static Source declared(Map<String, Object> map, Catalog catalog) {
        Set<String> keys = map.keySet();
        if (keys.equals(Set.of("path"))) {
            return local(string(map, "path"));
        }
        if (keys.equals(Set.of("catalog"))) {
            return ofCatalog(string(map, "catalog"), catalog);
        }
        if (keys.equals(Set.of("hub")) || keys.equals(Set.of("hub", "revision"))) {
            return new Hub(null, string(map, "hub"), keys.contains("revision") ? string(map, "revision") : "main");
        }
        if (keys.equals(Set.of("url", "files"))) {
            return new Url(base(string(map, "url")), files(map.get("files")));
        }
        throw new IllegalArgumentException(
                "[source] must be {\"catalog\": <id>}, {\"path\": <folder>}, {\"hub\": <owner/name>, \"revision\": <commit>} or"
                        + " {\"url\": <base>, \"files\": [{\"path\", \"sha256\"}]}, got the keys " + Shown.of(keys));
    }

    /** The reverse of {@link #toMap}. */
    static Source recorded(Map<String, Object> map, Catalog catalog) {
        if (map.containsKey("hub")) {
            return new Hub((String) map.get("catalog"), string(map, "hub"), string(map, "revision"));
        }
        return map.containsKey("url") ? new Url(string(map, "url"), List.of()) : declared(map, catalog);
    }

    private static Source ofCatalog(String id, Catalog catalog) {
        Catalog.Entry entry = catalog.entry(id)
                .orElseThrow(() -> new IllegalArgumentException("[source.catalog] names no model of the catalog: ["
                        + Shown.of(id)
                        + "], it has "
                        + catalog.entries().stream().map(Catalog.Entry::id).toList()));
        return entry.folder() != null
                ? new Local("catalog", id, entry.folder())
                : new Hub(id, entry.hub(), entry.revision() == null ? "main" : entry.revision());
    }

    private static Local local(String path) {
        Pattern segment = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._@+ -]*");
        for (String part : path.split("/", -1)) {
            if (path.length() > MOST_PATH || !segment.matcher(part).matches()) {
                throw new IllegalArgumentException(
                        "[source.path] must name a folder below <config>/opensearch-clip/models, got [" + Shown.of(path)
                                + "]");
            }
        }
        return new Local("path", path, path);
    }

    private static String base(String url) {
        if (!url.matches("https?://[^?#]+")) {
            throw new IllegalArgumentException(
                    "[source.url] must be the http or https URL that the paths of [files] are below, without query");
        }
        return url.endsWith("/") ? url : url + "/";
    }

    private static List<Listed> files(Object value) {
        if (value instanceof List<?> list && list.size() > MOST_FILES) {
            throw new IllegalArgumentException(
                    "[source.files] has [" + list.size() + "] files, at most [" + MOST_FILES + "] are allowed");
        }
        List<Listed> files = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Object element : value instanceof List<?> list ? list : List.of()) {
            Map<?, ?> file = element instanceof Map<?, ?> map ? map : Map.of();
            if (!Set.of("path", "sha256", "size").containsAll(file.keySet())
                    || !(file.get("path") instanceof String path)
                    || path.length() > MOST_PATH
                    || !(file.get("sha256") instanceof String hash)
                    || !hash.matches("[0-9a-fA-F]{64}")
                    || !(file.get("size") == null || file.get("size") instanceof Number size && size.longValue() >= 0)
                    || !seen.add(path)) {
                throw new IllegalArgumentException(
                        "[source.files] must be a list of {\"path\", \"sha256\", \"size\"}, each path"
                                + " once, the hash 64 hexadecimal digits, the size in bytes and optional, got ["
                                + Shown.of(element) + "]");
            }
            long size = file.get("size") instanceof Number number ? number.longValue() : -1;
            files.add(new Listed(path, size, Optional.of(hash.toLowerCase(Locale.ROOT))));
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("[source.files] is required and not empty");
        }
        return files;
    }

    private static String string(Map<String, Object> map, String key) {
        if (map.get(key) instanceof String value) {
            return value;
        }
        throw new IllegalArgumentException("[source." + key + "] must be a string");
    }
}
