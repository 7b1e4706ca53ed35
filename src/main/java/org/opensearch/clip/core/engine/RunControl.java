// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.engine;

import java.time.Duration;
import java.util.Objects;

/**
 * What whoever wants a run says about it: how long it may take, whether it may use every core, and, while it runs, that nobody waits
 * for it any more. Serves one call of {@link DualEncoder#encode}, which may be several runs one after the other. Safe for use by
 * many threads.
 */
public final class RunControl {

    private final Duration limit;
    private final boolean allCores;
    private Runnable terminate;
    private boolean stopped;

    /**
     * @param limit a run that takes longer is ended; {@code null} = the session's own limit
     * @param allCores one run on many threads where the session can: soonest done, and dearest
     */
    public RunControl(Duration limit, boolean allCores) {
        this.limit = limit;
        this.allCores = allCores;
    }

    /** For a caller that stays until the end. */
    public static RunControl patient() {
        return new RunControl(null, false);
    }

    /** @param other where nobody has set a limit */
    public Duration limitOr(Duration other) {
        return limit == null ? other : limit;
    }

    public boolean allCores() {
        return allCores;
    }

    /** Ends the run that is under way and all that would follow: they fail with a {@link StoppedException}. Does not wait. */
    public synchronized void stop() {
        stopped = true;
        if (terminate != null) {
            terminate.run();
        }
    }

    public synchronized boolean isStopped() {
        return stopped;
    }

    /**
     * For a session, before a run; {@link #end} follows in any case.
     *
     * @param end ends the run; at most once, on any thread, and not after {@link #end}
     */
    public synchronized void begin(Runnable end) {
        terminate = Objects.requireNonNull(end);
        if (stopped) {
            end.run();
        }
    }

    /** For a session, after a run. */
    public synchronized void end() {
        terminate = null;
    }
}
