// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.ArrayList;
import java.util.List;
import org.opensearch.clip.settings.ClipSettings;
import org.opensearch.clip.settings.FetchSettings;
import org.opensearch.common.settings.Settings;
import org.opensearch.threadpool.ExecutorBuilder;
import org.opensearch.threadpool.FixedExecutorBuilder;

/** The threads of {@link InferenceScheduler}. */
public final class WorkerPools {

    static final String INGEST = "clip_inference";
    static final String SEARCH = "clip_search";
    static final String FETCH = "clip_fetch";

    private WorkerPools() {}

    /** For {@code Plugin.getExecutorBuilders}. */
    public static List<ExecutorBuilder<?>> executors(Settings settings, ExecutorBuilder<?>... more) {
        List<ExecutorBuilder<?>> all = new ArrayList<>(List.of(more));
        all.add(fixed(settings, INGEST, ClipSettings.THREADS.get(settings)));
        all.add(fixed(settings, SEARCH, ClipSettings.SEARCH_THREADS.get(settings)));
        all.add(fixed(settings, FETCH, FetchSettings.IMAGE_URL_MAX_CONCURRENT.get(settings)));
        return all;
    }

    private static FixedExecutorBuilder fixed(Settings settings, String name, int size) {
        return new FixedExecutorBuilder(settings, name, size, -1, "thread_pool." + name);
    }
}
