// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.opensearch.clip.core.message.Shown;
import org.opensearch.clip.core.net.FetchException.Kind;

/**
 * A URL that the policy lets through. {@link URI} takes it apart, once, and what it says is what is dialled; forms that
 * another parser might read otherwise are refused instead of repaired.
 *
 * @param uri absolute, http or https, without user info and fragment
 * @param host lower case; an IPv6 literal has its brackets
 */
record Target(URI uri, String host) {

    private static final int MAX_LENGTH = 8192;

    /**
     * @param url as the user gave it
     * @throws FetchException of kind {@code REFUSED}; the message shows the host at most, for the rest may hold a secret
     */
    static Target of(String url, FetchPolicy policy) throws FetchException {
        URI uri = parse(url);
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw refused("its scheme is neither http nor https");
        }
        if (uri.getRawUserInfo() != null) {
            throw refused("it carries a user name or password");
        }
        if (uri.getHost() == null) {
            throw refused("it has no host of letters, digits, dots and hyphens");
        }
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        requirePlain(host);
        requirePort(uri);
        if (!policy.allowsHost(host)) {
            throw refused("its host [" + Shown.of(host) + "] is not one that may be reached: see " + policy.settings()
                    + ".allowed_hosts and " + policy.settings() + ".denied_hosts");
        }
        return new Target(uri, host);
    }

    private static URI parse(String url) throws FetchException {
        if (url.length() > MAX_LENGTH) {
            throw refused("it has " + url.length() + " characters, at most " + MAX_LENGTH + " are allowed");
        }
        if (url.chars().anyMatch(c -> c <= ' ' || c >= 0x7f || c == '\\')) {
            throw refused("it has characters that must be percent-encoded (in a host: written as xn--)");
        }
        try {
            return new URI(withoutFrom('#', url));
        } catch (URISyntaxException e) {
            throw refused("it is no valid URL: " + e.getReason());
        }
    }

    private static void requirePlain(String host) throws FetchException {
        if (host.endsWith(".") || host.indexOf('%') >= 0) {
            throw refused("its host ends in a dot or names an interface");
        }
        // no top-level domain starts with a digit, but what inet_aton reads as an address may end so
        char lastLabel = host.charAt(host.lastIndexOf('.') + 1);
        if (!host.startsWith("[") && lastLabel >= '0' && lastLabel <= '9' && !Network.isIpv4(host)) {
            throw refused("its host is no name and no IPv4 address of four decimal numbers");
        }
    }

    private static void requirePort(URI uri) throws FetchException {
        if (uri.getPort() != -1 && !isPort(uri.getPort())
                || uri.getRawAuthority().endsWith(":")) {
            throw refused("its port is not in [1, 65535]");
        }
    }

    private static FetchException refused(String why) {
        return new FetchException(Kind.REFUSED, "URL is not fetched: " + why);
    }

    static boolean isPort(int port) {
        return port > 0 && port <= 0xffff;
    }

    /** Scheme, host and port: who is asked. */
    String origin() {
        return uri.getScheme().toLowerCase(Locale.ROOT) + "://" + host + ":" + port();
    }

    /** Host and port, whatever the scheme. */
    String authority() {
        return host + ":" + port();
    }

    int port() {
        return uri.getPort() > 0 ? uri.getPort() : defaultPort();
    }

    boolean isDefaultPort() {
        return port() == defaultPort();
    }

    private int defaultPort() {
        return isTls() ? 443 : 80;
    }

    boolean isAddress() {
        return host.startsWith("[") || Network.isIpv4(host);
    }

    boolean isTls() {
        return uri.getScheme().equalsIgnoreCase("https");
    }

    /**
     * Where a redirect leads, under the whole policy again. What is refused is not named: it may be an address on the inside.
     *
     * @param location absolute or relative to this
     * @throws FetchException of kind {@code REFUSED}
     */
    Target redirect(String location, FetchPolicy policy) throws FetchException {
        try {
            Target next = of(resolve(location).toString(), policy);
            if (next.isTls() || !isTls()) {
                return next;
            }
        } catch (FetchException | URISyntaxException e) {
            throw new FetchException(
                    Kind.REFUSED, "[" + Shown.of(host) + "] redirects to a URL that may not be fetched");
        }
        throw new FetchException(Kind.REFUSED, "[" + Shown.of(host) + "] redirects from https to http");
    }

    /** As RFC 3986 5.3 has it; {@link URI#resolve} drops the last segment of the path where the reference has none. */
    private URI resolve(String location) throws URISyntaxException {
        String reference = withoutFrom('#', location);
        if (reference.isEmpty()) {
            return uri;
        }
        return reference.startsWith("?")
                ? new URI(withoutFrom('?', uri.toString()) + reference)
                : uri.resolve(new URI(reference));
    }

    private static String withoutFrom(char c, String text) {
        int at = text.indexOf(c);
        return at < 0 ? text : text.substring(0, at);
    }
}
