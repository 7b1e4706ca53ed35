// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.clip.embed.EmbedEndpoint;
import org.opensearch.clip.embed.Embedder;
import org.opensearch.clip.embed.SpaceRecorder;
import org.opensearch.clip.embed.routing.EmbedTransports;
import org.opensearch.clip.embed.routing.VerifyModel;
import org.opensearch.clip.embed.scheduling.WorkerPools;
import org.opensearch.clip.ingest.ClipEmbeddingProcessor;
import org.opensearch.clip.model.Catalog;
import org.opensearch.clip.model.GpuStats;
import org.opensearch.clip.model.LoadedModels;
import org.opensearch.clip.model.ModelEndpoints;
import org.opensearch.clip.model.ModelFiles;
import org.opensearch.clip.model.ModelLoader;
import org.opensearch.clip.model.ModelMetadata;
import org.opensearch.clip.model.PictureDecoding;
import org.opensearch.clip.model.RestoreWarning;
import org.opensearch.clip.model.Timers;
import org.opensearch.clip.query.ClipQueryBuilder;
import org.opensearch.clip.search.DiversifyProcessor;
import org.opensearch.clip.search.SearchTasks;
import org.opensearch.clip.search.VectorPhase;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.stats.ClipStats;
import org.opensearch.clip.stats.GetStats;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.IndexScopedSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.settings.SettingsFilter;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.core.xcontent.NamedXContentRegistry;
import org.opensearch.env.Environment;
import org.opensearch.env.NodeEnvironment;
import org.opensearch.identity.PluginSubject;
import org.opensearch.ingest.Processor;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.IdentityAwarePlugin;
import org.opensearch.plugins.IngestPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.ReloadablePlugin;
import org.opensearch.plugins.SearchPipelinePlugin;
import org.opensearch.plugins.SearchPlugin;
import org.opensearch.repositories.RepositoriesService;
import org.opensearch.rest.RestController;
import org.opensearch.rest.RestHandler;
import org.opensearch.script.ScriptService;
import org.opensearch.search.fetch.FetchSubPhase;
import org.opensearch.search.pipeline.Processor.Factory;
import org.opensearch.search.pipeline.SearchRequestProcessor;
import org.opensearch.search.pipeline.SearchResponseProcessor;
import org.opensearch.threadpool.ExecutorBuilder;
import org.opensearch.threadpool.ThreadPool;
import org.opensearch.transport.client.Client;
import org.opensearch.watcher.ResourceWatcherService;

/** Wiring only: the plugin's table of contents. */
public final class ClipPlugin extends Plugin
        implements ActionPlugin,
                IngestPlugin,
                SearchPlugin,
                SearchPipelinePlugin,
                IdentityAwarePlugin,
                ReloadablePlugin {

    private final Embedder embedder = new Embedder();
    private final SearchTasks searchTasks = new SearchTasks();
    private volatile ClipSettings settings;
    private volatile List<ActionFilter> filters;

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
        settings = new ClipSettings(environment.settings(), clusterService.getClusterSettings());
        embedder.peers().of(clusterService);
        var catalog = Catalog.read();
        var fetcher = Timers.fetcher(threadPool, clusterService);
        var files = ModelFiles.of(environment, nodeEnvironment, catalog, fetcher, settings, clusterService);
        var pictures = PictureDecoding.of(environment);
        var models =
                ModelLoader.models(files, settings, pictures, environment, nodeEnvironment, client, clusterService);
        var spaces = new SpaceRecorder(client, clusterService, indexNameExpressionResolver, embedder.heap());
        filters = List.of(spaces, new RestoreWarning(clusterService));
        var stats = new ClipStats().gauge("gpus", new GpuStats()::section).gauge("pictures", pictures::section);
        return List.of(settings, catalog, files, models, fetcher, searchTasks, stats, embedder.heap());
    }

    @Override
    public List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> getActions() {
        List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> actions =
                new ArrayList<>(ModelEndpoints.actions());
        actions.addAll(EmbedEndpoint.actions());
        actions.addAll(EmbedTransports.actions());
        actions.add(new ActionHandler<>(GetStats.ACTION, GetStats.Transport.class));
        return actions;
    }

    @Override
    public List<ActionFilter> getActionFilters() {
        return filters;
    }

    @Override
    public List<RestHandler> getRestHandlers(
            Settings settings,
            RestController restController,
            ClusterSettings clusterSettings,
            IndexScopedSettings indexScopedSettings,
            SettingsFilter settingsFilter,
            IndexNameExpressionResolver indexNameExpressionResolver,
            Supplier<DiscoveryNodes> nodesInCluster) {
        List<RestHandler> handlers = new ArrayList<>(EmbedEndpoint.handlers(embedder));
        handlers.add(new VerifyModel.Rest());
        handlers.addAll(ModelEndpoints.handlers());
        handlers.add(new GetStats.Rest());
        return handlers;
    }

    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        return Map.of(ClipEmbeddingProcessor.TYPE, new ClipEmbeddingProcessor.Factory(parameters, embedder));
    }

    @Override
    public List<QuerySpec<?>> getQueries() {
        return List.of(ClipQueryBuilder.spec(embedder));
    }

    @Override
    public List<FetchSubPhase> getFetchSubPhases(FetchPhaseConstructionContext context) {
        return List.of(new VectorPhase());
    }

    @Override
    public List<SearchExtSpec<?>> getSearchExts() {
        return VectorPhase.Wanted.specs();
    }

    @Override
    public Map<String, Factory<SearchRequestProcessor>> getRequestProcessors(Parameters parameters) {
        return Map.of(
                DiversifyProcessor.TYPE,
                new DiversifyProcessor.RequestFactory(ClipQueryBuilder::widen, embedder.peers()));
    }

    @Override
    public Map<String, Factory<SearchResponseProcessor>> getResponseProcessors(Parameters parameters) {
        return Map.of(DiversifyProcessor.TYPE, new DiversifyProcessor.ResponseFactory(searchTasks));
    }

    @Override
    public List<Setting<?>> getSettings() {
        return ClipSettings.all();
    }

    @Override
    public Settings additionalSettings() {
        return ModelMetadata.nodeSettings();
    }

    @Override
    public List<NamedWriteableRegistry.Entry> getNamedWriteables() {
        return ModelMetadata.namedWriteables();
    }

    @Override
    public List<NamedXContentRegistry.Entry> getNamedXContent() {
        return ModelMetadata.namedXContent();
    }

    @Override
    public List<ExecutorBuilder<?>> getExecutorBuilders(Settings settings) {
        return WorkerPools.executors(settings, LoadedModels.pools());
    }

    @Override
    public void assignSubject(PluginSubject subject) {
        embedder.assign(subject);
    }

    @Override
    public void reload(Settings withKeystore) {
        settings.reload(withKeystore);
    }
}
