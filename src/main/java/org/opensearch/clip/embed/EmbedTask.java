// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opensearch.core.tasks.TaskId;
import org.opensearch.tasks.CancellableTask;

/** The task of an embed request, on the node that was asked and on the node that runs it. Safe for use by many threads. */
public final class EmbedTask extends CancellableTask {

    private List<Runnable> hooks = new ArrayList<>();

    public EmbedTask(
            long id, String type, String action, String description, TaskId parent, Map<String, String> headers) {
        super(id, type, action, description, parent, headers);
    }

    /** Runs {@code hook} once when this task is cancelled, at once when it already is. It must neither block nor throw. */
    public void whenCancelled(Runnable hook) {
        synchronized (this) {
            if (hooks != null) {
                hooks.add(hook);
                return;
            }
        }
        hook.run();
    }

    @Override
    protected void onCancelled() {
        List<Runnable> all;
        synchronized (this) {
            all = hooks;
            hooks = null;
        }
        all.forEach(Runnable::run);
    }

    @Override
    public boolean shouldCancelChildrenOnCancellation() {
        return true;
    }
}
