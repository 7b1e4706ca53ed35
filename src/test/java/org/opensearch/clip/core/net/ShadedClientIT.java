// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.opensearch.test.OpenSearchTestCase;
import org.slf4j.LoggerFactory;

/**
 * The HTTP client as it is in the jar of the zip, under its other name and without what nobody reaches: unit tests run on the whole of it under its own.
 * Nothing else of the class path is seen by it.
 */
public class ShadedClientIT extends OpenSearchTestCase {

    private static final byte[] OK = "ok".getBytes(StandardCharsets.US_ASCII);

    private final Loopback loopback = new Loopback();
    private URLClassLoader loader;

    @Override
    public void setUp() throws Exception {
        super.setUp();
        URL slf4j = LoggerFactory.class.getProtectionDomain().getCodeSource().getLocation();
        loader = new URLClassLoader(new URL[] {jar().toUri().toURL(), slf4j}, ClassLoader.getPlatformClassLoader());
    }

    @Override
    public void tearDown() throws Exception {
        loopback.close();
        loader.close();
        super.tearDown();
    }

    private static Path jar() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("target"))) {
            List<Path> jars = files.filter(
                            file -> file.getFileName().toString().matches("opensearch-clip-[0-9.]+\\.jar"))
                    .toList();
            assertEquals("package makes it", 1, jars.size());
            return jars.getFirst();
        }
    }

    private Class<?> load(String name) throws ClassNotFoundException {
        return loader.loadClass("org.opensearch.clip.core.net." + name);
    }

    private Object policy() throws Exception {
        Class<?> addresses = load("AddressPolicy");
        List<String> here = List.of("127.0.0.0/8", "::1/128");
        return load("FetchPolicy")
                .getConstructor(List.class, List.class, addresses, Duration.class, int.class, long.class)
                .newInstance(
                        List.of("*"),
                        List.of(),
                        addresses.getMethod("opening", List.class).invoke(null, here),
                        Loopback.AMPLE,
                        3,
                        1000L);
    }

    private Object fetcher() throws Exception {
        Class<?> timer = load("Fetcher$Timer");
        Runnable nothing = () -> {};
        Object never = Proxy.newProxyInstance(loader, new Class<?>[] {timer}, (proxy, method, args) -> nothing);
        return load("Fetcher").getConstructor(timer).newInstance(never);
    }

    private String get(String url) throws Exception {
        return text(load("Fetcher")
                .getMethod("get", String.class, load("FetchPolicy"))
                .invoke(fetcher(), url, policy()));
    }

    private static String text(Object bytes) {
        return new String((byte[]) bytes, StandardCharsets.US_ASCII);
    }

    /** As the plugin downloads models. */
    private String throughProxy(String proxy, String url) throws Exception {
        Class<?> proxies = load("Access$Proxy");
        int colon = proxy.indexOf(':');
        Object by = proxies.getConstructor(String.class, int.class, String.class, String.class)
                .newInstance(proxy.substring(0, colon), Integer.parseInt(proxy.substring(colon + 1)), "user", "secret");
        Object access = load("Access")
                .getConstructor(String.class, String.class, proxies, Duration.class)
                .newInstance(null, null, by, Loopback.AMPLE);
        Class<?> readers = load("Fetcher$Reader");
        Object reader = Proxy.newProxyInstance(
                loader,
                new Class<?>[] {readers},
                (self, method, args) -> load("Answer")
                        .getMethod("bytes", int.class, String.class)
                        .invoke(args[0], 1000, null));
        Class<?> cancellations = load("Fetcher$Cancellation");
        Runnable nothing = () -> {};
        Object never = Proxy.newProxyInstance(loader, new Class<?>[] {cancellations}, (self, method, args) -> nothing);
        return text(load("Fetcher")
                .getMethod("ask", String.class, long.class, load("FetchPolicy"), load("Access"), cancellations, readers)
                .invoke(fetcher(), url, 0L, policy(), access, never, reader));
    }

    private String server(SSLContext context) throws IOException {
        return "https://localhost:" + loopback.https(context, exchange -> Loopback.answer(exchange, 200, OK));
    }

    public void testFetchesAndFollows() throws Exception {
        String there = loopback.http(exchange -> Loopback.answer(exchange, 200, OK));
        String here = loopback.raw("HTTP/1.1 302 Found\r\nLocation: " + there + "/x\r\nContent-Length: 0\r\n\r\n");
        assertEquals("ok", get(there));
        assertEquals("ok", get(here));
    }

    public void testSpeaksTlsWithWhomTheNodeTrustsAlsoThroughAProxy() throws Exception {
        Path folder = createTempDir();
        SSLContext context = SelfSigned.context(folder, "localhost");
        String url = server(context);
        var e = expectThrows(InvocationTargetException.class, () -> get(url));
        assertTrue(e.getCause().getMessage(), e.getCause().getMessage().endsWith("has no TLS that this node trusts"));
        System.setProperty("javax.net.ssl.trustStore", folder + "/server.p12");
        System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
        try {
            assertEquals("ok", get(url));
            // user:secret
            assertEquals("ok", throughProxy(loopback.tunnel("Basic dXNlcjpzZWNyZXQ="), url));
        } finally {
            System.clearProperty("javax.net.ssl.trustStore");
            System.clearProperty("javax.net.ssl.trustStorePassword");
        }
    }
}
