package org.opensearch.clip.core.net;

/** Safe GET. Safe for use by many threads; each call blocks its thread until the end or the deadline. */
public final class Fetcher implements AutoCloseable {

    public Fetcher() {}

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
