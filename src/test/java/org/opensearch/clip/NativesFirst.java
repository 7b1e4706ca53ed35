// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Lets OpenSearch try JNA before anybody else. The test JVM has no JNA on purpose (so that tests run as root too): the first who asks gets an
 * error OpenSearch is prepared for, the next one another it is not, and the tokenizer library asks as well.
 */
public final class NativesFirst implements LauncherSessionListener {

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        try {
            Class.forName("org.opensearch.bootstrap.Natives");
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
