// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;
import org.apache.lucene.tests.util.LuceneTestCase;
import org.apache.lucene.util.IOUtils;

@LuceneTestCase.SuppressFileSystems("WindowsFS") // a folder vanishes while it is read
public class CacheSpaceTests extends DownloadTestCase {

    private static final long MINUTE = TimeUnit.MINUTES.toMillis(1);

    /** A file of 1000 bytes that was used some minutes ago. */
    private void file(String name, long minutesAgo) throws IOException {
        Path file = data.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[1000]);
        used(file, minutesAgo);
        if (name.startsWith("prepared/")) {
            used(file.getParent(), minutesAgo);
        }
    }

    private void used(Path file, long minutesAgo) throws IOException {
        FileTime then = FileTime.fromMillis(now - minutesAgo * MINUTE);
        Files.getFileAttributeView(file, BasicFileAttributeView.class).setTimes(then, then, null);
    }

    private Set<String> left() throws IOException {
        try (Stream<Path> all = Files.walk(data)) {
            return Set.copyOf(all.filter(Files::isRegularFile)
                    .map(file -> data.relativize(file).toString())
                    .filter(name -> !name.contains("extra")) // of the file system of the test framework
                    .toList());
        }
    }

    public void testWhatIsLeastWorthGoesFirst() throws IOException {
        file("files/new", 30);
        file("files/old", 300);
        file("files/declared", 3000);
        file("files/other.part", 20);
        file("prepared/key/model.onnx", 15);
        needed = Set.of("declared");
        diskLimit = 5000;

        space().require(0);
        assertEquals(5, left().size());
        space().require(1000);
        assertEquals(Set.of("files/new", "files/old", "files/declared", "prepared/key/model.onnx"), left());
        space().require(2000);
        assertEquals(Set.of("files/new", "files/old", "files/declared"), left());
        space().require(3000);
        assertEquals(Set.of("files/new", "files/declared"), left());
    }

    public void testFilesOfDeclaredModelsStayAndTheMessageSaysSo() throws IOException {
        file("files/declared", 3000);
        file("files/declared-too.part", 3000);
        file("files/just-now", 1);
        needed = Set.of("declared", "declared-too");
        diskLimit = 3500;
        var e = expectThrows(DownloadException.class, () -> space().require(1000));
        assertEquals(
                "no room for 1000b more on this node: [plugins.clip.disk.limit] is 3.4kb and models that are declared or in use"
                        + " take 2.9kb",
                e.getMessage());
        assertEquals(3, left().size());
    }

    public void testDownloadLeavesTheDiskItsFloor() throws IOException {
        minFree = Long.MAX_VALUE / 4;
        assertThat(fails(), containsString("keeps [plugins.clip.disk.min_free]"));
        assertEquals(List.of(), kept());
        assertEquals(List.of(), hub.requests);
    }

    public void testFloorHoldsWhileADownloadRuns() throws IOException {
        hub.trouble(FILE, (exchange, bytes) -> {
            minFree = Long.MAX_VALUE / 4; // others have filled the disk since
            return false;
        });
        assertThat(fails(), containsString("keeps [plugins.clip.disk.min_free]"));
    }

    /** The prepared forms of a model go one after the other while a download counts what is here. */
    public void testAFormThatVanishesWhileSpaceIsCountedIsNoFailure() throws IOException {
        file("prepared/gone/model.onnx", 15);
        file("prepared/here/model.onnx", 15);
        file("files/new", 30);
        Path real = data;
        data = new FilterFileSystemProvider("vanishing://", data.getFileSystem()) {
            @Override
            public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
                    throws IOException {
                if (path.endsWith("gone/model.onnx")) {
                    IOUtils.rm(real.resolve("prepared/gone"));
                }
                return super.readAttributes(path, type, options);
            }
        }.wrapPath(data);
        diskLimit = 3000;
        space().require(1000);
        data = real;
        assertEquals(Set.of("prepared/here/model.onnx", "files/new"), left());
    }

    public void testSweepTakesOldBeginningsAndWhatIsBeyondTheLimit() throws IOException {
        long day = TimeUnit.DAYS.toMinutes(1);
        file("files/a.part", 2 * day);
        file("files/b.part", day / 2);
        file("files/declared.part", 2 * day);
        file("files/c", 3 * day);
        needed = Set.of("declared");
        space().sweep();
        assertEquals(Set.of("files/b.part", "files/declared.part", "files/c"), left());
        diskLimit = 1000;
        space().sweep();
        assertEquals(Set.of("files/declared.part"), left());
    }
}
