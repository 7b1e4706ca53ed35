// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.common.hash.MessageDigests;
import org.opensearch.test.OpenSearchTestCase;

public class LocalFoldersTests extends OpenSearchTestCase {

    private Path config;
    private Path models;
    private LocalFolders files;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        config = createTempDir();
        models = Files.createDirectories(config.resolve("models"));
        files = new LocalFolders(config);
    }

    private Path folder(String name) throws IOException {
        return Files.createDirectories(models.resolve(name));
    }

    private static Artifact artifact(String path, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return new Artifact(
                path,
                bytes.length,
                MessageDigests.toHexString(MessageDigests.sha256().digest(bytes)));
    }

    private Path at(Map<String, Object> source) {
        Catalog catalog =
                new Catalog(List.of(new Catalog.Entry("bundled", "bundled-v1", null, null, Map.of("id", "bundled"))));
        return files.folder((Source.Local) Source.declared(source, catalog));
    }

    private String refused(Map<String, Object> source) {
        return expectThrows(IllegalArgumentException.class, () -> at(source)).getMessage();
    }

    public void testFindsFoldersOfBothSources() throws IOException {
        Path nested = folder("jinaai/jina-clip-v1");
        Path bundled = Files.createDirectories(config.resolve("bundled-v1"));
        assertEquals(nested, at(Map.of("path", "jinaai/jina-clip-v1")));
        assertEquals(bundled, at(Map.of("catalog", "bundled")));
    }

    public void testPathNeverLeavesTheModelsFolder() throws IOException {
        Files.createDirectories(config.resolve("secret"));
        for (String path : List.of(
                "..",
                "../secret",
                "a/../../secret",
                "/etc",
                "",
                ".",
                "a//b",
                "a/",
                "C:\\x",
                "..\\secret",
                ".hidden",
                "a\0b")) {
            assertThat(refused(Map.of("path", path)), containsString("[source.path] must name a folder below"));
        }
    }

    public void testLinksOutOfTheModelsFolderAreRefused() throws IOException {
        Path outside = createTempDir();
        Files.writeString(outside.resolve("secret.txt"), "secret");
        Files.createSymbolicLink(models.resolve("linked"), outside);
        assertThat(refused(Map.of("path", "linked")), containsString("is a link that leads out"));

        Files.createSymbolicLink(folder("m").resolve("config.json"), outside.resolve("secret.txt"));
        String message = refused(Map.of("path", "m"));
        assertThat(message, containsString("[config.json] in folder [models/m] is a link that leads out"));
        assertThat(message, not(containsString(outside.toString())));
    }

    public void testMissingFolderIsToldWithoutAPathOfThisNode() {
        String message = refused(Map.of("path", "absent"));
        assertThat(message, containsString("there is no folder [models/absent]"));
        assertThat(message, not(containsString(config.toString())));
    }

    public void testAcceptsTheFilesThatWereDeclared() throws IOException {
        Path folder = folder("m/onnx").getParent();
        Files.writeString(folder.resolve("config.json"), "{}");
        Files.writeString(folder.resolve("onnx/text_model.onnx"), "graph");
        files.verify(folder, List.of(artifact("config.json", "{}"), artifact("onnx/text_model.onnx", "graph")));
    }

    public void testNamesTheFileThatIsNotTheDeclaredOne() throws IOException {
        Path folder = folder("m");
        Files.writeString(folder.resolve("config.json"), "{}");
        assertRefuses(folder, artifact("tokenizer.json", "{}"), "[tokenizer.json] is missing");
        assertRefuses(
                folder, artifact("config.json", "{ }"), "[config.json] on this node has 2 bytes, declared were 3");
        assertRefuses(folder, artifact("config.json", "[]"), "[config.json] on this node has the SHA-256 44136fa3");
    }

    public void testReadsAFileAgainThatWasWrittenAgain() throws IOException {
        Path folder = folder("m");
        Path file = Files.writeString(folder.resolve("config.json"), "{}");
        files.verify(folder, List.of(artifact("config.json", "{}")));
        Files.writeString(file, "[]");
        Files.setLastModifiedTime(
                file, FileTime.fromMillis(Files.getLastModifiedTime(file).toMillis() + 1000));
        assertRefuses(folder, artifact("config.json", "{}"), "[config.json] on this node has the SHA-256");
    }

    private void assertRefuses(Path folder, Artifact file, String why) {
        ModelException e = expectThrows(ModelException.class, () -> files.verify(folder, List.of(file)));
        assertThat(e.getMessage(), containsString(why));
    }
}
