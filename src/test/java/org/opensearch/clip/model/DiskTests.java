// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;

import java.nio.file.Path;
import java.util.Map;
import org.opensearch.OpenSearchStatusException;
import org.opensearch.clip.ClipSingleNodeTestCase;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.rest.RestStatus;

/** A node whose disk has no room, and has it again. */
public class DiskTests extends ClipSingleNodeTestCase {

    private static final TimeValue LONG = TimeValue.timeValueMinutes(2);

    private final FakeHub hub = new FakeHub().with(Path.of("src/test/resources/models/tiny-clip"));

    @Override
    protected Settings nodeSettings() {
        return Settings.builder()
                .put(super.nodeSettings())
                .put("plugins.clip.hub.url", hub.url())
                .put("plugins.clip.hub.allowed_networks", "127.0.0.0/8")
                .build();
    }

    @Override
    protected boolean resetNodeAfterTest() {
        return true;
    }

    @Override
    public void tearDown() throws Exception {
        minFree(null);
        hub.close();
        super.tearDown();
    }

    private void minFree(String bytes) {
        client().admin()
                .cluster()
                .prepareUpdateSettings()
                .setPersistentSettings(Settings.builder().put("plugins.clip.disk.min_free", bytes))
                .get(LONG);
    }

    private PutModel.Response put(Boolean load) {
        var put = new PutModel.Request("tiny", Map.of("source", Map.of("hub", FakeHub.REPOSITORY)), load, LONG, false);
        return client().execute(PutModel.ACTION, put).actionGet(LONG);
    }

    private Observed observed(String id) {
        return client().execute(GetModel.ACTION, new GetModel.Request(id))
                .actionGet(LONG)
                .models()
                .getFirst()
                .nodes()
                .values()
                .iterator()
                .next()
                .observed();
    }

    private void reload(String id) {
        client().execute(LoadModel.UNLOAD, new LoadModel.Request(id, LONG, false))
                .actionGet(LONG);
        client().execute(LoadModel.LOAD, new LoadModel.Request(id, LONG, false)).actionGet(LONG);
    }

    /** One test, because the node has the address of one hub. */
    public void testNoRoomIsA507AtADeclarationAndAWarningOfAModelThatCouldNotBePrepared() {
        minFree("1pb");
        var e = expectThrows(OpenSearchStatusException.class, () -> put(false));
        assertEquals(e.getMessage(), RestStatus.INSUFFICIENT_STORAGE, e.status());
        assertThat(
                e.getMessage(), allOf(containsString("no room for"), containsString("[plugins.clip.disk.min_free]")));
        loadModel();
        String warning = observed(MODEL).warning();
        for (String tower : new String[] {"text", "image"}) {
            assertThat(
                    warning,
                    containsString(
                            "its " + tower
                                    + " tower is not prepared, so that it takes more memory and longer to load: preparing it takes"));
        }
        assertThat(warning, containsString("above [plugins.clip.disk.min_free]"));
        minFree("0b");
        reload(MODEL);
        assertNull(observed(MODEL).warning());
        assertEquals(RestStatus.OK, put(false).status());
    }
}
