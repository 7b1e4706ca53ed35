// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;

/**
 * Safe GET for URLs that strangers choose. A URL is taken apart once, its host resolved once per hop, every address checked,
 * and the connection goes to the address checked; redirects are followed by hand, each under the whole policy; bytes are
 * counted while reading, and the deadline is absolute.
 *
 * <p>Only a name look-up of the operating system outlasts the deadline: it cannot be interrupted. Nothing is dialled after it.
 *
 * <p>Safe for use by many threads; each call blocks its thread until the end or the deadline. {@link #close} ends them all.
 */
public final class Fetcher implements AutoCloseable {

    /** Runs something later unless cancelled first; the node lends its scheduler. The task does not block. */
    @FunctionalInterface
    public interface Timer {

        /** @return cancels the task; does nothing once it ran */
        Runnable schedule(Runnable task, Duration delay);
    }

    /** All addresses of a host. */
    @FunctionalInterface
    interface Resolver {

        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    private final Timer timer;
    private final Resolver resolver;
    private final TlsSocketStrategy tls;
    private final Set<Fetch> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public Fetcher(Timer timer) {
        this(timer, InetAddress::getAllByName, DefaultClientTlsStrategy.createDefault());
    }

    Fetcher(Timer timer, Resolver resolver, TlsSocketStrategy tls) {
        this.timer = timer;
        this.resolver = resolver;
        this.tls = tls;
    }

    /**
     * @param url as the user gave it
     * @param policy in force for this call
     * @return the body
     * @throws FetchException why not
     */
    public byte[] get(String url, FetchPolicy policy) throws FetchException {
        Fetch fetch = new Fetch(policy, resolver, tls);
        Runnable cancel = timer.schedule(() -> fetch.stop(Fetch.Stop.DEADLINE), policy.timeout());
        running.add(fetch);
        try {
            if (closed) {
                fetch.stop(Fetch.Stop.CLOSED);
            }
            return fetch.get(url);
        } finally {
            cancel.run();
            running.remove(fetch);
        }
    }

    @Override
    public void close() {
        closed = true;
        running.forEach(fetch -> fetch.stop(Fetch.Stop.CLOSED));
    }
}
