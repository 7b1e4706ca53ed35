// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionType;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.tasks.LoggingTaskListener;
import org.opensearch.tasks.Task;
import org.opensearch.transport.client.node.NodeClient;

/** The answer of {@code wait_for_completion=false}, as reindex gives it: a task for {@code GET _tasks/{id}}, where the result will be kept. */
final class TaskStarted {
    private TaskStarted() {}

    static <T extends ActionResponse> void send(
            RestChannel channel, NodeClient client, ActionType<T> action, ActionRequest request) throws IOException {
        Task task = client.executeLocally(action, request, LoggingTaskListener.instance());
        try (XContentBuilder builder = channel.newBuilder()) {
            builder.startObject();
            builder.field("task", new TaskId(client.getLocalNodeId(), task.getId()).toString());
            builder.endObject();
            channel.sendResponse(new BytesRestResponse(RestStatus.OK, builder));
        }
    }
}
