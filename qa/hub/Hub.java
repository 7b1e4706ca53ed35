// SPDX-License-Identifier: Apache-2.0

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A small hub: folders served in the layout of the Hugging Face API, as far as this plugin asks for it. Each {@code <root>/<owner>/<name>} is a
 * repository with one revision, whose commit is the hash of its listing. Prints a line for each request.
 *
 * <p>{@code java qa/hub/Hub.java <root> <port> [bytes a second]}, then {@code plugins.clip.hub.url: http://<host>:<port>} on each node.
 */
public final class Hub {

    private final Path root;
    private final long rate;

    private Hub(Path root, long rate) {
        this.root = root;
        this.rate = rate;
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 2) {
            System.err.println("java Hub.java <root> <port> [bytes a second]");
            System.exit(2);
        }
        Hub hub = new Hub(Path.of(args[0]).toRealPath(), args.length > 2 ? Long.parseLong(args[2]) : Long.MAX_VALUE);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", hub::serve);
        server.start();
        System.out.println("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        System.out.println(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
        String[] part = path.substring(1).split("/", 6);
        try (exchange) {
            if (path.startsWith("/api/models/") && part.length == 6 && part[4].equals("revision")) {
                json(exchange, "{\"sha\": \"" + commit(part[2], part[3]) + "\"}");
            } else if (path.startsWith("/api/models/") && part.length == 6 && part[4].equals("tree")) {
                json(exchange, listing(part[2], part[3]));
            } else if (part.length >= 5 && part[2].equals("resolve") && part[3].equals(commit(part[0], part[1]))) {
                String[] file = path.substring(1).split("/", 5);
                send(exchange, folder(file[0], file[1]).resolve(file[4]).normalize(), range);
            } else {
                exchange.sendResponseHeaders(404, -1);
            }
        } catch (IOException e) {
            System.out.println("cut: " + path);
        }
    }

    private Path folder(String owner, String name) throws IOException {
        Path folder = root.resolve(owner).resolve(name).normalize();
        if (!folder.startsWith(root) || !Files.isDirectory(folder)) {
            throw new IOException("no repository " + owner + "/" + name);
        }
        return folder;
    }

    private String commit(String owner, String name) throws IOException {
        return sha256(listing(owner, name).getBytes(StandardCharsets.UTF_8)).substring(0, 40);
    }

    private String listing(String owner, String name) throws IOException {
        Path folder = folder(owner, name);
        List<String> entries = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String path = folder.relativize(file).toString().replace('\\', '/');
                long size = Files.size(file);
                String lfs = path.contains(".onnx") // the hub knows the hash of large files only
                        ? ", \"lfs\": {\"oid\": \"" + sha256(Files.readAllBytes(file)) + "\", \"size\": " + size + "}"
                        : "";
                entries.add("{\"type\": \"file\", \"path\": \"" + path + "\", \"size\": " + size + lfs + "}");
            }
        }
        return "[" + String.join(", ", entries) + "]";
    }

    private void send(HttpExchange exchange, Path file, String range) throws IOException {
        if (!file.startsWith(root) || !Files.isRegularFile(file)) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        long size = Files.size(file);
        long from = range == null ? 0 : Long.parseLong(range.replaceAll("bytes=(\\d+)-", "$1"));
        if (from >= size) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (size - 1) + "/" + size);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, size - from);
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = exchange.getResponseBody()) {
            in.skipNBytes(from);
            long begin = System.nanoTime();
            long sent = 0;
            byte[] buffer = new byte[16 * 1024];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                out.flush();
                sent += n;
                pause(sent * 1e9 / rate - (System.nanoTime() - begin));
            }
        }
    }

    private static void pause(double nanos) {
        try {
            Thread.sleep(Math.max(0, (long) (nanos / 1e6)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void json(HttpExchange exchange, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
