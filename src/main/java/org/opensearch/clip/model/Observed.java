// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import org.opensearch.clip.wire.Frame;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;

/**
 * What a node says of a model at this moment.
 *
 * @param bytes native memory charged for it, 0 unless loaded
 * @param device where it runs, {@code null} unless loaded
 * @param warning why it does not run where one might expect it to, or {@code null}
 * @param towers empty unless loaded
 * @param reason why the last load failed, else {@code null}; a loaded model has one when loading it anew failed
 * @param since epoch milliseconds of the last change of {@code state}
 * @param progress of the load under way, else {@code null}
 * @param refused the last load failed for what the model's files are, so that no other goes better
 */
public record Observed(
        String modelId,
        State state,
        long bytes,
        String device,
        String warning,
        List<LoadedTower> towers,
        String reason,
        long since,
        Progress.At progress,
        boolean refused)
        implements Writeable {

    public enum State {
        LOADING,
        LOADED,
        UNLOADED,
        FAILED,
        /** Its memory was given back because nobody asked for it; whoever does has it loaded. */
        IDLE
    }

    Observed(
            String modelId,
            State state,
            long bytes,
            String device,
            String warning,
            List<LoadedTower> towers,
            String reason,
            long since,
            Progress.At progress) {
        this(modelId, state, bytes, device, warning, towers, reason, since, progress, false);
    }

    Observed(StreamInput in) throws IOException {
        this(
                Frame.begin(in).readString(),
                in.readEnum(State.class),
                in.readVLong(),
                in.readOptionalString(),
                in.readOptionalString(),
                in.readList(LoadedTower::new),
                in.readOptionalString(),
                in.readVLong(),
                in.readOptionalWriteable(Progress.At::new),
                refused(Frame.tail(in)));
    }

    /** Nodes from before the first release do not say it. */
    private static boolean refused(StreamInput tail) throws IOException {
        return tail.available() > 0 && tail.readBoolean();
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        Frame.begin(out);
        out.writeString(modelId);
        out.writeEnum(state);
        out.writeVLong(bytes);
        out.writeOptionalString(device);
        out.writeOptionalString(warning);
        out.writeList(towers);
        out.writeOptionalString(reason);
        out.writeVLong(since);
        out.writeOptionalWriteable(progress);
        Frame.end(out, tail -> tail.writeBoolean(refused));
    }
}
