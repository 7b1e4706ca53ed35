// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.matchesPattern;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.lucene.tests.util.LuceneTestCase;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.test.OpenSearchTestCase;

/** What is left of a load that ends its process, and what the next process makes of it. Some processes end for real. */
@LuceneTestCase.SuppressFileSystems("ExtrasFS") // it puts files of its own into new folders
public class LoadMarkersTests extends OpenSearchTestCase {

    private static final DeclaredModel MODEL = LoadThatEndsItsProcess.MODEL;
    private static final String MADE = "for this processor";

    private Path folder;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        folder = createTempDir().resolve("loading");
    }

    /** A process that begins a load of the model and does not end it. */
    private void crash() {
        LoadMarkers markers = new LoadMarkers(folder);
        markers.require(MODEL, MADE);
        markers.towers(MODEL, MADE).enter(randomFrom(Modality.values()));
    }

    private void loads(LoadMarkers markers) {
        markers.require(MODEL, MADE);
        try (LoadMarkers.Towers towers = markers.towers(MODEL, MADE)) {
            towers.enter(Modality.TEXT);
            towers.enter(Modality.IMAGE);
            towers.passed();
        }
    }

    private void assertRefused() {
        assertRefused(new LoadMarkers(folder));
    }

    private void assertRefused(LoadMarkers markers) {
        Exception e = expectThrows(CrashedException.class, () -> markers.require(MODEL, MADE));
        assertEquals("this model ended the node while it was loaded; POST _load tries it again", e.getMessage());
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    public void testTheMarkersAreOnTheDiskFromBeforeNativeCodeUntilTheTrialRun() throws Exception {
        LoadMarkers markers = new LoadMarkers(folder);
        markers.require(MODEL, MADE);
        LoadMarkers.Towers towers = markers.towers(MODEL, MADE);
        assertFalse(Files.exists(folder));
        towers.enter(Modality.TEXT);
        assertThat(files().toString(), matchesPattern("\\[f{32}-[0-9a-f]{16}\\.text]"));
        towers.enter(Modality.IMAGE);
        assertThat(files().toString(), matchesPattern("\\[f{32}-[0-9a-f]{16}\\.image, f{32}-[0-9a-f]{16}\\.text]"));
        towers.passed();
        towers.close();
        assertThat(files().toString(), matchesPattern("\\[f{32}-[0-9a-f]{16}\\.passed-[0-9a-f]{16}]"));
        for (String file : files()) {
            assertEquals("a full disk still takes it", 0, Files.size(folder.resolve(file)));
        }
    }

    public void testOneThatWasNeverLoadedHereIsRefusedAfterItsFirstCrashUntilSomebodyAsks() throws Exception {
        crash();
        assertRefused();
        assertRefused();
        LoadMarkers markers = new LoadMarkers(folder);
        assertRefused(markers);
        assertRefused(markers);
        markers.forget(MODEL);
        loads(markers);
        loads(new LoadMarkers(folder));
    }

    public void testOneThatWasLoadedHereIsTriedOnceMoreAndRefusedAfterTheSecondCrashInARow() {
        loads(new LoadMarkers(folder));
        crash();
        crash();
        assertRefused();
        assertRefused();
        new LoadMarkers(folder).forget(MODEL);
        crash();
        crash();
        assertRefused();
    }

    public void testASuccessBetweenTwoCrashesForgivesTheFirst() {
        loads(new LoadMarkers(folder));
        for (int i = 0; i < 3; i++) {
            crash();
            loads(new LoadMarkers(folder));
        }
        crash();
        crash();
        assertRefused();
    }

    public void testAFailureBetweenTwoCrashesForgivesNothing() {
        loads(new LoadMarkers(folder));
        crash();
        LoadMarkers markers = new LoadMarkers(folder);
        markers.require(MODEL, MADE);
        try (LoadMarkers.Towers towers = markers.towers(MODEL, MADE)) {
            towers.enter(Modality.TEXT);
        }
        crash();
        assertRefused();
    }

    public void testAFormForAnotherProcessorOrLibraryHasNotBeenLoadedHere() {
        loads(new LoadMarkers(folder));
        LoadMarkers markers = new LoadMarkers(folder);
        markers.towers(MODEL, "for another processor").enter(Modality.TEXT);
        expectThrows(CrashedException.class, () -> new LoadMarkers(folder).require(MODEL, "for another processor"));
    }

    public void testALoadThatFailsLeavesNothing() throws Exception {
        LoadMarkers markers = new LoadMarkers(folder);
        try (LoadMarkers.Towers towers = markers.towers(MODEL, MADE)) {
            towers.enter(Modality.TEXT);
        }
        assertEquals(List.of(), files());
        loads(new LoadMarkers(folder));
    }

    public void testANodeThatEndsInOrderLeavesNothingAndBeginsNothing() throws Exception {
        LoadMarkers markers = new LoadMarkers(folder);
        LoadMarkers.Towers towers = markers.towers(MODEL, MADE);
        towers.enter(Modality.TEXT);
        markers.stop();
        assertEquals(List.of(), files());
        assertEquals(
                "the node is closing",
                expectThrows(ModelException.class, () -> towers.enter(Modality.IMAGE))
                        .getMessage());
        towers.close();
        loads(new LoadMarkers(folder));
    }

    public void testTwoModelsOfTheSameFilesShareAMarkerAndOthersDoNot() throws Exception {
        LoadMarkers markers = new LoadMarkers(folder);
        LoadMarkers.Towers one = markers.towers(MODEL, MADE);
        LoadMarkers.Towers same = markers.towers(MODEL.with(Desired.ON_USE), MADE);
        one.enter(Modality.TEXT);
        same.enter(Modality.TEXT);
        assertEquals(1, files().size());
        one.close();
        assertEquals(1, files().size());
        assertRefused();
        DeclaredModel variant = MODEL.only(new Artifact("onnx/text_model_int8.onnx", 5, "b".repeat(64)));
        new LoadMarkers(folder).require(variant, MADE);
        same.close();
        assertEquals(List.of(), files());
    }

    public void testNothingIsLoadedWhereTheDiskTakesNoMarker() throws Exception {
        Files.write(folder, new byte[] {1}); // stands where the folder should be, as a disk that is read only
        LoadMarkers markers = new LoadMarkers(folder);
        markers.require(MODEL, MADE);
        ModelException e = expectThrows(
                ModelException.class, () -> markers.towers(MODEL, MADE).enter(Modality.TEXT));
        assertThat(
                e.getMessage(),
                containsString("[clip/loading] in the data folder of this node cannot be written: FileAlreadyExists"));
        assertFalse(e.getMessage(), e.getMessage().contains(folder.toString()));
        Files.delete(folder);
        loads(markers);
    }

    // ---- processes that end

    public void testKilledInTheMiddleOfALoad() throws Exception {
        Process process = process("waits");
        try (var out = process.inputReader(StandardCharsets.UTF_8)) {
            assertEquals("marked", out.readLine());
            process.destroyForcibly(); // kill -9
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        }
        assertEquals(128 + 9, process.exitValue());
        assertRefused();
    }

    public void testASegmentationFaultInTheMiddleOfALoad() throws Exception {
        Process process = process("faults");
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(said, containsString("SIGSEGV"));
        assertRefused();
    }

    private Process process(String how) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + createTempDir().resolve("hs_err.log"),
                "-Djava.io.tmpdir=" + createTempDir(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LoadThatEndsItsProcess.class.getName(),
                folder.toString(),
                how);
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }
}
