// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Modality;

/** A process that marks a load and does not come to its end. */
final class LoadThatEndsItsProcess {

    static final DeclaredModel MODEL = new DeclaredModel(
            "m",
            Map.of("path", "m"),
            List.of(new Artifact("onnx/model.onnx", 5, "a".repeat(64))),
            Map.of(),
            "f".repeat(32),
            256,
            List.of(),
            Desired.LOADED,
            null,
            null,
            null);

    private LoadThatEndsItsProcess() {}

    /** @param arguments the folder of markers; {@code waits} to be killed, or {@code faults} in native code */
    public static void main(String[] arguments) throws IOException {
        LoadMarkers markers = new LoadMarkers(Path.of(arguments[0]));
        markers.require(MODEL, "for this processor");
        LoadMarkers.Towers towers = markers.towers(MODEL, "for this processor");
        towers.enter(Modality.TEXT);
        towers.enter(Modality.IMAGE);
        System.out.write("marked\n".getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        if (arguments[1].equals("faults")) {
            new Pointer(8).setInt(0, 1);
        }
        System.in.read();
    }
}
