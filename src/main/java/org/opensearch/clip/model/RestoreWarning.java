// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.admin.cluster.snapshots.restore.RestoreSnapshotRequest;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.action.support.ActionFilterChain;
import org.opensearch.action.support.ActionRequestMetadata;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.logging.HeaderWarning;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.tasks.Task;

/**
 * Says which declared models a restore of the global state has taken away: core puts the whole section of the snapshot in the place of today's, so
 * what was declared since is gone. Speaks on the elected cluster manager, whose state is the one that was restored. Thread-safe.
 */
public final class RestoreWarning implements ActionFilter {

    private static final Logger LOGGER = LogManager.getLogger(RestoreWarning.class);

    private final ClusterService cluster;

    public RestoreWarning(ClusterService cluster) {
        this.cluster = cluster;
    }

    /** Before the security plugin, which lets pass or not: what it refuses changes nothing. */
    @Override
    public int order() {
        return Integer.MAX_VALUE;
    }

    @Override
    public <Request extends ActionRequest, Response extends ActionResponse> void apply(
            Task task,
            String action,
            Request request,
            ActionRequestMetadata<Request, Response> metadata,
            ActionListener<Response> listener,
            ActionFilterChain<Request, Response> chain) {
        if (request instanceof RestoreSnapshotRequest restore
                && restore.includeGlobalState()
                && cluster.state().nodes().isLocalNodeElectedClusterManager()) {
            Map<String, DeclaredModel> before = models();
            chain.proceed(task, action, request, ActionListener.delegateFailure(listener, (next, response) -> {
                tell(before);
                next.onResponse(response);
            }));
        } else {
            chain.proceed(task, action, request, listener);
        }
    }

    private Map<String, DeclaredModel> models() {
        return ModelMetadata.of(cluster.state()).models().stream()
                .collect(Collectors.toMap(DeclaredModel::id, Function.identity()));
    }

    private void tell(Map<String, DeclaredModel> before) {
        Map<String, DeclaredModel> after = models();
        List<String> lost = before.values().stream()
                .filter(model -> !after.containsKey(model.id())
                        || !Objects.equals(
                                model.fingerprint(), after.get(model.id()).fingerprint()))
                .map(DeclaredModel::id)
                .sorted()
                .toList();
        if (!lost.isEmpty()) {
            String warning = "the restored global state does not have the models " + lost
                    + " as they were declared: declare them again";
            LOGGER.warn(warning);
            HeaderWarning.addWarning(warning);
        }
    }
}
