// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Folder;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.ModelFolder;
import org.opensearch.clip.core.model.Overrides;

/** Sources of models, against a hub on loopback that has a real, tiny model. */
public class ModelFilesTests extends DownloadTestCase {

    private static final Path TINY = Path.of("src/test/resources/models/tiny-clip");
    private static final Map<String, Object> MAIN = Map.of("hub", FakeHub.REPOSITORY);

    private ModelFiles files;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        hub.with(TINY).with("onnx/text_model_fp16.onnx", new byte[10]).with("README.md", new byte[10]);
        files = files();
    }

    private ModelFiles files() {
        return new ModelFiles(
                new Catalog(List.of()),
                new LocalFolders(createTempDir()),
                cache,
                downloader,
                new HubApi(downloader, this::settings),
                this::settings);
    }

    private DeclaredModel declare(Map<String, Object> source, Map<String, Object> overrides) {
        ModelFiles.Resolved resolved = files.resolve(source, progress());
        Folder folder = resolved.folder();
        ModelDescription description = ModelFolder.describe(folder, Overrides.parse(overrides));
        List<Artifact> artifacts = ModelFolder.artifacts(folder, description);
        String fingerprint = ModelFolder.fingerprint(folder, description, Overrides.parse(overrides), artifacts);
        return new DeclaredModel(
                "m",
                resolved.source(),
                artifacts,
                overrides,
                fingerprint,
                description.dimension(),
                List.of(),
                Desired.LOADED,
                null,
                null,
                null);
    }

    private TreeSet<String> fetched() {
        TreeSet<String> paths = new TreeSet<>();
        hub.requests.stream()
                .filter(request -> request.contains("/resolve/"))
                .forEach(request -> paths.add(request.split(" ")[1].replaceAll(".*/resolve/[^/]+/", "")));
        return paths;
    }

    public void testDeclarationPinsTheCommitAndReadsNoWeights() {
        DeclaredModel model = declare(MAIN, Map.of());
        assertEquals(Map.of("hub", FakeHub.REPOSITORY, "revision", FakeHub.COMMIT), model.source());
        assertEquals(
                List.of("config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"),
                List.copyOf(fetched()));
    }

    public void testDeclaresWhatTheSameFolderOnDiskDeclares() {
        DeclaredModel model = declare(MAIN, Map.of());
        Folder folder = Folder.at(TINY);
        ModelDescription description = ModelFolder.describe(folder, Overrides.NONE);
        List<Artifact> artifacts = ModelFolder.artifacts(folder, description);
        assertEquals(artifacts, model.files());
        assertEquals(ModelFolder.fingerprint(folder, description, Overrides.NONE, artifacts), model.fingerprint());
    }

    public void testFetchesOnlyWhatTheWantedTowersNeed() throws Exception {
        DeclaredModel model = declare(MAIN, Map.of("towers", List.of("text")));
        files.fetch(model, progress());
        assertEquals(
                List.of(
                        "config.json",
                        "onnx/text_model.onnx",
                        "preprocessor_config.json",
                        "tokenizer.json",
                        "tokenizer_config.json"),
                List.copyOf(fetched()));
        int before = hub.requests.size();
        Folder folder = files.open(model, progress());
        for (Artifact file : model.files()) {
            assertArrayEquals(
                    Files.readAllBytes(TINY.resolve(file.path())), Files.readAllBytes(folder.file(file.path())));
        }
        assertEquals(before, hub.requests.size());
    }

    public void testListingHasAnEnd() {
        hub.page = 1;
        for (int i = 0; i < 100; i++) {
            hub.with("more/" + i, new byte[1]);
        }
        Exception e = expectThrows(DownloadException.class, () -> declare(MAIN, Map.of()));
        assertThat(e.getMessage(), containsString("the list of files of [acme/tiny-clip] is too long: [100] files"));
        hub.page = 1000;
        hub.with("x".repeat(6 << 20), new byte[1]);
        e = expectThrows(DownloadException.class, () -> declare(MAIN, Map.of()));
        assertThat(e.getMessage(), containsString("sends more than 4194304 bytes"));
    }

    public void testListingThatNestsTooDeepIsRefused() {
        hub.with("x\", \"y\": " + "[".repeat(1_500) + "]".repeat(1_500) + ", \"z\": \"", new byte[1]);
        Exception e = expectThrows(DownloadException.class, () -> declare(MAIN, Map.of()));
        assertThat(e.getMessage(), containsString("the list of files of [acme/tiny-clip] is not JSON"));
    }

    public void testListingOfManyPages() {
        hub.page = 2;
        assertEquals(declare(MAIN, Map.of()).files().size(), 6);
        assertTrue(hub.requests.stream()
                        .filter(request -> request.contains("/tree/"))
                        .count()
                >= 4);
    }

    public void testTwoModelsShareTheirFiles() {
        files.fetch(declare(MAIN, Map.of()), progress());
        int before = hub.requests.size();
        files.fetch(declare(MAIN, Map.of("resize_mode", "squash")), progress());
        List<String> again = hub.requests.subList(before, hub.requests.size()).stream()
                .filter(request -> request.contains(".onnx") || request.contains("tokenizer.json"))
                .toList();
        assertTrue(again.toString(), again.stream().noneMatch(request -> request.contains(".onnx")));
    }

    public void testMirrorByUrlAndHashes() throws Exception {
        List<Object> listed = new ArrayList<>();
        DeclaredModel same = declare(MAIN, Map.of());
        same.files().forEach(file -> listed.add(Map.of("path", file.path(), "sha256", file.sha256())));
        String base = hub.url() + "/" + FakeHub.REPOSITORY + "/resolve/" + FakeHub.COMMIT;
        DeclaredModel model = declare(Map.of("url", base, "files", listed), Map.of());
        assertEquals(Map.of("url", base + "/"), model.source());
        assertEquals(same.files(), model.files());
        assertEquals(same.fingerprint(), model.fingerprint());
        files.fetch(model, progress());
        assertTrue(Files.exists(files.open(model, progress()).file("onnx/text_model.onnx")));
    }

    public void testWhatTheHubDoesNotHaveIsTold() {
        assertEquals("revision [main] of [acme/other] is not there (status 404)", refused(Map.of("hub", "acme/other")));
        assertEquals(
                "revision [v9] of [acme/tiny-clip] is not there (status 404)",
                refused(Map.of("hub", FakeHub.REPOSITORY, "revision", "v9")));
        network = "192.0.2.0/24";
        assertThat(
                refused(Map.of(
                        "url",
                        "http://127.0.0.3:1/",
                        "files",
                        List.of(Map.of("path", "config.json", "sha256", "ab".repeat(32))))),
                containsString("plugins.clip.hub.allowed_networks"));
    }

    private String refused(Map<String, Object> source) {
        return expectThrows(DownloadException.class, () -> files.resolve(source, progress()))
                .getMessage();
    }
}
