// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.nio.charset.StandardCharsets;
import org.opensearch.clip.core.net.FetchException.Kind;

/** What holds of any text that is taken for a URL: a target that is what the text says, or a refusal. */
public final class UntrustedUrl {

    private UntrustedUrl() {}

    public static void read(byte[] bytes) {
        String url = new String(bytes, StandardCharsets.UTF_8);
        try {
            check(Target.of(url, FetchPolicy.ANY_HOST));
        } catch (FetchException expected) {
            refused(expected);
        }
        try {
            check(Target.of("https://example.org/a/b?c", FetchPolicy.ANY_HOST).redirect(url, FetchPolicy.ANY_HOST));
        } catch (FetchException expected) {
            refused(expected);
        }
    }

    /** Read again, a target is the same: nothing is left that another parser might take otherwise. */
    private static void check(Target target) throws FetchException {
        Target again = Target.of(target.uri().toString(), FetchPolicy.ANY_HOST);
        boolean same = again.equals(target) && again.origin().equals(target.origin());
        if (!same || target.uri().getRawUserInfo() != null || !target.origin().contains("://" + target.host())) {
            throw new AssertionError(target + " is read again as " + again);
        }
    }

    private static void refused(FetchException e) {
        if (e.kind() != Kind.REFUSED) {
            throw new AssertionError(e);
        }
    }
}
