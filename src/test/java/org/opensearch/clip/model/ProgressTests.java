// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.containsString;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.core.common.Strings;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.tasks.Task;
import org.opensearch.test.OpenSearchTestCase;

public class ProgressTests extends OpenSearchTestCase {

    private final AtomicLong millis = new AtomicLong(1000);
    private final Progress progress = new Progress(millis::get);

    public void testTimeLeftIsByThePaceOfThisAttempt() {
        progress.enter(Progress.Stage.DOWNLOADING, 500, 2000); // 500 of an earlier attempt took no time now
        assertEquals(new Progress.At(Progress.Stage.DOWNLOADING, 500, 2000, -1), progress.at());
        millis.addAndGet(1000);
        progress.add(500);
        assertEquals(new Progress.At(Progress.Stage.DOWNLOADING, 1000, 2000, 2000), progress.at());
        progress.add(-200);
        assertEquals(800, progress.at().bytes());
        progress.add(1200);
        assertEquals(0, progress.at().millisLeft());
    }

    public void testStageWithoutBytesSaysNothingOfThem() {
        progress.enter(Progress.Stage.LOADING, 0, 0);
        assertEquals("{\"progress\":{\"stage\":\"loading\"}}", Strings.toString(MediaTypeRegistry.JSON, progress.at()));
    }

    public void testShowsBytesPercentAndTime() {
        progress.enter(Progress.Stage.DOWNLOADING, 0, 400);
        millis.addAndGet(1000);
        progress.add(100);
        assertEquals(
                "{\"progress\":{\"stage\":\"downloading\",\"bytes\":100,\"total_bytes\":400,\"percent\":25,\"eta_in_millis\":3000}}",
                Strings.toString(MediaTypeRegistry.JSON, progress.at()));
    }

    public void testCancellingEndsWhatBlocksOnce() {
        AtomicInteger ends = new AtomicInteger();
        Runnable forget = progress.onCancel(ends::incrementAndGet);
        progress.onCancel(ends::incrementAndGet);
        forget.run();
        progress.cancel();
        assertEquals(1, ends.get());
        progress.onCancel(ends::incrementAndGet); // too late: at once
        assertEquals(2, ends.get());
        assertTrue(progress.cancelled());
        assertThat(expectThrows(ModelException.class, () -> progress.add(1)).getMessage(), containsString("cancelled"));
        expectThrows(ModelException.class, () -> progress.pause(1_000_000));
        expectThrows(ModelException.class, () -> progress.enter(Progress.Stage.LOADING, 0, 0));
    }

    public void testStatusOfATaskSurvivesTheWire() throws Exception {
        progress.enter(Progress.Stage.VERIFYING, 1, 2);
        Observed observed = new Observed("m", Observed.State.LOADING, 0, null, null, List.of(), null, 1, progress.at());
        LoadStatus status =
                new LoadStatus("LOADING", Map.of("a", new ModelView.OnNode("node a", observed, null)), true);
        var registry = new NamedWriteableRegistry(ModelMetadata.namedWriteables());
        assertEquals(status, copyNamedWriteable(status, registry, Task.Status.class));
        assertThat(
                Strings.toString(MediaTypeRegistry.JSON, status),
                containsString("\"state\":\"LOADING\",\"nodes\":{\"a\":{\"name\":\"node a\",\"state\":\"LOADING\""));
    }
}
