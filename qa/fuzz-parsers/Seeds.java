// SPDX-License-Identifier: Apache-2.0
import java.nio.file.Files;
import java.nio.file.Path;
import org.opensearch.clip.core.onnx.UntrustedGraph;

/** Writes what a fuzzer begins with and no file of the tests has. */
public final class Seeds {

    private Seeds() {}

    public static void main(String[] args) throws Exception {
        for (String parser : new String[] {"graph", "url", "base64", "json"}) {
            Files.createDirectories(Path.of(args[0], parser));
        }
        Files.write(Path.of(args[0], "graph", "everything"), UntrustedGraph.seed());
        String[] urls = {
            "https://example.org/a%20b?c=d#e", "HTTP://[::1]:8080/", "//user@host:1/../x", "http://1.2.3.4:65536", "https://xn--bcher-kva.example/"
        };
        String[] texts = {
            "data:image/png;base64,iVBORw0KGgo=", "iVBORw0K\r\nGgo", "data:image/svg+xml;base64,_-8", "data:,x", "DATA:;BASE64,AA=="
        };
        String[] sections = {"{\"type\":\"NFC\"}", "[1,-2.5e3,true,null,\"\\u00e9\"]", "{\"a\":{\"b\":[[]]}}"};
        write(args[0], "url", urls);
        write(args[0], "base64", texts);
        write(args[0], "json", sections);
    }

    private static void write(String folder, String parser, String[] texts) throws Exception {
        for (int i = 0; i < texts.length; i++) {
            Files.writeString(Path.of(folder, parser, "seed-" + i), texts[i]);
        }
    }
}
