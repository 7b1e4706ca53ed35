// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.opensearch.rest.RestRequest.Method.POST;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.opensearch.ExceptionsHelper;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.ResourceAlreadyExistsException;
import org.opensearch.action.admin.indices.create.CreateIndexRequest;
import org.opensearch.action.admin.indices.exists.indices.IndicesExistsRequest;
import org.opensearch.action.ingest.DeletePipelineRequest;
import org.opensearch.action.ingest.GetPipelineRequest;
import org.opensearch.action.ingest.PutPipelineRequest;
import org.opensearch.common.logging.HeaderWarning;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.core.xcontent.MediaTypeRegistry;
import org.opensearch.core.xcontent.ToXContentObject;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestToXContentListener;
import org.opensearch.transport.client.Client;
import org.opensearch.transport.client.node.NodeClient;

/**
 * {@code POST /_plugins/_clip/models/{id}/_setup}: the ingest pipeline and the index of a first search in one call, or with {@code
 * dry_run=true} only their bodies. Every step is a request of the user's own, so it needs the user's permissions for pipelines and
 * indices. What is there already is not touched: 409. Thread-safe.
 */
public final class SetupIndex extends BaseRestHandler {

    /** @param acknowledged {@code null} where nothing was to be made */
    private record Answer(String modelId, SetupBody body, DeclaredModel model, Boolean acknowledged)
            implements ToXContentObject {
        @Override
        public XContentBuilder toXContent(XContentBuilder json, Params params) throws IOException {
            json.startObject().field("model_id", modelId).field("dry_run", acknowledged == null);
            if (acknowledged != null) {
                json.field("acknowledged", acknowledged);
            }
            json.field("vector_fields", body.vectorFields());
            json.startObject("pipeline")
                    .field("request", "PUT _ingest/pipeline/" + body.pipeline())
                    .field("body", body.pipelineBody(modelId))
                    .endObject();
            json.startObject("index")
                    .field("request", "PUT " + body.index())
                    .startObject("body")
                    .field("settings", body.settings(model))
                    .field("mappings", body.mappings(model))
                    .endObject()
                    .endObject();
            return json.endObject();
        }
    }

    @Override
    public String getName() {
        return "clip_setup";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(POST, "/_plugins/_clip/models/{id}/_setup"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        String id = request.param("id");
        boolean dryRun = request.paramAsBoolean("dry_run", false);
        SetupBody body = SetupBody.parse(RequestBody.readSmall(request));
        return channel -> {
            var answer = new RestToXContentListener<Answer>(channel);
            client.execute(
                    GetModel.ACTION,
                    new GetModel.Request(id),
                    ActionListener.wrap(
                            found -> setUp(client, found.one().model(), body, dryRun, answer), answer::onFailure));
        };
    }

    private static void setUp(
            Client client, DeclaredModel model, SetupBody body, boolean dryRun, ActionListener<Answer> listener) {
        Optional<String> cut = model.checkDimensions(body.dimensions());
        ActionListener<Boolean> made = ActionListener.wrap(
                acknowledged -> {
                    cut.ifPresent(HeaderWarning::addWarning);
                    if (model.desired() == Desired.UNLOADED) {
                        HeaderWarning.addWarning("model [" + model.id()
                                + "] is not loaded: POST /_plugins/_clip/models/" + model.id() + "/_load");
                    }
                    listener.onResponse(new Answer(model.id(), body, model, acknowledged));
                },
                listener::onFailure);
        if (dryRun) {
            made.onResponse(null);
            return;
        }
        requireNew(
                client, body, ActionListener.wrap(nothing -> makePipeline(client, model, body, made), made::onFailure));
    }

    private static void requireNew(Client client, SetupBody body, ActionListener<Void> listener) {
        ActionListener<Boolean> index = ActionListener.wrap(
                exists -> {
                    if (exists) {
                        throw conflict("an index or alias [" + body.index() + "] exists already");
                    }
                    listener.onResponse(null);
                },
                listener::onFailure);
        client.admin()
                .cluster()
                .getPipeline(
                        new GetPipelineRequest(body.pipeline()),
                        ActionListener.wrap(
                                found -> {
                                    if (!found.pipelines().isEmpty()) {
                                        throw conflict("an ingest pipeline [" + body.pipeline() + "] exists already");
                                    }
                                    client.admin()
                                            .indices()
                                            .exists(
                                                    new IndicesExistsRequest(body.index()),
                                                    ActionListener.map(index, response -> response.isExists()));
                                },
                                listener::onFailure));
    }

    private static OpenSearchStatusException conflict(String what) {
        return new OpenSearchStatusException(what + ", nothing was changed", RestStatus.CONFLICT);
    }

    private static void makePipeline(
            Client client, DeclaredModel model, SetupBody body, ActionListener<Boolean> listener) throws IOException {
        var json = BytesReference.bytes(JsonXContent.contentBuilder().map(body.pipelineBody(model.id())));
        client.admin()
                .cluster()
                .putPipeline(
                        new PutPipelineRequest(body.pipeline(), json, MediaTypeRegistry.JSON),
                        ActionListener.wrap(
                                put -> makeIndex(client, model, body, put.isAcknowledged(), listener),
                                listener::onFailure));
    }

    private static void makeIndex(
            Client client,
            DeclaredModel model,
            SetupBody body,
            boolean acknowledged,
            ActionListener<Boolean> listener) {
        var create = new CreateIndexRequest(body.index())
                .settings(body.settings(model))
                .mapping(body.mappings(model));
        client.admin()
                .indices()
                .create(
                        create,
                        ActionListener.wrap(
                                created -> listener.onResponse(acknowledged && created.isAcknowledged()),
                                e -> takeBack(client, body, e, listener)));
    }

    private static void takeBack(Client client, SetupBody body, Exception failure, ActionListener<Boolean> listener) {
        if (ExceptionsHelper.unwrapCause(failure) instanceof ResourceAlreadyExistsException) {
            // made by a request beside this one, perhaps the same again: its documents need the pipeline
            listener.onFailure(new OpenSearchStatusException(
                    "an index [" + body.index() + "] was made at the same time; pipeline [" + body.pipeline()
                            + "] stays, because that index may name it",
                    RestStatus.CONFLICT,
                    failure));
            return;
        }
        client.admin()
                .cluster()
                .deletePipeline(
                        new DeletePipelineRequest(body.pipeline()),
                        ActionListener.wrap(
                                deleted -> listener.onFailure(failure),
                                e -> listener.onFailure(new OpenSearchStatusException(
                                        failure.getMessage() + "; pipeline [" + body.pipeline()
                                                + "] was made and could not be taken back: delete it",
                                        ExceptionsHelper.status(failure),
                                        failure))));
    }
}
