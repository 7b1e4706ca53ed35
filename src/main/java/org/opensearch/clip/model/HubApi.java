// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.clip.core.model.Folder.Listed;
import org.opensearch.clip.core.net.Answer;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.settings.DownloadSettings.Downloads;
import org.opensearch.common.xcontent.LoggingDeprecationHandler;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.core.xcontent.XContentParser;

/** What the Hugging Face hub and its mirrors tell of a repository. Safe for use by many threads. */
final class HubApi {

    /** Of a page: a thousand files have a third of a megabyte. */
    private static final int MOST_BYTES = 4 << 20;

    private static final int MOST_PAGES = 100;
    private static final int MOST_FILES = 100_000;
    /** Of all paths together. */
    private static final int MOST_CHARACTERS = 10 << 20;

    private static final Pattern NEXT = Pattern.compile("<[^>?]*\\?([^>]*)>\\s*;[^,]*rel=\"?next\"?.*");

    private final Downloader downloader;
    private final Supplier<Downloads> settings;

    HubApi(Downloader downloader, Supplier<Downloads> settings) {
        this.downloader = downloader;
        this.settings = settings;
    }

    private record Page(Object json, Optional<String> next) {}

    /** The commit that a branch or tag is at now. */
    Source.Hub pin(Source.Hub source, Progress progress) {
        if (source.pinned()) {
            return source;
        }
        String what = "revision [" + source.revision() + "] of [" + source.repository() + "]";
        Page page = page(what, api(source) + "/revision/" + encoded(source.revision()), progress);
        if (page.json() instanceof Map<?, ?> map
                && map.get("sha") instanceof String sha
                && source.at(sha).pinned()) {
            return source.at(sha);
        }
        throw DownloadException.lasting(what + ": the hub names no commit of 40 hexadecimal digits");
    }

    /** All files of a pinned revision; those in large-file storage with their hashes. */
    List<Listed> files(Source.Hub source, Progress progress) {
        String what = "the list of files of [" + source.repository() + "]";
        String tree = api(source) + "/tree/" + source.revision();
        List<Listed> files = new ArrayList<>();
        long characters = 0;
        Optional<String> query = Optional.of("recursive=true");
        for (int pages = 0; query.isPresent(); pages++) {
            // a mirror hands the links of its hub through, so that only what is behind the question mark can be used
            Page page = page(what, tree + "?" + query.get(), progress);
            if (!(page.json() instanceof List<?> entries)) {
                throw DownloadException.lasting(what + " is no list");
            }
            for (Object entry : entries) {
                Optional<Listed> file = file(entry);
                file.ifPresent(files::add);
                characters += file.map(listed -> listed.path().length()).orElse(0);
            }
            query = page.next();
            if (files.size() > MOST_FILES
                    || characters > MOST_CHARACTERS
                    || query.isPresent() && pages + 1 >= MOST_PAGES) {
                throw DownloadException.lasting(what + " is too long: [" + files.size() + "] files with ["
                        + characters + "] characters on [" + (pages + 1) + "] pages, at most [" + MOST_FILES
                        + "] files, [" + MOST_CHARACTERS + "] characters and [" + MOST_PAGES + "] pages are read");
            }
        }
        return files;
    }

    private static Optional<Listed> file(Object entry) {
        if (!(entry instanceof Map<?, ?> map)
                || !"file".equals(map.get("type"))
                || !(map.get("path") instanceof String path)
                || !(map.get("size") instanceof Number size)) {
            return Optional.empty();
        }
        Optional<String> sha256 = Optional.ofNullable(map.get("lfs") instanceof Map<?, ?> lfs ? lfs.get("oid") : null)
                .map(Object::toString)
                .filter(oid -> oid.matches("[0-9a-f]{64}"));
        return Optional.of(new Listed(path, size.longValue(), sha256));
    }

    /** Where the bytes of a file are. */
    String url(Source.Hub source, String path) {
        return settings.get().hub() + "/" + source.repository() + "/resolve/" + source.revision() + "/" + below(path);
    }

    /** A path as the end of a URL. */
    static String below(String path) {
        return Stream.of(path.split("/")).map(HubApi::encoded).collect(Collectors.joining("/"));
    }

    private String api(Source.Hub source) {
        return settings.get().hub() + "/api/models/" + source.repository();
    }

    private static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private Page page(String what, String url, Progress progress) {
        return downloader.get(
                what,
                url,
                settings.get().ofHub(),
                progress,
                answer -> new Page(
                        json(what, answer),
                        answer.header("Link")
                                .map(NEXT::matcher)
                                .filter(Matcher::matches)
                                .map(link -> link.group(1))));
    }

    private static Object json(String what, Answer answer) throws IOException, FetchException {
        byte[] bytes = answer.bytes(MOST_BYTES, null);
        try (XContentParser parser = JsonXContent.jsonXContent.createParser(
                NamedXContentRegistry.EMPTY, LoggingDeprecationHandler.INSTANCE, bytes)) {
            return parser.nextToken() == XContentParser.Token.START_ARRAY ? parser.list() : parser.map();
        } catch (IOException | RuntimeException e) {
            throw DownloadException.lasting(what + " is not JSON: is [plugins.clip.hub.url] a hub?", e);
        }
    }
}
