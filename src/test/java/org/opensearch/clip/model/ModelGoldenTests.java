// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opensearch.clip.core.engine.Session.Footprint;
import org.opensearch.clip.core.model.Artifact;
import org.opensearch.clip.core.model.Modality;
import org.opensearch.clip.model.UpdateModels.Change;
import org.opensearch.clip.wire.GoldenBytes;
import org.opensearch.cluster.ClusterName;
import org.opensearch.cluster.NamedDiff;
import org.opensearch.cluster.node.DiscoveryNode;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.io.stream.NamedWriteableRegistry;
import org.opensearch.tasks.Task;
import org.opensearch.test.OpenSearchTestCase;

/** What nodes say of models to each other in each format, byte by byte. */
public class ModelGoldenTests extends OpenSearchTestCase {

    private static DeclaredModel model() {
        return new DeclaredModel(
                "m",
                Map.of("path", "p"),
                List.of(new Artifact("onnx/model.onnx", 3_000_000_000L, "0".repeat(64))),
                Map.of("pooling", "mean"),
                "f",
                256,
                List.of(64, 256),
                Desired.ON_USE,
                "data:true",
                "cpu",
                TimeValue.timeValueMinutes(5));
    }

    private static Observed observed() {
        return new Observed(
                "m",
                Observed.State.LOADING,
                7,
                "cpu",
                "w",
                List.of(new LoadedTower(Modality.IMAGE, new Footprint(1, 2, true), 3, "u", 4)),
                "r",
                9,
                new Progress.At(Progress.Stage.DOWNLOADING, 1, 2, -1));
    }

    private static Map<String, ModelView.OnNode> nodes() {
        return Map.of("n", new ModelView.OnNode("name", observed(), null));
    }

    private static ModelView view() {
        return new ModelView(model(), nodes());
    }

    public void testEachFormIsWhatItWas() throws IOException {
        check(new GoldenBytes());
    }

    public static void check(GoldenBytes goldens) throws IOException {
        checkWhatNodesAskOfEachOther(goldens);
        checkWhatClientsAsk(goldens);
    }

    private static void checkWhatNodesAskOfEachOther(GoldenBytes goldens) throws IOException {
        DiscoveryNode node = GoldenBytes.node();
        for (Change change : List.of(
                new Change.Declare(model()),
                new Change.Want("m", true),
                new Change.Use("m"),
                new Change.Delete("m", true))) {
            String name = "update." + change.getClass().getSimpleName().toLowerCase(Locale.ROOT);
            goldens.without(name, new UpdateModels.Request(change).in(true), in -> new UpdateModels.Request(in, true));
            goldens.framed(name, new UpdateModels.Request(change).in(false), in -> new UpdateModels.Request(in, false));
        }
        goldens.without("update.response", updated(true), in -> new UpdateModels.Response(in, true));
        goldens.framed("update.response", updated(false), UpdateModels.Response::new);
        goldens.both("observe.request", new ObserveModels.NodeRequest("m"), ObserveModels.NodeRequest::new);
        goldens.framed("observe", ObserveModels.Request.retrying("m"), ObserveModels.Request::new);
        var onNode = new ObserveModels.NodeResponse(node, List.of(observed()));
        goldens.both("observe.node", onNode, ObserveModels.NodeResponse::new);
        goldens.within(
                "observe.nodes",
                new ObserveModels.Response(new ClusterName("c"), List.of(onNode), List.of()),
                ObserveModels.Response::new);
        goldens.both("observe.observed", observed(), Observed::new, 1);
        var registry = new NamedWriteableRegistry(LoadStatus.namedWriteables());
        goldens.without(
                "load.status",
                new LoadStatus("LOADING", nodes(), false),
                registry.getReader(Task.Status.class, "clip_load")::read);
        goldens.framed("load.status", new LoadStatus("LOADING", nodes(), true), in -> (LoadStatus)
                registry.getReader(Task.Status.class, "clip_load/2").read(in));
        ModelMetadata metadata = new ModelMetadata(Map.of("m", model().toMap()));
        goldens.without("metadata", metadata, ModelMetadata::new);
        var state = new NamedWriteableRegistry(ModelMetadata.namedWriteables());
        goldens.without(
                "metadata.diff",
                metadata.diff(new ModelMetadata(Map.of("gone", Map.of()))),
                in -> state.getReader(NamedDiff.class, ModelMetadata.TYPE).read(in));
        for (RecordFirstLoad.Step step : RecordFirstLoad.Step.values()) {
            goldens.framed(
                    "first_load." + step.name().toLowerCase(Locale.ROOT),
                    new RecordFirstLoad.Request(model(), node, step),
                    RecordFirstLoad.Request::new);
        }
    }

    private static UpdateModels.Response updated(boolean old) {
        return new UpdateModels.Response(true, UpdateModels.Result.UPDATED, old);
    }

    private static void checkWhatClientsAsk(GoldenBytes goldens) throws IOException {
        goldens.framed("model.get", new GetModel.Request("m"), GetModel.Request::new);
        goldens.framed(
                "model.got", new GetModel.Response(true, List.of(view()), Map.of("u", "r")), GetModel.Response::new);
        goldens.framed("model.delete", new DeleteModel.Request("m", true), DeleteModel.Request::new);
        goldens.framed(
                "model.load", new LoadModel.Request("m", TimeValue.timeValueSeconds(1), true), LoadModel.Request::new);
        goldens.framed("model.loaded", new LoadModel.Response(true, view()), LoadModel.Response::new);
        goldens.framed(
                "model.put",
                new PutModel.Request("m", Map.of("a", 1), true, TimeValue.timeValueSeconds(1), false),
                PutModel.Request::new);
        goldens.framed(
                "model.was_put",
                new PutModel.Response("m", updated(false), "f", 3, new LoadModel.Response(false, view())),
                PutModel.Response::new);
        goldens.framed("catalog.request", new Catalog.Request(), Catalog.Request::new);
        goldens.framed("catalog.response", new Catalog.Response(List.of(Map.of("id", "m"))), Catalog.Response::new);
    }
}
