// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.auth.BasicScheme;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.BasicHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.net.FetchException.Kind;

/**
 * One fetch with all its hops, each on a connection of its own: no connection outlives the check of its address, and nothing
 * is carried from one hop to the next.
 *
 * <p>Used by one thread, while {@link #stop} may come from any: it closes the socket under the client, which ends a connect,
 * a TLS handshake or a read at once and never waits for a lock of the client.
 */
final class Fetch {

    /** Why a fetch ended before its time. */
    enum Stop {
        DEADLINE,
        STALLED,
        CANCELLED,
        CLOSED
    }

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private static final ManagedHttpClientConnectionFactory CONNECTIONS = ManagedHttpClientConnectionFactory.builder()
            .http1Config(Http1Config.custom()
                    .setMaxHeaderCount(100)
                    .setMaxLineLength(16 * 1024)
                    .build())
            .build();

    private final FetchPolicy policy;

    /** {@code null} for URLs that strangers choose. */
    private final Access access;

    private final long from;
    private final Fetcher.Resolver resolver;
    private final TlsSocketStrategy tls;
    private final SlowHosts.Door door;

    /** Whom the hop under way asks. */
    private Target hop;

    /** Of the hop under way; none where a proxy finds them. */
    private InetAddress[] addresses = {};

    /** Of the hop under way, {@code null} before it dials. */
    private Socket socket;

    /** With the hop under way. */
    private boolean credentialSent;

    private final AtomicLong received = new AtomicLong(-1);

    private Stop stop;

    /** @param door where each hop asks whether its host is to be asked now */
    Fetch(
            FetchPolicy policy,
            Access access,
            long from,
            Fetcher.Resolver resolver,
            TlsSocketStrategy tls,
            SlowHosts.Door door) {
        this.door = door;
        this.policy = policy;
        this.access = access;
        this.from = from;
        this.resolver = resolver;
        this.tls = tls;
    }

    <T> T get(String url, Fetcher.Reader<T> reader) throws FetchException {
        Target first = Target.of(url, policy);
        hop = first;
        for (int hops = 0; ; hops++) {
            requireAddress(first);
            SlowHosts.Hop visit = enter(first);
            CloseableHttpClient client = client();
            try {
                addresses = proxied() ? new InetAddress[0] : checkedAddresses();
                ClassicHttpResponse response = client.executeOpen(host(hop), request(), context());
                visit.answered();
                if (!REDIRECTS.contains(response.getCode())) {
                    return reader.read(new Answer(name(first), plain(first, response), body(response), credentialSent));
                }
                if (hops == policy.maxRedirects()) {
                    throw new FetchException(
                            Kind.REFUSED,
                            name(first) + " redirects more than " + hops + " times"
                                    + (access == null ? ": see " + policy.settings() + ".max_redirects" : ""));
                }
                hop = hop.redirect(location(first, response), policy);
            } catch (IOException e) {
                throw failure(first, e, visit);
            } finally {
                // at once: a graceful end would first read what is left of the body
                client.close(CloseMode.IMMEDIATE);
                visit.close();
            }
        }
    }

    private SlowHosts.Hop enter(Target first) throws FetchException {
        try {
            return door.enter(hop.authority());
        } catch (SlowHosts.Remembered e) {
            if (!e.connected()) {
                throw noConnection(first);
            }
            throw new FetchException(
                    Kind.TIMEOUT,
                    name(first) + " is not asked: it or where it redirects to was not done in time less than "
                            + SlowHosts.MEMORY.toSeconds() + " s ago, see " + policy.settings()
                            + ".timeout; retry later");
        }
    }

    /** Bytes of the body so far, -1 before it begins: until then the timeouts of the connection decide. */
    long received() {
        return received.get();
    }

    /** Ends the fetch with a failure, unless it has ended. Never blocks. */
    synchronized void stop(Stop why) {
        if (stop == null) {
            stop = why;
            close(socket);
        }
    }

    /** A client for one hop. */
    private synchronized CloseableHttpClient client() {
        socket = null;
        var operator = new DefaultHttpClientConnectionOperator(
                proxy -> newSocket(), null, new Resolved(), scheme -> scheme.equals("https") ? tls : null);
        var connections = new BasicHttpClientConnectionManager(operator, CONNECTIONS);
        long patience = (access == null ? policy.timeout() : access.stall()).toMillis();
        connections.setConnectionConfig(ConnectionConfig.custom()
                // half, so that a second address of a host has its chance
                .setConnectTimeout(Timeout.ofMilliseconds(Math.max(1, patience / 2)))
                .setSocketTimeout(Timeout.ofMilliseconds(Math.max(1, patience)))
                .build());
        if (!proxied()) {
            // minimal: no redirects, retries, cookies, credentials, proxies and no decompression
            return HttpClients.createMinimal(connections);
        }
        return HttpClients.custom()
                .setConnectionManager(connections)
                .setProxy(proxy())
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .disableDefaultUserAgent()
                .build();
    }

    private boolean proxied() {
        return access != null && access.proxy() != null;
    }

    private HttpHost proxy() {
        return new HttpHost(access.proxy().host(), access.proxy().port());
    }

    /** The proxy is told who asks before it wants to know: a challenge would cost each hop a connection. */
    private HttpClientContext context() {
        HttpClientContext context = HttpClientContext.create();
        if (proxied() && access.proxy().username() != null) {
            var basic = new BasicScheme();
            basic.initPreemptive(new UsernamePasswordCredentials(
                    access.proxy().username(), access.proxy().password().toCharArray()));
            context.resetAuthExchange(proxy(), basic);
        }
        return context;
    }

    /** A proxy dials what it is asked to: of a name it finds the address, but an address can be checked here. */
    private void requireAddress(Target first) throws FetchException {
        try {
            if (proxied()
                    && hop.isAddress()
                    && !access.trusts(hop)
                    && !policy.addresses().allows(InetAddress.getByName(hop.host()))) {
                throw noConnection(first);
            }
        } catch (UnknownHostException e) {
            throw noConnection(first);
        }
    }

    private static HttpHost host(Target target) {
        return new HttpHost(
                target.isTls() ? "https" : "http", target.host(), target.uri().getPort());
    }

    private HttpGet request() {
        HttpGet request = new HttpGet(hop.uri());
        Map<String, String> opening = policy.credentials().headers(hop, addresses, policy.addresses());
        credentialSent = !opening.isEmpty();
        opening.forEach(request::setHeader);
        request.setHeader(HttpHeaders.USER_AGENT, "opensearch-clip");
        request.setHeader(HttpHeaders.ACCEPT, "*/*");
        request.setHeader(HttpHeaders.ACCEPT_ENCODING, "identity");
        request.setHeader(HttpHeaders.CONNECTION, "close");
        if (from > 0) {
            request.setHeader(HttpHeaders.RANGE, "bytes=" + from + "-");
        }
        if (access != null && access.token() != null && access.trusts(hop)) {
            request.setHeader(HttpHeaders.AUTHORIZATION, "Bearer " + access.token());
        }
        return request;
    }

    /** Not through the SOCKS proxy of the JVM: what it reaches is not what was checked. */
    private synchronized Socket newSocket() throws IOException {
        requireRunning();
        socket = new Socket(Proxy.NO_PROXY);
        return socket;
    }

    private synchronized void requireRunning() throws IOException {
        if (stop != null) {
            throw new IOException(stop.toString());
        }
    }

    private static ClassicHttpResponse plain(Target first, ClassicHttpResponse response) throws FetchException {
        Header encoding = response.getFirstHeader(HttpHeaders.CONTENT_ENCODING);
        if (encoding != null && !encoding.getValue().equalsIgnoreCase("identity") && response.getCode() < 300) {
            throw new FetchException(Kind.FAILED, name(first) + " sends a compressed body, although asked not to");
        }
        return response;
    }

    private InputStream body(ClassicHttpResponse response) throws IOException {
        received.set(0);
        if (response.getEntity() == null) {
            return InputStream.nullInputStream();
        }
        return new FilterInputStream(response.getEntity().getContent()) {
            @Override
            public int read() throws IOException {
                int b = in.read();
                received.addAndGet(b < 0 ? 0 : 1);
                return b;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                int n = in.read(bytes, offset, length);
                received.addAndGet(Math.max(0, n));
                return n;
            }
        };
    }

    private static String location(Target first, ClassicHttpResponse response) throws FetchException {
        if (response.countHeaders(HttpHeaders.LOCATION) != 1) {
            throw new FetchException(
                    Kind.FAILED, name(first) + " answers with status " + response.getCode() + " without one Location");
        }
        return response.getFirstHeader(HttpHeaders.LOCATION).getValue();
    }

    /**
     * Until a connection stands, one and the same message: whether a name is unknown, has an address on the inside, or has one
     * where nothing answers must not be told apart.
     */
    private synchronized FetchException failure(Target first, IOException e, SlowHosts.Hop visit) {
        boolean connected = socket != null && socket.isConnected();
        if (stop == Stop.DEADLINE || e instanceof SocketTimeoutException) {
            visit.timedOut(connected);
        } else {
            visit.broke();
        }
        if (stop == Stop.CLOSED) {
            return new FetchException(Kind.FAILED, name(first) + " is not fetched: the node is closing");
        }
        if (stop == Stop.CANCELLED) {
            return new FetchException(Kind.FAILED, name(first) + " is not fetched: cancelled");
        }
        if (!connected) {
            return noConnection(first);
        }
        if (stop == Stop.DEADLINE || access == null && e instanceof SocketTimeoutException) {
            return new FetchException(
                    Kind.TIMEOUT,
                    name(first) + " is not fetched within " + policy.timeout().toMillis() + " ms: see "
                            + policy.settings() + ".timeout");
        }
        if (stop == Stop.STALLED || e instanceof SocketTimeoutException) {
            return new FetchException(
                    Kind.TIMEOUT,
                    name(first) + " sends less than " + Access.FLOOR + " bytes a second for "
                            + access.stall().toMillis() + " ms: see " + policy.settings() + ".stall_timeout");
        }
        if (e instanceof SSLException) {
            return new FetchException(
                    Kind.FAILED, name(first) + " or where it redirects to has no TLS that this node trusts");
        }
        return new FetchException(Kind.FAILED, name(first) + " breaks off its answer, or it is not HTTP");
    }

    private FetchException noConnection(Target first) {
        return new FetchException(
                Kind.FAILED,
                "no connection to " + name(first)
                        + " or where it redirects to: an unknown host, no answer, or an address that may not be reached, see "
                        + policy.settings() + ".allowed_networks");
    }

    private static String name(Target target) {
        return "[" + Shown.of(target.host()) + "]";
    }

    private static void close(Socket socket) {
        if (socket == null) {
            return;
        }
        try {
            socket.close();
        } catch (IOException e) {
            // the fetch ends either way
        }
    }

    private InetAddress[] checkedAddresses() throws UnknownHostException {
        InetAddress[] all = resolver.resolve(hop.host());
        if (access != null && access.trusts(hop)) {
            return all;
        }
        for (InetAddress address : all) {
            if (!policy.addresses().allows(address)) {
                throw new UnknownHostException(hop.host());
            }
        }
        return all;
    }

    /** The client dials the very addresses that were checked, or a proxy. */
    private final class Resolved implements DnsResolver {

        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            return proxied() ? resolver.resolve(host) : addresses;
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }
}
