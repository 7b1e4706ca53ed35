// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.time.Duration;

/** Stops a fetch of which too little of the body has arrived since the last look. Safe for use by many threads. */
final class StallWatch {

    private final Fetcher.Timer timer;
    private final Duration pause;
    private final Fetch fetch;
    private long seen;
    private Runnable cancel;

    StallWatch(Fetcher.Timer timer, Duration pause, Fetch fetch) {
        this.timer = timer;
        this.pause = pause;
        this.fetch = fetch;
        synchronized (this) {
            cancel = timer.schedule(this::look, pause);
        }
    }

    private synchronized void look() {
        if (cancel == null) {
            return;
        }
        long received = fetch.received();
        if (received >= 0 && (received - seen) * 1000 < Access.FLOOR * pause.toMillis()) {
            fetch.stop(Fetch.Stop.STALLED);
        } else {
            seen = Math.max(0, received);
            cancel = timer.schedule(this::look, pause);
        }
    }

    synchronized void end() {
        cancel.run();
        cancel = null;
    }
}
