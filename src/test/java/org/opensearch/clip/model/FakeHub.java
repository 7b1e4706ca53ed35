// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.model;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opensearch.common.hash.MessageDigests;

/**
 * A hub on loopback: files in the layout of the Hugging Face API, large ones handed out by a second server as the real hub does it, and
 * whatever can go wrong with that. Every file that ends in {@code .onnx} is in large-file storage.
 */
public final class FakeHub implements AutoCloseable {

    public static final String REPOSITORY = "acme/tiny-clip";
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** What goes wrong with a request of a file. */
    public interface Trouble {

        /** @return whether it has answered; otherwise the answer is as it should be */
        boolean answers(HttpExchange exchange, byte[] content) throws IOException;
    }

    private final TreeMap<String, byte[]> files = new TreeMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch end = new CountDownLatch(1);
    private final HttpServer hub;
    private final HttpServer storage;
    private final Map<String, Trouble> troubles = new ConcurrentHashMap<>();

    /** {@code <server> <path> <range> <authorization>} of each request, servers {@code hub} and {@code storage}. */
    public final List<String> requests = new CopyOnWriteArrayList<>();

    private String repository = REPOSITORY;
    private String commit = COMMIT;

    /** Files on one page of a listing. */
    public volatile int page = 1000;

    /** @param storageAddress of the second server */
    public FakeHub(String storageAddress) {
        try {
            hub = server("127.0.0.1");
            hub.createContext("/", exchange -> serve("hub", exchange));
            storage = server(storageAddress);
            storage.createContext("/", exchange -> serve("storage", exchange));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public FakeHub() {
        this("127.0.0.1");
    }

    /** As the hub of this repository, whose newest commit is {@code revision}. */
    public FakeHub as(String name, String revision) {
        repository = name;
        commit = revision;
        return this;
    }

    private HttpServer server(String address) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(address, 0), 0);
        server.setExecutor(threads);
        server.start();
        return server;
    }

    public FakeHub with(String path, byte[] content) {
        files.put(path, content);
        return this;
    }

    /** With all files of a folder of this project. */
    public FakeHub with(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                with(folder.relativize(file).toString(), Files.readAllBytes(file));
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on requests for a file end like this; on whichever server its bytes are. */
    public void trouble(String path, Trouble trouble) {
        troubles.put(path, trouble);
    }

    public String url() {
        return url(hub);
    }

    private static String url(HttpServer server) {
        return "http://" + server.getAddress().getAddress().getHostAddress() + ":"
                + server.getAddress().getPort();
    }

    public static String sha256(byte[] content) {
        return MessageDigests.toHexString(MessageDigests.sha256().digest(content));
    }

    /** Requests for a file's bytes. */
    public List<String> requests(String path) {
        return requests.stream()
                .filter(request -> request.contains("/" + path + " "))
                .toList();
    }

    private void serve(String server, HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        requests.add(server + " " + path + " " + exchange.getRequestHeaders().getFirst("Range") + " "
                + exchange.getRequestHeaders().getFirst("Authorization"));
        try (exchange) {
            String resolve = "/" + repository + "/resolve/" + commit + "/";
            if (path.equals("/api/models/" + repository + "/revision/main")) {
                json(exchange, "{\"id\": \"" + repository + "\", \"sha\": \"" + commit + "\"}");
            } else if (path.equals("/api/models/" + repository + "/tree/" + commit)) {
                tree(exchange);
            } else if (path.startsWith(resolve) && files.containsKey(path.substring(resolve.length()))) {
                file(server, exchange, path.substring(resolve.length()));
            } else {
                status(exchange, 404);
            }
        } catch (IOException e) {
            // the other end went away, or was sent away
        }
    }

    private void tree(HttpExchange exchange) throws IOException {
        String query = exchange.getRequestURI().getRawQuery();
        int from = query.contains("cursor=") ? Integer.parseInt(query.replaceAll(".*cursor=", "")) : 0;
        List<String> paths = List.copyOf(files.keySet());
        int to = Math.min(paths.size(), from + page);
        if (to < paths.size()) { // as a mirror does it that hands through what its hub says
            exchange.getResponseHeaders()
                    .add(
                            "Link",
                            "<https://huggingface.co/api/models/x/tree/y?recursive=true&cursor=" + to
                                    + ">; rel=\"next\"");
        }
        json(
                exchange,
                paths.subList(from, to).stream()
                        .map(this::entry)
                        .collect(Collectors.joining(
                                ", ", "[{\"type\": \"directory\", \"path\": \"onnx\", \"size\": 0}, ", "]")));
    }

    private String entry(String path) {
        byte[] content = files.get(path);
        String lfs = path.endsWith(".onnx")
                ? ", \"lfs\": {\"oid\": \"" + sha256(content) + "\", \"size\": " + content.length
                        + ", \"pointerSize\": 134}"
                : "";
        return "{\"type\": \"file\", \"oid\": \"" + "ab".repeat(20) + "\", \"size\": " + content.length
                + ", \"path\": \"" + path + "\"" + lfs + "}";
    }

    private void file(String server, HttpExchange exchange, String path) throws IOException {
        byte[] content = files.get(path);
        if (server.equals("hub") && path.endsWith(".onnx")) {
            exchange.getResponseHeaders().add("X-Repo-Commit", commit);
            exchange.getResponseHeaders().add("X-Linked-Etag", '"' + sha256(content) + '"');
            exchange.getResponseHeaders()
                    .add("Location", url(storage) + exchange.getRequestURI().getRawPath());
            status(exchange, 302);
            return;
        }
        Trouble trouble = troubles.get(path);
        if (trouble != null && trouble.answers(exchange, content)) {
            return;
        }
        send(exchange, content, from(exchange), content.length);
    }

    /** First byte asked for. */
    public static int from(HttpExchange exchange) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        return range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    }

    /** Sends bytes up to {@code to} and cuts the connection when that is not the end. */
    public static void send(HttpExchange exchange, byte[] content, int from, int to) throws IOException {
        if (from >= content.length) {
            status(exchange, 416);
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
        OutputStream body = exchange.getResponseBody();
        body.write(content, from, to - from);
        body.flush();
        if (to == content.length) {
            body.close();
        }
    }

    /** A byte now and then, until this hub is closed. */
    public void drip(HttpExchange exchange, byte[] content) throws IOException {
        exchange.sendResponseHeaders(200, content.length);
        for (int i = 0; i < content.length && !ended(50); i++) {
            exchange.getResponseBody().write(content[i]);
            exchange.getResponseBody().flush();
        }
    }

    private boolean ended(long millis) {
        try {
            return end.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            return true;
        }
    }

    public static void status(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
    }

    private static void json(HttpExchange exchange, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        end.countDown();
        hub.stop(0);
        storage.stop(0);
        threads.shutdownNow();
    }
}
