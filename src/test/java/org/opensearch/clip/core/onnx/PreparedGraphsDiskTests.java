// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensearch.clip.FullDisk;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.core.onnx.PreparedGraphs.File;
import org.opensearch.clip.core.onnx.PreparedGraphs.Opened;
import org.opensearch.clip.core.onnx.PreparedGraphs.Source;

/** Forms on a disk that is full at each write in turn, and on one that is read-only. */
class PreparedGraphsDiskTests {

    private static final OnnxOptions OPTIONS = new OnnxOptions(1, Duration.ofMinutes(5));
    private static final String FULL =
            "[clip/prepared] in the data folder of this node cannot be written: the disk is full (No space left on device)";

    @TempDir
    Path folder;

    private final OnnxRuntime runtime = new OnnxRuntime((task, delay) -> () -> {});
    private final FullDisk disk = new FullDisk();
    private Path forms;

    private PreparedGraphs aNodeStarts(String name, boolean optimised) {
        forms = disk.at(folder.resolve(name)).resolve("prepared");
        return optimised
                ? new PreparedGraphs(forms, runtime, () -> 0)
                : new PreparedGraphs(forms, runtime, () -> 0, Optional.empty());
    }

    private Source source() throws IOException {
        Path graph = TwoTowers.write(folder.resolve("model.onnx"), false);
        return new Source(
                "model.onnx", new File(graph, "g"), Map.of("weights", new File(graph.resolveSibling("weights"), "w")));
    }

    /** The whole graph, which need not be cut.
     * @return why it was not prepared */
    private String open(PreparedGraphs prepared) throws IOException {
        Opened opened = prepared.open(source(), List.of("none of its outputs"), OPTIONS, () -> {});
        try (var session = opened.session()) {
            assertEquals(2, session.inputs().size());
        }
        return opened.unprepared();
    }

    private List<String> forms() throws IOException {
        if (!Files.isDirectory(forms)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(forms)) {
            return all.map(form -> form.getFileName().toString())
                    .filter(name -> !name.equals("making-probe"))
                    .toList();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void atEachWriteTheDiskMayBeFull(boolean optimised) throws IOException {
        int writes = 0;
        for (boolean refused = true; refused; writes++) {
            PreparedGraphs prepared = aNodeStarts("full-" + writes, optimised);
            disk.isFullAfter(writes);
            String unprepared = open(prepared);
            refused = disk.hasRefused();
            if (refused) {
                assertEquals(FULL, unprepared);
                assertEquals(List.of(), forms(), "after " + writes);
            }
            disk.hasRoom();
            assertNull(open(prepared), "there is room again, after " + writes);
            assertEquals(1, forms().size());
        }
        int most = writes;
        assertTrue(writes > 10, () -> "folders, files, bytes, to the medium, names: " + most);
    }

    @Test
    void aModelThatMustBeCutSaysWhatIsMissing() throws IOException {
        PreparedGraphs prepared = aNodeStarts("full", true);
        Source source = source();
        disk.isFullAfter(5);
        var e = assertThrows(ModelException.class, () -> prepared.open(source, List.of("text"), OPTIONS, () -> {}));
        assertEquals("[model.onnx] has to be cut into its towers: " + FULL, e.getMessage());
        disk.hasRoom();
        Opened opened = prepared.open(source, List.of("text"), OPTIONS, () -> {});
        opened.session().close();
        assertNull(opened.unprepared());
    }

    @Test
    void onADiskThatIsReadOnlyTheFormsThatAreThereAreUsed() throws IOException {
        PreparedGraphs prepared = aNodeStarts("read-only", true);
        assertNull(open(prepared));
        disk.isReadOnly();
        assertNull(open(prepared));
        PreparedGraphs restarted = aNodeStarts("read-only", true);
        assertTrue(
                open(restarted).endsWith("cannot be written: Read-only file system"),
                "it cannot be seen whose they are");
        disk.hasRoom();
        assertNull(open(restarted));
    }
}
