// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.lucene.tests.mockfile.FilterFileChannel;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;
import org.apache.lucene.tests.mockfile.FilterPath;

/**
 * A disk that takes no more writes after some: of bytes (half of them are written), to the medium, of a file, of a folder, of a new name. Nothing is wrong with what
 * is there already: it can be read. Native code sees another disk, which takes everything.
 */
public final class FullDisk extends FilterFileSystemProvider {

    private static final String FULL = "No space left on device";
    private static final String READ_ONLY = "Read-only file system";

    private final AtomicInteger left = new AtomicInteger();
    private volatile String says;

    public FullDisk() {
        super("full://", FileSystems.getDefault());
        hasRoom();
    }

    /** A folder of the default file system, seen on this disk. */
    public Path at(Path folder) {
        return wrapPath(FilterPath.unwrap(folder));
    }

    public void hasRoom() {
        left.set(Integer.MAX_VALUE);
    }

    public void isFullAfter(int writes) {
        says = FULL;
        left.set(writes);
    }

    /** Deletes nothing any more either. */
    public void isReadOnly() {
        says = READ_ONLY;
        left.set(0);
    }

    /** Whether a write has failed. */
    public boolean hasRefused() {
        return left.get() < 0;
    }

    private boolean takes() {
        return left.get() == Integer.MAX_VALUE || left.getAndUpdate(n -> n < 0 ? n : n - 1) > 0;
    }

    private void write() throws IOException {
        if (!takes()) {
            throw new IOException(says);
        }
    }

    private void write(Path path) throws IOException {
        if (!takes()) {
            throw new FileSystemException(path.toString(), null, says);
        }
    }

    private static boolean writes(Set<? extends OpenOption> options) {
        return options.contains(StandardOpenOption.WRITE) || options.contains(StandardOpenOption.APPEND);
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        if (!writes(options)) {
            return super.newFileChannel(path, options, attributes);
        }
        write(path);
        return new FilterFileChannel(super.newFileChannel(path, options, attributes)) {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                half(bytes);
                return super.write(bytes);
            }

            @Override
            public int write(ByteBuffer bytes, long position) throws IOException {
                if (!takes()) {
                    super.write(bytes.limit(bytes.position() + bytes.remaining() / 2), position);
                    throw new IOException(says);
                }
                return super.write(bytes, position);
            }

            private void half(ByteBuffer bytes) throws IOException {
                if (!takes()) {
                    super.write(bytes.limit(bytes.position() + bytes.remaining() / 2));
                    throw new IOException(says);
                }
            }

            @Override
            public long transferFrom(ReadableByteChannel from, long position, long count) throws IOException {
                FullDisk.this.write();
                return super.transferFrom(from, position, count);
            }

            @Override
            public void force(boolean metadata) throws IOException {
                FullDisk.this.write();
                super.force(metadata);
            }
        };
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return writes(options)
                ? newFileChannel(path, options, attributes)
                : super.newByteChannel(path, options, attributes);
    }

    @Override
    public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
        write(path);
        return new FilterOutputStream(super.newOutputStream(path, options)) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (!takes()) {
                    out.write(bytes, offset, length / 2);
                    throw new IOException(says);
                }
                out.write(bytes, offset, length);
            }
        };
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
        write(folder);
        super.createDirectory(folder, attributes);
    }

    @Override
    public void move(Path from, Path to, CopyOption... options) throws IOException {
        write(to);
        super.move(from, to, options);
    }

    private void requireWritable(Path path) throws IOException {
        if (READ_ONLY.equals(says) && left.get() <= 0) {
            throw new FileSystemException(path.toString(), null, says);
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        requireWritable(path);
        super.delete(path);
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, java.nio.file.LinkOption... options)
            throws IOException {
        requireWritable(path);
        super.setAttribute(path, attribute, value, options);
    }

    @Override
    public <V extends FileAttributeView> V getFileAttributeView(
            Path path, Class<V> type, java.nio.file.LinkOption... options) {
        V view = super.getFileAttributeView(path, type, options);
        if (type != java.nio.file.attribute.BasicFileAttributeView.class) {
            return view;
        }
        var basic = (BasicFileAttributeView) view;
        return type.cast(new BasicFileAttributeView() {
            @Override
            public String name() {
                return basic.name();
            }

            @Override
            public BasicFileAttributes readAttributes() throws IOException {
                return basic.readAttributes();
            }

            @Override
            public void setTimes(FileTime modified, FileTime accessed, FileTime created) throws IOException {
                requireWritable(path);
                basic.setTimes(modified, accessed, created);
            }
        });
    }
}
