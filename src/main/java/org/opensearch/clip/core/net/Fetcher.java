// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
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
    private final SlowHosts slow;
    private final Set<Fetch> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public Fetcher(Timer timer) {
        this(timer, InetAddress::getAllByName, DefaultClientTlsStrategy.createDefault(), System::nanoTime);
    }

    Fetcher(Timer timer, Resolver resolver, TlsSocketStrategy tls, LongSupplier nanos) {
        this.slow = new SlowHosts(nanos);
        this.timer = timer;
        this.resolver = resolver;
        this.tls = tls;
    }

    /** Whom a URL asks first, host and port; empty for one that is not fetched. */
    public static String host(String url) {
        try {
            return Target.of(url, FetchPolicy.ANY_HOST).authority();
        } catch (FetchException e) {
            return "";
        }
    }

    /** As {@link #get(String, FetchPolicy, Duration)}, for as long as the policy says. */
    public byte[] get(String url, FetchPolicy policy) throws FetchException {
        return get(url, policy, policy.timeout());
    }

    /**
     * @param url as the user gave it
     * @param policy in force for this call
     * @param atMost shortens the timeout; a longer one changes nothing
     * @return the body
     * @throws FetchException why not; at once for a host that has just kept others waiting for its whole time
     */
    public byte[] get(String url, FetchPolicy policy, Duration atMost) throws FetchException {
        // half: as long as a connect may take
        Duration patience = policy.timeout().dividedBy(2);
        return run(
                new Fetch(policy.within(atMost), null, 0, resolver, tls, host -> slow.enter(host, patience)),
                policy.within(atMost),
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
        // what an administrator chose is asked again and again, later and later: see who calls this
        SlowHosts.Door open = host -> new SlowHosts(System::nanoTime).enter(host, policy.timeout());
        return run(new Fetch(policy, access, from, resolver, tls, open), policy, fetch -> {
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
