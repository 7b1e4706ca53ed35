// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.opensearch.OpenSearchSecurityException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.repositories.RepositoriesService;
import org.opensearch.script.ScriptService;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;
import org.opensearch.watcher.ResourceWatcherService;

/** Decides where a security plugin does: whose request has the header {@value #DENIED} may not do the action that it names. */
public final class Gatekeeper extends Plugin implements ActionPlugin {
    public static final String DENIED = "denied";

    private ThreadPool threads;

    @Override
    public Collection<Object> createComponents(
            Client client,
            ClusterService clusterService,
            ThreadPool threadPool,
            ResourceWatcherService resourceWatcherService,
            ScriptService scriptService,
            NamedXContentRegistry xContentRegistry,
            Environment environment,
            NodeEnvironment nodeEnvironment,
            NamedWriteableRegistry namedWriteableRegistry,
            IndexNameExpressionResolver indexNameExpressionResolver,
            Supplier<RepositoriesService> repositoriesServiceSupplier) {
        threads = threadPool;
        return List.of();
    }

    @Override
    public List<ActionFilter> getActionFilters() {
        return List.of(new ActionFilter.Simple() {
            @Override
            public int order() {
                return 0;
            }

            @Override
            protected boolean apply(String action, ActionRequest request, ActionListener<?> listener) {
                if (action.equals(threads.getThreadContext().getHeader(DENIED))) {
                    listener.onFailure(new OpenSearchSecurityException(
                            "no permissions for [" + action + "]", RestStatus.FORBIDDEN));
                    return false;
                }
                return true;
            }
        });
    }
}
