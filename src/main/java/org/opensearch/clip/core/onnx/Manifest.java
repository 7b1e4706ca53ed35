// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What a folder must hold to be whole: a line for each file with its CRC-32C, its size and its name. Written last. It finds damage, and no more is
 * asked of it: whoever could change the files could change their hashes too, and SHA-256 takes ten times as long where the CPU has no instructions for it.
 */
final class Manifest {

    private static final String NAME = "manifest";

    private Manifest() {}

    /** Everything is on the disk when this returns, but for the folder's own name. */
    static void write(Path folder, List<String> names) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String name : names) {
            Path file = folder.resolve(name);
            lines.add(crc32c(file) + " " + Files.size(file) + " " + name);
            force(file);
        }
        force(Files.write(folder.resolve(NAME), lines));
        forceFolder(folder);
    }

    /**
     * @param bytes whether to read the files, or only to look at their sizes
     * @return false when something is missing, of another size or other bytes
     */
    static boolean holds(Path folder, List<String> names, boolean bytes) throws IOException {
        Path manifest = folder.resolve(NAME);
        if (!Files.isRegularFile(manifest, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        List<String> lines = Files.readAllLines(manifest);
        if (lines.size() != names.size()) {
            return false;
        }
        for (int i = 0; i < lines.size(); i++) {
            Path file = folder.resolve(names.get(i));
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    || !lines.get(i).endsWith(" " + Files.size(file) + " " + names.get(i))
                    || bytes && !lines.get(i).startsWith(crc32c(file) + " ")) {
                return false;
            }
        }
        return true;
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Where a folder can be opened; elsewhere its entries are safe with the files themselves. */
    static void forceFolder(Path folder) throws IOException {
        if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static String crc32c(Path file) throws IOException {
        CRC32C crc = new CRC32C();
        byte[] buffer = new byte[1 << 17];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                crc.update(buffer, 0, n);
            }
        }
        return Long.toHexString(crc.getValue());
    }
}
