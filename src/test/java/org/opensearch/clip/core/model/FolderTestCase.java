// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.model;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.opensearch.clip.core.image.ImageSpec;

/** A folder to be filled with the files of a model, and read. */
abstract class FolderTestCase {

    private static final Path TOKENIZERS = Path.of("src/test/resources/tokenizers");

    @TempDir
    Path folder;

    void write(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
    }

    void graphs(String... names) throws IOException {
        for (String name : names) {
            write(name, "a graph");
        }
    }

    void tokenizer(String family, String config) throws IOException {
        Files.copy(TOKENIZERS.resolve(family + ".json"), folder.resolve("tokenizer.json"));
        write("tokenizer_config.json", config);
    }

    ModelDescription describe(Object... overrides) {
        Overrides o = Overrides.NONE;
        for (int i = 0; i < overrides.length; i += 2) {
            o = o.with((String) overrides[i], overrides[i + 1]);
        }
        return ModelFolder.describe(folder, o);
    }

    void refused(String part, Object... overrides) {
        var e = assertThrows(IllegalArgumentException.class, () -> describe(overrides));
        assertTrue(e.getMessage().contains(part), part + " not in: " + e.getMessage());
    }

    static Tower.Text text(ModelDescription d) {
        return d.text().orElseThrow();
    }

    static ImageSpec pixels(ModelDescription d) {
        return d.image().orElseThrow().pixels();
    }
}
