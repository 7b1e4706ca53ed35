// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.embed.scheduling;

import java.util.function.LongSupplier;
import org.opensearch.clip.core.net.FetchException;
import org.opensearch.clip.embed.Failures;
import org.opensearch.clip.embed.Source;
import org.opensearch.clip.embed.scheduling.Work.Fetched;
import org.opensearch.clip.stats.ClipStats.Stage;

/** From the URL of a picture to its bytes, which are counted from then on. An input that cannot be fetched is settled. Safe for use by many threads. */
final class FetchStage {

    private final ImageResolver images;
    private final AdmissionControl admission;
    private final LongSupplier clock;

    FetchStage(ImageResolver images, AdmissionControl admission, LongSupplier clock) {
        this.images = images;
        this.admission = admission;
        this.clock = clock;
    }

    /** @return {@code null} when the input is settled now */
    Fetched fetch(PendingInput input) {
        long start = clock.getAsLong();
        input.time().start();
        try {
            String url = ((Source.Image) input.source()).image();
            byte[] bytes = images.fetch(url, input.time().left());
            input.request().stats().took(Stage.FETCH, clock.getAsLong() - start);
            return new Fetched(input, bytes, admission.keep(input.request().lane(), bytes));
        } catch (FetchException | RuntimeException e) {
            input.settle(Failures.of(e));
            return null;
        } finally {
            input.time().stop();
        }
    }
}
