// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.Collection;
import java.util.function.Supplier;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.knn.plugin.KNNPlugin;
import org.opensearch.knn.training.TrainingJobClusterStateListener;
import org.opensearch.repositories.RepositoriesService;
import org.opensearch.script.ScriptService;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;
import org.opensearch.watcher.ResourceWatcherService;

/**
 * k-NN for several nodes of one JVM: without the listener that looks after models in training, of which no test has any.
 *
 * <p>{@code TrainingJobClusterStateListener} keeps one cluster service in a static field, that of the node that was built last. One second after a
 * node is elected, and whenever a node leaves, it asks that service for the cluster state on a {@code generic} thread. A node that is just being
 * built has none, and {@code ClusterApplierService.state} answers with an {@code AssertionError} ("initial cluster state not set yet"), which ends
 * the test that happens to run. A process of its own has one node, and no such race.
 */
public final class UntrainedKnnPlugin extends KNNPlugin {

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
        Collection<Object> components = super.createComponents(
                client,
                clusterService,
                threadPool,
                resourceWatcherService,
                scriptService,
                xContentRegistry,
                environment,
                nodeEnvironment,
                namedWriteableRegistry,
                indexNameExpressionResolver,
                repositoriesServiceSupplier);
        clusterService.removeListener(TrainingJobClusterStateListener.getInstance());
        return components;
    }
}
