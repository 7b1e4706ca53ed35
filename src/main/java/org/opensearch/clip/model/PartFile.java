// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.apache.lucene.util.IOUtils;
import org.opensearch.common.hash.MessageDigests;

/**
 * The bytes of a file that have arrived, and their hash: what a process left that was killed is read once and then goes on. It becomes a file
 * under its own name only whole and on the disk. Used by one thread.
 */
final class PartFile implements Closeable {

    private final Path path;
    private final FileChannel file;
    private MessageDigest digest = MessageDigests.sha256();
    private long length;

    private PartFile(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    static PartFile open(Path path) throws IOException {
        FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        PartFile part = new PartFile(path, file);
        try {
            part.length = read(file, part.digest);
            return part;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Of a whole file, which may be on a disk that is read-only. */
    static String sha256(Path path) throws IOException {
        MessageDigest digest = MessageDigests.sha256();
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            read(file, digest);
        }
        return MessageDigests.toHexString(digest.digest());
    }

    private static long read(FileChannel file, MessageDigest digest) throws IOException {
        long length = 0;
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        while (file.read(buffer.clear()) >= 0) {
            length += buffer.flip().remaining();
            digest.update(buffer);
        }
        return length;
    }

    long length() {
        return length;
    }

    /** @throws UncheckedIOException the disk is full, or broken */
    void append(byte[] bytes, int count) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, count);
            while (buffer.hasRemaining()) {
                file.write(buffer, length + buffer.position());
            }
            digest.update(bytes, 0, count);
            length += count;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Begins with nothing. */
    void restart() {
        try {
            file.truncate(0);
            digest = MessageDigests.sha256();
            length = 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of the bytes so far. */
    String sha256() {
        try {
            return MessageDigests.toHexString(((MessageDigest) digest.clone()).digest());
        } catch (CloneNotSupportedException e) {
            throw new AssertionError("the SHA-256 of every JDK can be cloned", e);
        }
    }

    /** Ends it: all bytes are on the disk before the new name is. */
    void becomes(Path target) throws IOException {
        file.force(true);
        file.close();
        Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        IOUtils.fsync(target.getParent(), true);
    }

    /** Ends it: nothing is left. */
    void delete() throws IOException {
        file.close();
        Files.deleteIfExists(path);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
