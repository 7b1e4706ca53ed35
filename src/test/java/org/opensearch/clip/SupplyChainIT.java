// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.test.OpenSearchTestCase;

/** What the zip is made of: the SBOM beside it names all of it, under licences that we know. */
public class SupplyChainIT extends OpenSearchTestCase {

    /** Whose terms NOTICE meets. Another one is added with its text there, or its software is not. */
    private static final Set<String> LICENCES = Set.of("Apache-2.0", "MIT", "BSD-3-Clause");

    /** Of whose licences one may be chosen. */
    private static final Set<String> CHOICE = Set.of("leptonica");

    /** Of photographs in the sources. */
    private static final Set<String> PHOTOGRAPHS =
            Set.of("public domain", "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-SA-4.0");

    /** What is in the zip under another name than on Maven Central. */
    private static final Map<String, String> RENAMED = Map.of("djl-api", "api", "djl-tokenizers", "tokenizers");

    private static Path release(String ending) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("target/releases"))) {
            List<Path> found =
                    files.filter(file -> file.toString().endsWith(ending)).toList();
            assertEquals("package makes it: " + found, 1, found.size());
            return found.getFirst();
        }
    }

    private static Map<String, Object> sbom() throws IOException {
        return XContentHelper.convertToMap(JsonXContent.jsonXContent, Files.readString(release(".cdx.json")), true);
    }

    private static List<Map<String, Object>> components(Map<String, Object> sbom) {
        List<Map<String, Object>> components = new ArrayList<>();
        ((List<?>) sbom.get("components")).forEach(one -> components.add(map(one)));
        return components;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    /** Names and versions. */
    private static Map<String, String> versions(Map<String, Object> sbom) {
        return components(sbom).stream()
                .collect(Collectors.toMap(
                        one -> (String) one.get("name"),
                        one -> (String) one.get("version"),
                        (a, b) -> a,
                        TreeMap::new));
    }

    /** What has a licence that is not one of ours, or none. */
    private static List<String> unlicensed(Map<String, Object> sbom) {
        return components(sbom).stream()
                .filter(one -> !(one.get("licenses") instanceof List<?> all
                        && !all.isEmpty()
                        && (all.stream().allMatch(SupplyChainIT::isKnown)
                                || CHOICE.contains(String.valueOf(one.get("name")))
                                        && all.stream().anyMatch(SupplyChainIT::isKnown))))
                .map(one -> one.get("purl") + " is under " + one.get("licenses"))
                .toList();
    }

    private static boolean isKnown(Object licence) {
        return map(licence).get("license") instanceof Map<?, ?> named
                && named.get("id") instanceof String id
                && LICENCES.contains(id);
    }

    public void testEveryPartHasALicenceThatWeKnow() throws IOException {
        assertEquals(List.of(), unlicensed(sbom()));
    }

    public void testALicenceThatWeDoNotKnowIsFound() {
        for (String licences : List.of(
                "[{\"license\": {\"id\": \"GPL-3.0-only\"}}]",
                "[{\"license\": {\"id\": \"MIT\"}}, {\"license\": {\"name\": \"Ours\"}}]",
                "[{\"expression\": \"MIT OR GPL-3.0-only\"}]",
                "[]",
                "null")) {
            String one = "{\"components\": [{\"purl\": \"x\", \"licenses\": " + licences + "}]}";
            assertEquals(
                    licences,
                    1,
                    unlicensed(XContentHelper.convertToMap(JsonXContent.jsonXContent, one, true))
                            .size());
        }
    }

    public void testTheSbomNamesEveryJarOfTheZipAndNothingElse() throws IOException {
        Map<String, String> named = versions(sbom());
        Set<String> found = new TreeSet<>();
        try (ZipFile zip = new ZipFile(release(".zip").toFile())) {
            zip.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.endsWith(".jar"))
                    .forEach(jar -> {
                        String name = jar.replaceAll("-[0-9][^-]*\\.jar$", "");
                        String version = jar.substring(name.length() + 1, jar.length() - ".jar".length());
                        if (name.equals("opensearch-clip")) {
                            found.addAll(shaded(zip, jar, named));
                        } else {
                            found.add(RENAMED.getOrDefault(name, name) + " " + version);
                        }
                    });
        }
        assertEquals(Set.of("linux-arm64", "linux-x86_64"), unpacked());
        found.add("leptonica " + named.get("leptonica"));
        Set<String> expected = new TreeSet<>();
        named.forEach((name, version) -> expected.add(name + " " + version));
        assertEquals(expected, found);
    }

    /** The platforms of libleptonica, beside which there is nothing that is not a jar; it is the only file that is not looked for in one. */
    private static Set<String> unpacked() throws IOException {
        Set<String> platforms = new TreeSet<>();
        try (ZipFile zip = new ZipFile(release(".zip").toFile())) {
            zip.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.startsWith("lib/") && !name.endsWith("/"))
                    .forEach(name -> {
                        assertTrue(name, name.matches("lib/[a-z0-9_-]+/libleptonica\\.(so\\.6|6\\.dylib)"));
                        platforms.add(name.split("/")[1]);
                    });
        }
        return platforms.stream().filter(name -> !name.startsWith("macosx")).collect(Collectors.toSet());
    }

    /** What our own jar holds of others, by what their poms in there say; of HTTP/2 some names are left, which the classic client compiles against. */
    private static Set<String> shaded(ZipFile zip, String jar, Map<String, String> named) {
        Set<String> found = new HashSet<>();
        Set<String> http2 = new TreeSet<>();
        try (ZipInputStream in = new ZipInputStream(zip.getInputStream(zip.getEntry(jar)))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                String name = entry.getName();
                if (name.matches("META-INF/maven/org\\.apache.*/pom\\.properties")) {
                    String version = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)
                            .lines()
                            .filter(line -> line.startsWith("version="))
                            .findFirst()
                            .orElseThrow();
                    found.add(name.split("/")[3] + " " + version.substring("version=".length()));
                } else if (name.contains("/http2/") && name.endsWith(".class")) {
                    http2.add(name.replaceAll(".*/http2/|(\\$.*)?\\.class", ""));
                }
                assertFalse(name, name.contains("/nio/") && name.contains("/client5/"));
                assertFalse("its name is not ours: " + name, name.startsWith("org/apache/"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertEquals(
                Set.of("HttpVersionPolicy", "priority/PriorityValue", "ssl/ApplicationProtocol", "ssl/H2TlsSupport"),
                http2);
        found.add("httpcore5-h2 " + named.get("httpcore5-h2"));
        return found;
    }

    public void testVersionsWithKnownFaultsStayOut() throws IOException {
        Map<String, String> named = versions(sbom());
        // CVE-2026-64607, CVE-2026-54399, CVE-2026-54428
        assertAtLeast("5.6.3", named.get("httpclient5"));
        assertAtLeast("5.4.3", named.get("httpcore5"));
        assertAtLeast("5.4.3", named.get("httpcore5-h2"));
    }

    private static void assertAtLeast(String least, String version) {
        assertTrue(version, Runtime.Version.parse(version).compareTo(Runtime.Version.parse(least)) >= 0);
    }

    public void testEveryPhotographHasAnAuthorAndALicenceThatWeKnow() throws IOException {
        Path pictures = Path.of("qa/pictures");
        String table = Files.readString(pictures.resolve("README.md"));
        String notice = Files.readString(Path.of("NOTICE"));
        Set<String> named = new TreeSet<>();
        for (String line : Files.readAllLines(pictures.resolve("photographs.tsv")).stream()
                .skip(1)
                .toList()) {
            String[] row = line.split("\t", -1); // id, title, category, author, licence, source, file
            named.add(row[0] + ".jpg");
            assertTrue(line, PHOTOGRAPHS.contains(row[4]));
            assertTrue(line, table.contains("| " + row[3] + " | " + row[4] + " | <" + row[5] + "> |"));
            assertTrue(line, notice.replaceAll("\\s+", " ").contains(row[3] + " ("));
            assertTrue(line, Files.size(pictures.resolve("photographs/" + row[0] + ".jpg")) <= 60_000);
        }
        assertTrue(named.toString(), named.size() >= 100);
        try (Stream<Path> files = Files.list(pictures.resolve("photographs"))) {
            assertEquals(
                    named,
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new)));
        }
    }

    public void testTheWrapperChecksWhatItDownloads() throws IOException {
        String wrapper = Files.readString(Path.of(".mvn/wrapper/maven-wrapper.properties"));
        assertTrue(wrapper, wrapper.matches("(?s).*\ndistributionSha256Sum=[0-9a-f]{64}\n.*"));
    }
}
