// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.ActionRequestValidationException;
import org.opensearch.action.ActionType;
import org.opensearch.action.support.ActionFilters;
import org.opensearch.action.support.HandledTransportAction;
import org.opensearch.clip.core.model.ModelDescription;
import org.opensearch.clip.core.model.Overrides;
import org.opensearch.clip.wire.Frame;
import org.opensearch.common.inject.Inject;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.common.io.stream.StreamInput;
import org.opensearch.core.common.io.stream.StreamOutput;
import org.opensearch.core.xcontent.ToXContentObject;
import org.opensearch.core.xcontent.XContentBuilder;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.rest.action.RestToXContentListener;
import org.opensearch.tasks.Task;
import org.opensearch.transport.TransportService;
import org.opensearch.transport.client.node.NodeClient;

/**
 * The models that can be declared by name: {@code GET /_plugins/_clip/models/_catalog}. It is {@code config/catalog.json} of
 * the repository, read from the plugin's own jar: the plugin CLI keeps the files below {@code <config>} that are there already, so an
 * upgrade would never bring a newer one. Immutable.
 */
public final class Catalog {

    public static final ActionType<Response> ACTION =
            new ActionType<>("cluster:admin/opensearch/clip/models/get/catalog", Response::new);

    private final List<Entry> entries;

    Catalog(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Either bundled or on the hub.
     *
     * @param folder of a bundled model, relative to {@code <config>/opensearch-clip}; else {@code null}
     * @param hub {@code owner/name} of the repository that has the ONNX files; {@code null} for a bundled model
     * @param revision 40 hexadecimal digits, or {@code null}: what is newest when the model is declared
     * @param about what {@code GET} shows of it, {@code hub} and {@code revision} included
     */
    record Entry(String id, String folder, String hub, String revision, Map<String, Object> about) {}

    /** The catalog of this release. */
    public static Catalog read() {
        try (InputStream json = Catalog.class.getResourceAsStream("catalog.json")) {
            Map<String, Object> map = XContentHelper.convertToMap(JsonXContent.jsonXContent, json, true);
            return new Catalog(
                    ((List<?>) map.get("models")).stream().map(Catalog::entry).toList());
        } catch (IOException e) {
            throw new UncheckedIOException("the plugin's catalog cannot be read", e);
        }
    }

    @SuppressWarnings("unchecked") // our own file, and JSON objects have no other keys than strings
    private static Entry entry(Object model) {
        Map<String, Object> about = new TreeMap<>((Map<String, Object>) model);
        return new Entry(
                (String) about.get("id"),
                (String) about.remove("folder"),
                (String) about.get("hub"),
                (String) about.get("revision"),
                about);
    }

    List<Entry> entries() {
        return entries;
    }

    Optional<Entry> entry(String id) {
        return entries.stream().filter(entry -> entry.id().equals(id)).findFirst();
    }

    /** What whoever declares a model of this {@code source} should know of its licence, if anything. */
    Optional<String> licenceNote(Map<String, Object> source) {
        return of(source)
                .filter(entry -> Boolean.FALSE.equals(entry.about().get("commercial_use")))
                .map(entry -> "the licence of [" + entry.id() + "] is ["
                        + entry.about().get("license") + "]: commercial use needs another one, from its publisher");
    }

    /** What a declaration overrides, with the scale and bias of a model of this {@code source} where {@code description} says none. */
    Overrides scored(Map<String, Object> source, Overrides declared, ModelDescription description) {
        Map<String, Object> about = of(source).map(Entry::about).orElse(Map.of());
        Overrides scored = declared;
        if (description.logitScale().isEmpty() && about.containsKey("logit_scale")) {
            scored = scored.with("logit_scale", about.get("logit_scale"));
        }
        if (description.logitBias().isEmpty() && about.containsKey("logit_bias")) {
            scored = scored.with("logit_bias", about.get("logit_bias"));
        }
        return scored;
    }

    private Optional<Entry> of(Map<String, Object> source) {
        return entries.stream()
                .filter(entry -> entry.id().equals(source.get("catalog"))
                        || entry.hub() != null && entry.hub().equals(source.get("hub")))
                .findFirst();
    }

    public static final class Request extends ActionRequest {
        public Request() {}

        Request(StreamInput in) throws IOException {
            super(in);
            Frame.begin(in);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            super.writeTo(out);
            Frame.begin(out);
            Frame.end(out);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static final class Response extends ActionResponse implements ToXContentObject {
        private final List<Map<String, Object>> models;

        Response(List<Map<String, Object>> models) {
            this.models = List.copyOf(models);
        }

        Response(StreamInput in) throws IOException {
            super(in);
            models = Frame.begin(in).readList(StreamInput::readMap);
            Frame.end(in);
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            Frame.begin(out).writeCollection(models, StreamOutput::writeMap);
            Frame.end(out);
        }

        public List<Map<String, Object>> models() {
            return models;
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
            return builder.startObject().field("models", models).endObject();
        }
    }

    public static final class Transport extends HandledTransportAction<Request, Response> {
        private final Catalog catalog;

        @Inject
        public Transport(TransportService transport, ActionFilters filters, Catalog catalog) {
            super(ACTION.name(), transport, filters, Request::new);
            this.catalog = catalog;
        }

        @Override
        protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
            listener.onResponse(
                    new Response(catalog.entries.stream().map(Entry::about).toList()));
        }
    }

    public static final class Rest extends BaseRestHandler {
        @Override
        public String getName() {
            return "clip_get_catalog";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.GET, "/_plugins/_clip/models/_catalog"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            return channel -> client.execute(ACTION, new Request(), new RestToXContentListener<>(channel));
        }
    }
}
