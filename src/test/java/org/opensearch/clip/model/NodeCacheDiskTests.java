// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opensearch.clip.FullDisk;

/** Downloads to a disk that is full at each write in turn, and to one that is read-only. */
public class NodeCacheDiskTests extends DownloadTestCase {

    private final FullDisk disk = new FullDisk();

    private void aNodeStarts() throws IOException {
        data = disk.at(createTempDir());
        cache = restarted();
    }

    private DownloadException failure() {
        return expectThrows(DownloadException.class, this::get);
    }

    public void testAtEachWriteTheDiskMayBeFull() throws IOException {
        int writes = 0;
        for (boolean refused = true; refused; writes++) {
            aNodeStarts();
            disk.isFullAfter(writes);
            try {
                get();
            } catch (DownloadException e) {
                assertTrue(e.getMessage(), e.isOfDisk());
                assertThat(
                        e.getMessage(),
                        endsWith("[clip/files] in its data folder cannot be written: the disk is full (No space left on"
                                + " device)"));
                assertFalse(e.getMessage(), e.getMessage().contains(data.toString()));
            }
            refused = disk.hasRefused();
            disk.hasRoom();
            if (Files.exists(data.resolve("files"))) {
                for (String name : kept()) {
                    assertTrue(name, name.endsWith(".part") || whole(name));
                }
            }
            assertWhole(get());
        }
        assertTrue("folder, file, bytes, to the medium, name: " + writes, writes > 6);
    }

    private boolean whole(String name) throws IOException {
        return FakeHub.sha256(Files.readAllBytes(data.resolve("files").resolve(name)))
                .equals(name);
    }

    public void testWhatIsHereIsUsedOnADiskThatIsReadOnlyAndNothingElseIsLost() throws IOException {
        aNodeStarts();
        assertWhole(get());
        disk.isReadOnly();
        cache = restarted();
        assertWhole(get());
        Path file = data.resolve("files").resolve(FakeHub.sha256(content));
        disk.hasRoom();
        Files.write(file, new byte[content.length]);
        disk.isReadOnly();
        cache = restarted();
        DownloadException e = failure();
        assertTrue(e.isOfDisk());
        assertThat(e.getMessage(), containsString("cannot be written: Read-only file system"));
        disk.hasRoom();
        assertWhole(get());
    }

    public void testADiskThatIsReadOnlyAtTheStartIsToldWhenItIsNeeded() throws IOException {
        data = disk.at(createTempDir());
        disk.isReadOnly();
        cache = restarted();
        cache.sweep();
        assertEquals(0, cache.present(listed()));
        assertThat(failure().getMessage(), containsString("cannot be written: Read-only file system"));
        assertEquals("nobody was asked", List.of(), hub.requests);
        disk.hasRoom();
        assertWhole(get());
    }

    public void testNoRoomIsOfTheDisk() {
        minFree = Long.MAX_VALUE / 4;
        assertTrue(failure().isOfDisk());
    }
}
