package org.opensearch.clip.core.net;

import java.time.Duration;

/** Safe GET. Safe for use by many threads; each call blocks its thread until the end or the deadline. */
public final class Fetcher implements AutoCloseable {

    /** Runs something later unless cancelled first; the node lends its scheduler. */
    @FunctionalInterface
    public interface Timer {

        /** @return cancels the task; does nothing once it ran */
        Runnable schedule(Runnable task, Duration delay);
    }

    public Fetcher(Timer timer) {
        throw new UnsupportedOperationException();
    }

    /**
     * @param url as the user gave it
     * @param policy in force for this call
     * @return the body
     * @throws FetchException why not
     */
    public byte[] get(String url, FetchPolicy policy) throws FetchException {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
