// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.opensearch.test.OpenSearchTestCase;

public class SourceTests extends OpenSearchTestCase {

    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final String HASH = "ab".repeat(32);

    private final Catalog catalog = new Catalog(List.of(
            new Catalog.Entry("bundled", "bundled-v1", null, null, Map.of("id", "bundled")),
            new Catalog.Entry("big", null, "acme/big", COMMIT, Map.of("id", "big")),
            new Catalog.Entry("moving", null, "acme/moving", null, Map.of("id", "moving"))));

    private Source parse(Map<String, Object> source) {
        return Source.declared(source, catalog);
    }

    private String refused(Map<String, Object> source) {
        return expectThrows(IllegalArgumentException.class, () -> parse(source)).getMessage();
    }

    public void testEachKindIsRecordedInAFormThatIsReadBack() {
        for (Map<String, Object> declared : List.<Map<String, Object>>of(
                Map.of("path", "acme/tiny"),
                Map.of("catalog", "bundled"),
                Map.of("hub", "acme/tiny", "revision", "v1"))) {
            Source source = parse(declared);
            assertEquals(declared, source.toMap());
            assertEquals(source, Source.recorded(source.toMap(), catalog));
        }
    }

    public void testModelOfTheCatalogIsRecordedWithWhatTheCatalogSaid() {
        Source source = parse(Map.of("catalog", "big"));
        assertEquals(Map.of("catalog", "big", "hub", "acme/big", "revision", COMMIT), source.toMap());
        assertEquals(source, Source.recorded(source.toMap(), new Catalog(List.of())));
    }

    public void testRevisionIsMainUnlessSaid() {
        Source.Hub main = (Source.Hub) parse(Map.of("hub", "acme/tiny"));
        assertEquals("main", main.revision());
        assertFalse(main.pinned());
        assertEquals("main", ((Source.Hub) parse(Map.of("catalog", "moving"))).revision());
        assertTrue(main.at(COMMIT).pinned());
    }

    public void testFilesOfAUrlAreNotRecordedTwice() {
        Source.Url url = (Source.Url) parse(Map.of(
                "url",
                "https://files.example.org/clip",
                "files",
                List.of(
                        Map.of("path", "config.json", "sha256", HASH),
                        Map.of(
                                "path",
                                "onnx/model.onnx",
                                "sha256",
                                HASH.toUpperCase(java.util.Locale.ROOT),
                                "size",
                                7))));
        assertEquals(Map.of("url", "https://files.example.org/clip/"), url.toMap());
        assertEquals(HASH, url.files().get(1).sha256().orElseThrow());
        assertEquals(-1, url.files().get(0).size());
        assertEquals(7, url.files().get(1).size());
    }

    public void testSourceMustBeOneThatIsKnown() {
        assertThat(refused(Map.of("ftp", "x")), containsString("got the keys [ftp]"));
        assertThat(refused(Map.of("path", "a", "catalog", "b")), containsString("[source] must be"));
        assertThat(refused(Map.of("catalog", "big", "hub", "evil/other")), containsString("[source] must be"));
        assertThat(refused(Map.of("path", "a", "revision", "b")), containsString("[source] must be"));
        assertThat(refused(Map.of()), containsString("[source] must be"));
        assertThat(refused(Map.of("path", 7)), containsString("[source.path] must be a string"));
        assertThat(refused(Map.of("catalog", "nothing")), containsString("[nothing], it has [bundled, big, moving]"));
    }

    public void testRepositoryAndRevisionHaveTheFormOfTheHub() {
        for (String name : List.of("", "a/b/c", "../x", "a/..", "a b", "/a", "a/", "http://x/y", "a?b/c", "a%2fb")) {
            assertThat(refused(Map.of("hub", name)), containsString("[source.hub] must be a repository"));
        }
        for (String revision : List.of("", "..", "a/../b", "/x", "a b", "a?b", "a".repeat(201))) {
            assertThat(
                    refused(Map.of("hub", "acme/tiny", "revision", revision)),
                    containsString("[source.revision] must be"));
        }
    }

    public void testUrlNeedsHashes() {
        List<Object> good = List.of(Map.of("path", "a", "sha256", HASH));
        assertThat(refused(Map.of("url", "ftp://x/", "files", good)), containsString("[source.url] must be"));
        assertThat(refused(Map.of("url", "https://x/?a=b", "files", good)), containsString("[source.url] must be"));
        assertThat(refused(Map.of("url", "https://x/")), containsString("[source] must be"));
        for (Object files : List.of(
                List.of(),
                "a",
                List.of("a"),
                List.of(Map.of("path", "a")),
                List.of(Map.of("path", "a", "sha256", "abc")),
                List.of(Map.of("path", "a", "sha256", HASH, "size", -1)),
                List.of(Map.of("path", "a", "sha256", HASH, "md5", "x")),
                List.of(good.get(0), good.get(0)))) {
            assertThat(refused(Map.of("url", "https://x/", "files", files)), containsString("[source.files]"));
        }
        assertThat(
                refused(Map.of("url", "https://x/", "files", List.of(Map.of("path", "../a", "sha256", HASH)))),
                containsString("path must be relative"));
    }

    public void testFilesOfAUrlAreFew() {
        List<Map<String, String>> files = IntStream.range(0, 1_001)
                .mapToObj(i -> Map.of("path", "f" + i, "sha256", HASH))
                .toList();
        assertEquals(
                "[source.files] has [1001] files, at most [1000] are allowed",
                refused(Map.of("url", "https://files.example.org/clip", "files", files)));
        parse(Map.of("url", "https://files.example.org/clip", "files", files.subList(0, 1_000)));
    }
}
