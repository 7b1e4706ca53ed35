// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.routing;

import java.io.IOException;
import java.util.Map;
import org.opensearch.clip.embed.Embed.Request;
import org.opensearch.clip.embed.Embed.Response;
import org.opensearch.clip.embed.EmbedTask;
import org.opensearch.clip.wire.Frame;
import org.opensearch.clip.wire.Hop;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.common.io.stream.Writeable;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.tasks.Task;

/**
 * A request, its model resolved and its target checked, on its way to a node that may hold the model.
 *
 * @param loadWait for the model, while it is loaded there
 */
record Forward(Request request, TimeValue loadWait) implements Writeable {

    static final Hop<Forward, Response> HOP = new Hop<>(
            "internal:opensearch/clip/embed/2",
            "internal:opensearch/clip/embed",
            Forward::new,
            Response::new,
            Forward::task);

    Forward(StreamInput in) throws IOException {
        this(new Request(Frame.begin(in)), in.readTimeValue());
        Frame.end(in);
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        request.writeTo(Frame.begin(out));
        out.writeTimeValue(loadWait);
        Frame.end(out);
    }

    private Task task(long id, String type, String action, TaskId parent, Map<String, String> headers) {
        return new EmbedTask(id, type, action, request.getDescription(), parent, headers);
    }
}
