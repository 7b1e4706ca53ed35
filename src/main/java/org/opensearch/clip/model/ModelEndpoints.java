// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.util.List;
import org.opensearch.action.ActionRequest;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.plugins.ActionPlugin.ActionHandler;
import org.opensearch.rest.RestHandler;

/** What a cluster is told and asked of models: a class each. */
public final class ModelEndpoints {

    private ModelEndpoints() {}

    public static List<ActionHandler<? extends ActionRequest, ? extends ActionResponse>> actions() {
        return List.of(
                new ActionHandler<>(PutModel.ACTION, PutModel.Transport.class),
                new ActionHandler<>(GetModel.ACTION, GetModel.Transport.class),
                new ActionHandler<>(DeleteModel.ACTION, DeleteModel.Transport.class),
                new ActionHandler<>(LoadModel.LOAD, LoadModel.Load.class),
                new ActionHandler<>(LoadModel.UNLOAD, LoadModel.Unload.class),
                new ActionHandler<>(Catalog.ACTION, Catalog.Transport.class),
                new ActionHandler<>(ObserveModels.ACTION, ObserveModels.Transport.class),
                new ActionHandler<>(UpdateModels.ACTION, UpdateModels.Transport.class),
                new ActionHandler<>(UpdateModels.OLD_ACTION, UpdateModels.OldTransport.class),
                new ActionHandler<>(RecordFirstLoad.ACTION, RecordFirstLoad.Transport.class));
    }

    public static List<RestHandler> handlers() {
        return List.of(
                new PutModel.Rest(),
                new GetModel.Rest(),
                new DeleteModel.Rest(),
                new LoadModel.Rest(),
                new SetupIndex(),
                new Catalog.Rest());
    }
}
