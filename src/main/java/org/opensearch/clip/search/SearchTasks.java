// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.search;

import org.opensearch.common.inject.Inject;
import org.opensearch.core.tasks.TaskCancelledException;
import org.opensearch.tasks.CancellableTask;
import org.opensearch.tasks.TaskManager;
import org.opensearch.tasks.TaskResourceTrackingService;
import org.opensearch.transport.TransportService;

/** The search that a thread works for: core gives search processors no task, but its number is in the context of their thread. Thread-safe. */
public final class SearchTasks {
    private volatile TransportService transport;

    /** Processors are made before there is one. */
    @Inject
    public void assign(TransportService service) {
        transport = service;
    }

    /** @return for that search: throws {@link TaskCancelledException} once it is cancelled */
    Runnable ensuringNotCancelled() {
        TransportService service = transport;
        Long id = service == null
                ? null
                : service.getThreadPool().getThreadContext().getTransient(TaskResourceTrackingService.TASK_ID);
        TaskManager tasks = service == null ? null : service.getTaskManager();
        return id != null && tasks.getTask(id) instanceof CancellableTask task
                ? () -> {
                    if (task.isCancelled()) {
                        throw new TaskCancelledException("search was cancelled: " + task.getReasonCancelled());
                    }
                }
                : () -> {};
    }
}
