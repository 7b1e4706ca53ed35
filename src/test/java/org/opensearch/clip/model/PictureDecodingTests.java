// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import java.nio.file.Path;
import java.util.Map;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.test.OpenSearchTestCase;

public class PictureDecodingTests extends OpenSearchTestCase {

    private static Map<String, Object> section(Settings settings, Path libraries) {
        return PictureDecoding.of(settings, libraries).section();
    }

    public void testANodeWithoutTheLibraryWorksAndSaysSo() {
        Map<String, Object> section = section(Settings.EMPTY, createTempDir());
        assertEquals(
                Map.of(
                        "native_decoders",
                        false,
                        "reason",
                        "the native library cannot be loaded, see the log of this node"),
                section);
    }

    public void testASettingSwitchesThemOff() {
        Settings off = Settings.builder()
                .put(ClipSettings.IMAGE_NATIVE_DECODERS.getKey(), false)
                .build();
        assertEquals(
                Map.of("native_decoders", false, "reason", "[plugins.clip.image.native_decoders] is [false]"),
                section(off, createTempDir()));
    }
}
