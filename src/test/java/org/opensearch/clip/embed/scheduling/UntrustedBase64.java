// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.opensearch.clip.core.engine.InputException;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;

/** What holds of any text that is taken for a data URI or base64: bytes, no more than it has characters, or an {@link InputException}. */
public final class UntrustedBase64 {

    private final ImageResolver resolver;

    public UntrustedBase64() {
        Set<Setting<?>> known = new HashSet<>(ClipSettings.all());
        known.removeIf(setting -> !setting.hasNodeScope());
        this.resolver =
                new ImageResolver(new ClipSettings(Settings.EMPTY, new ClusterSettings(Settings.EMPTY, known)), null);
    }

    public void read(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        try {
            if (resolver.decode(text).length > text.length()) {
                throw new AssertionError("more bytes than characters");
            }
        } catch (InputException expected) {
            if (expected.getMessage() == null) {
                throw expected;
            }
        }
    }
}
