// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Why files cannot be written, for people: as the system says it and without the path, which an exception's own message may hold. */
public final class DiskFailure {

    /** Less is nothing: file systems keep a few blocks to themselves. */
    private static final long FULL = 1 << 20;

    private DiskFailure() {}

    /** @param folder on the disk that was to be written */
    public static String of(IOException e, Path folder) {
        String said = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
        if (e instanceof AccessDeniedException) {
            return "the user of the node may not write there";
        }
        String system = said == null ? e.getClass().getSimpleName() : said;
        return isFull(system, folder) ? "the disk is full (" + system + ")" : system;
    }

    /** What the system says is in the language of the node, so that the disk itself is asked too. */
    private static boolean isFull(String said, Path folder) {
        try {
            return said.contains("No space left")
                    || said.contains("quota exceeded")
                    || Files.getFileStore(folder).getUsableSpace() < FULL;
        } catch (IOException e) {
            return false;
        }
    }
}
