// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;

/** Servers on loopback, and a fetcher that may reach them; all end with {@link #close}. */
final class Loopback implements AutoCloseable {

    /** What a raw server does with a connection. */
    interface Conversation {
        void hold(InputStream in, OutputStream out) throws Exception;
    }

    /** Far beyond what anything here takes. */
    static final Duration AMPLE = Duration.ofMinutes(1);

    private static final Pattern CONNECT = Pattern.compile("CONNECT [^ :]+:([0-9]+) HTTP/1\\.1\r\n.*", Pattern.DOTALL);

    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(daemon());
    private final List<AutoCloseable> open = new ArrayList<>();

    /** Heads of the requests that raw servers got. */
    final Queue<String> heads = new ConcurrentLinkedQueue<>();

    final Fetcher.Timer timer = (task, delay) -> {
        var future = scheduler.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
        return () -> future.cancel(false);
    };

    /** Resolves like the machine does. */
    Fetcher fetcher() {
        return keep(new Fetcher(timer));
    }

    Fetcher fetcher(Fetcher.Resolver resolver) {
        return keep(new Fetcher(timer, resolver, null, System::nanoTime));
    }

    /** Trusts the certificate of {@link SelfSigned}, and finds every host here. */
    Fetcher trusting(SSLContext context) {
        return trusting(new DefaultClientTlsStrategy(context, HostnameVerificationPolicy.BUILTIN, null));
    }

    Fetcher trusting(TlsSocketStrategy tls) {
        return keep(new Fetcher(timer, host -> InetAddress.getAllByName("127.0.0.1"), tls, System::nanoTime));
    }

    static FetchPolicy policy(Duration timeout, int maxRedirects, long maxBytes, String... networks) {
        return new FetchPolicy(
                List.of("*"), List.of(), AddressPolicy.opening(List.of(networks)), timeout, maxRedirects, maxBytes);
    }

    static FetchPolicy policy() {
        return policy(AMPLE, 3, 1000, "127.0.0.0/8");
    }

    /** @return its base URL, without a slash at the end */
    String http(HttpHandler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", handler);
        server.start();
        open.add(() -> server.stop(0));
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** @return the port */
    int https(SSLContext context, HttpHandler handler) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", handler);
        server.start();
        open.add(() -> server.stop(0));
        return server.getAddress().getPort();
    }

    /**
     * A proxy that tunnels to loopback, whatever the name of the host, for those who say who they are.
     *
     * @param authorization wanted
     * @return its {@code host:port}
     */
    String tunnel(String authorization) throws IOException {
        return "127.0.0.1:"
                + server("127.0.0.1", (in, out) -> {
                    String head = head(in);
                    heads.add(head);
                    Matcher connect = CONNECT.matcher(head);
                    if (!connect.matches() || !head.contains("\r\nProxy-Authorization: " + authorization + "\r\n")) {
                        out.write(("HTTP/1.1 407 Proxy Authentication Required\r\n"
                                        + "Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                        return;
                    }
                    out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    try (Socket server = new Socket("127.0.0.1", Integer.parseInt(connect.group(1)))) {
                        daemon().newThread(() -> {
                                    try {
                                        in.transferTo(server.getOutputStream());
                                    } catch (IOException e) {
                                        // one of the ends is closed
                                    }
                                })
                                .start();
                        server.getInputStream().transferTo(out);
                    }
                });
    }

    static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Reads the head of the request, then lets {@code conversation} answer. */
    String raw(Conversation conversation) throws IOException {
        return "http://127.0.0.1:"
                + server("127.0.0.1", (in, out) -> {
                    heads.add(head(in));
                    conversation.hold(in, out);
                });
    }

    /** Answers every request with these bytes and closes. */
    String raw(String answer) throws IOException {
        return raw((in, out) -> out.write(answer.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** @return the port */
    int server(String address, Conversation conversation) throws IOException {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName(address));
        open.add(server);
        daemon().newThread(() -> accept(server, conversation)).start();
        return server.getLocalPort();
    }

    private void accept(ServerSocket server, Conversation conversation) {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                daemon().newThread(() -> {
                            try (socket) {
                                conversation.hold(socket.getInputStream(), socket.getOutputStream());
                            } catch (Exception e) {
                                // the other end went away, as it should where it was cut off
                            }
                        })
                        .start();
            } catch (IOException e) {
                // closed
            }
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (int c = in.read(); c >= 0; c = in.read()) {
            head.append((char) c);
            if (head.toString().endsWith("\r\n\r\n")) {
                break;
            }
        }
        return head.toString();
    }

    <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private static ThreadFactory daemon() {
        return task -> {
            Thread thread = new Thread(task, "loopback");
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable closeable : open.reversed()) {
            closeable.close();
        }
        scheduler.shutdownNow();
    }
}
