// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.time.Duration;

/**
 * How servers are asked that an administrator chose, beyond what a {@link FetchPolicy} says for any URL.
 *
 * @param trusted URL of a server, {@code null} = none: its scheme, host and port may have any address and alone get the token;
 *     where they redirect to is under the whole policy
 * @param token for a bearer authorisation, {@code null} = none
 * @param proxy that everything goes through, {@code null} = none. It resolves names by itself, so that only literal addresses can be
 *     checked
 * @param stall a transfer ends when fewer than {@value #FLOOR} bytes a second arrive in this time
 */
public record Access(String trusted, String token, Proxy proxy, Duration stall) {

    /** Bytes a second; a server below it would hold a thread for days. */
    public static final int FLOOR = 1024;

    /**
     * An HTTP proxy.
     *
     * @param username for Basic authorisation, {@code null} = none; not seen by any server behind the proxy
     */
    public record Proxy(String host, int port, String username, String password) {

        /** Without the password. */
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    boolean trusts(Target target) {
        try {
            return trusted != null
                    && Target.of(trusted, FetchPolicy.ANY_HOST).origin().equals(target.origin());
        } catch (FetchException e) {
            return false;
        }
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "Access[trusted=" + trusted + ", proxy=" + proxy + ", stall=" + stall + "]";
    }
}
