// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;

/**
 * Safe GET, for URLs that strangers choose as for those of an administrator. A URL is taken apart once, its host resolved once per hop, every address checked,
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

    /** Makes something of an answer; what it throws beside {@link IOException} passes through as it is. */
    @FunctionalInterface
    public interface Reader<T> {

        T read(Answer answer) throws IOException, FetchException;
    }

    /** Where to ask for being stopped. */
    @FunctionalInterface
    public interface Cancellation {

        /**
         * @param end to be run once, does not block
         * @return forgets it
         */
        Runnable onCancel(Runnable end);
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
        return run(
                new Fetch(policy, null, 0, resolver, tls),
                policy,
                fetch -> fetch.get(url, answer -> {
                    answer.requireOk();
                    return answer.bytes((int) policy.maxBytes(), "plugins.clip.image.max_bytes");
                }));
    }

    /**
     * A GET whose status and headers matter, and whose body may be larger than memory. The deadline of {@code policy} is absolute here
     * too; a transfer may also end because it is slow, see {@link Access#stall}.
     *
     * @param from first byte wanted, as a {@code Range}; whether the server minds it is for {@code reader} to see
     * @param cancellation asked for a call that ends this one
     * @throws FetchException when there is no answer, or it breaks off
     */
    public <T> T ask(
            String url, long from, FetchPolicy policy, Access access, Cancellation cancellation, Reader<T> reader)
            throws FetchException {
        return run(new Fetch(policy, access, from, resolver, tls), policy, fetch -> {
            var watch = new StallWatch(timer, access.stall(), fetch);
            Runnable forget = cancellation.onCancel(() -> fetch.stop(Fetch.Stop.CANCELLED));
            try {
                return fetch.get(url, reader);
            } finally {
                forget.run();
                watch.end();
            }
        });
    }

    private interface Use<T> {
        T apply(Fetch fetch) throws FetchException;
    }

    private <T> T run(Fetch fetch, FetchPolicy policy, Use<T> use) throws FetchException {
        Runnable cancel = timer.schedule(() -> fetch.stop(Fetch.Stop.DEADLINE), policy.timeout());
        running.add(fetch);
        try {
            if (closed) {
                fetch.stop(Fetch.Stop.CLOSED);
            }
            return use.apply(fetch);
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
