// SPDX-License-Identifier: Apache-2.0
import org.opensearch.clip.Untrusted;

/** Hands Jazzer's bytes to the parser that is named: what it throws is a finding. */
public final class Fuzz {

    private static Untrusted parser;

    private Fuzz() {}

    public static void fuzzerInitialize(String[] args) throws Exception {
        parser = Untrusted.parser(args[0]);
    }

    public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
        parser.read(bytes);
    }
}
