// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.opensearch.clip.core.engine.ModelException;
import org.opensearch.clip.wire.Frame;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.xcontent.ToXContentFragment;
import org.opensearch.core.xcontent.XContentBuilder;

/**
 * How far one load is. Written by the thread that loads, read by any; {@link #cancel} may come from any and ends what blocks.
 */
public final class Progress {

    public enum Stage {
        RESOLVING,
        DOWNLOADING,
        VERIFYING,
        PREPARING,
        LOADING
    }

    /**
     * One moment of a load.
     *
     * @param bytes done in this stage
     * @param total bytes of this stage, 0 where it is not known
     * @param millisLeft estimated from the pace so far, -1 where nothing can be said
     */
    public record At(Stage stage, long bytes, long total, long millisLeft) implements Writeable, ToXContentFragment {
        At(StreamInput in) throws IOException {
            this(Frame.begin(in).readEnum(Stage.class), in.readVLong(), in.readVLong(), in.readZLong());
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out);
            out.writeEnum(stage);
            out.writeVLong(bytes);
            out.writeVLong(total);
            out.writeZLong(millisLeft);
            Frame.end(out);
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            builder.startObject("progress").field("stage", stage.name().toLowerCase(Locale.ROOT));
            if (total > 0) {
                builder.field("bytes", bytes).field("total_bytes", total);
                builder.field("percent", 100 * Math.min(bytes, total) / total);
            }
            if (millisLeft >= 0) {
                builder.humanReadableField("eta_in_millis", "eta", TimeValue.timeValueMillis(millisLeft));
            }
            return builder.endObject();
        }
    }

    private final LongSupplier millis;
    private final List<Runnable> hooks = new ArrayList<>();
    private Stage stage = Stage.RESOLVING;
    private long bytes;
    private long total;
    private long entered;
    private long enteredWith;
    private boolean cancelled;

    /** @param millis a clock that only goes forward */
    public Progress(LongSupplier millis) {
        this.millis = millis;
        this.entered = millis.getAsLong();
    }

    /**
     * @param done of {@code bytes}, when the stage goes on where an earlier attempt stopped
     * @param bytes that the stage will take, 0 when that is not known
     * @throws ModelException when the load was cancelled
     */
    public synchronized void enter(Stage next, long done, long bytes) {
        check();
        stage = next;
        total = bytes;
        this.bytes = enteredWith = done;
        entered = millis.getAsLong();
    }

    /**
     * @param more bytes since the last call; negative where an attempt starts over
     * @throws ModelException when the load was cancelled
     */
    public synchronized void add(long more) {
        check();
        bytes = Math.max(0, bytes + more);
    }

    /**
     * Lets time go by, less of it when the load is cancelled.
     *
     * @throws ModelException when the load was cancelled
     */
    synchronized void pause(long forMillis) {
        long until = millis.getAsLong() + forMillis;
        try {
            for (long left = forMillis; left > 0 && !cancelled; left = until - millis.getAsLong()) {
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException("the load was interrupted", e);
        }
        check();
    }

    /** @throws ModelException when the load was cancelled */
    public synchronized void check() {
        if (cancelled) {
            throw new ModelException("the load was cancelled: the model is not wanted on this node any more");
        }
    }

    public synchronized boolean cancelled() {
        return cancelled;
    }

    /** What blocks this load ends, and its next step fails. */
    void cancel() {
        List<Runnable> ends;
        synchronized (this) {
            cancelled = true;
            notifyAll();
            ends = List.copyOf(hooks);
        }
        ends.forEach(Runnable::run);
    }

    /**
     * @param end does not block; run at once when the load was cancelled already
     * @return forgets it
     */
    Runnable onCancel(Runnable end) {
        synchronized (this) {
            if (!cancelled) {
                hooks.add(end);
                return () -> forget(end);
            }
        }
        end.run();
        return () -> {};
    }

    private synchronized void forget(Runnable end) {
        hooks.remove(end);
    }

    synchronized At at() {
        long passed = millis.getAsLong() - entered;
        long done = bytes - enteredWith;
        long left = total > bytes && done > 0 && passed > 0 ? (long) ((double) passed / done * (total - bytes)) : -1;
        return new At(stage, bytes, total, total > 0 && bytes >= total ? 0 : left);
    }
}
