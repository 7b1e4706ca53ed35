// SPDX-License-Identifier: Apache-2.0
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Pictures on loopback for those who know the secret: {@code java qa/hub/Guarded.java <folder> <port> <file>}. The file has the value of
 * {@code Authorization} that opens them, and may change at any time.
 */
class Guarded {

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                String name = exchange.getRequestURI().getPath().replaceAll(".*/", "");
                boolean open = Files.readString(Path.of(args[2]))
                        .strip()
                        .equals(exchange.getRequestHeaders().getFirst("Authorization"));
                byte[] body = open ? Files.readAllBytes(folder.resolve(name)) : new byte[] {'?'};
                exchange.sendResponseHeaders(open ? 200 : 401, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        server.start();
    }
}
