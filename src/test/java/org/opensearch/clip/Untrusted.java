// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.opensearch.clip.core.image.UntrustedPicture;
import org.opensearch.clip.core.net.UntrustedUrl;
import org.opensearch.clip.core.onnx.UntrustedGraph;
import org.opensearch.clip.core.text.UntrustedTokenizer;
import org.opensearch.clip.embed.scheduling.UntrustedBase64;

/**
 * Our parsers of bytes that others made, by the names that {@code qa/fuzz-parsers.sh} has for them. Each returns when what
 * has to hold of any bytes holds, and throws otherwise.
 */
public interface Untrusted {

    /** Of those that a fuzzer decodes; the rest of a picture is more of the same. */
    long MAX_PIXELS = 100_000;

    void read(byte[] bytes) throws IOException;

    static Untrusted parser(String name) throws IOException {
        return switch (name) {
            case "picture-header" -> UntrustedPicture::readHeader;
            case "picture" -> bytes -> UntrustedPicture.read(bytes, MAX_PIXELS);
            case "picture-native" ->
                bytes -> {
                    if (UntrustedPicture.isNative(bytes)) {
                        UntrustedPicture.read(bytes, MAX_PIXELS);
                    }
                };
            case "graph" -> {
                Path file = Files.createTempFile("graph", ".onnx");
                file.toFile().deleteOnExit();
                yield bytes -> UntrustedGraph.read(bytes, file);
            }
            case "tokenizer" -> UntrustedTokenizer::read;
            case "json" -> UntrustedTokenizer::readSection;
            case "url" -> UntrustedUrl::read;
            case "base64" -> new UntrustedBase64()::read;
            default -> throw new IllegalArgumentException("no parser [" + name + "]");
        };
    }
}
