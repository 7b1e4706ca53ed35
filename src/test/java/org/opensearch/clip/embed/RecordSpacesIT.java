// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.clip.ClipPlugin;
import org.opensearch.cluster.metadata.IndexMetadata;
import org.opensearch.common.settings.Settings;
import org.opensearch.plugins.Plugin;
import org.opensearch.test.OpenSearchIntegTestCase;

/** What an index knows of its vector fields is as durable as its mapping. */
@OpenSearchIntegTestCase.ClusterScope(
        scope = OpenSearchIntegTestCase.Scope.TEST,
        numDataNodes = 1,
        numClientNodes = 0,
        supportsDedicatedMasters = false)
public class RecordSpacesIT extends OpenSearchIntegTestCase {
    private static final Map<String, String> FIELDS = Map.of("v", "fingerprint");

    @Override
    protected Collection<Class<? extends Plugin>> nodePlugins() {
        return List.of(ClipPlugin.class);
    }

    private static IndexMetadata index(String name) {
        return client().admin()
                .cluster()
                .prepareState()
                .get()
                .getState()
                .metadata()
                .index(name);
    }

    public void testSurvivesARestartClosingAndASnapshot() throws Exception {
        prepareCreate("pictures", Settings.builder().put(indexSettings()).put("index.number_of_replicas", 0))
                .get();
        var request = new RecordSpaces.Request(index("pictures").getIndex(), FIELDS);
        for (int i = 0; i < 2; i++) {
            assertTrue(
                    client().execute(RecordSpaces.ACTION, request).actionGet().isAcknowledged());
        }
        long version = index("pictures").getVersion();
        assertTrue(client().execute(RecordSpaces.ACTION, request).actionGet().isAcknowledged());
        assertEquals(
                "what is known makes no new cluster state",
                version,
                index("pictures").getVersion());

        internalCluster().fullRestart();
        ensureGreen("pictures");
        assertEquals(FIELDS, index("pictures").getCustomData(SpaceGuard.CUSTOM));

        client().admin().indices().prepareClose("pictures").get();
        client().admin().indices().prepareOpen("pictures").get();
        assertEquals(FIELDS, index("pictures").getCustomData(SpaceGuard.CUSTOM));

        var admin = client().admin().cluster();
        admin.preparePutRepository("backup")
                .setType("fs")
                .setSettings(Settings.builder().put("location", randomRepoPath()))
                .get();
        admin.prepareCreateSnapshot("backup", "one").setWaitForCompletion(true).get();
        admin.prepareRestoreSnapshot("backup", "one")
                .setIndices("pictures")
                .setRenamePattern("pictures")
                .setRenameReplacement("restored")
                .setWaitForCompletion(true)
                .get();
        assertEquals(FIELDS, index("restored").getCustomData(SpaceGuard.CUSTOM));
    }
}
