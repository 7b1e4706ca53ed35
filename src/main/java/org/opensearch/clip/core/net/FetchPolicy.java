// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What may be fetched, how much of it, and what opens it. Hosts are compared as ASCII without case: an internationalised name is written in
 * its {@code xn--} form.
 *
 * @param allowedHosts {@code *}, an exact host or {@code *.suffix} (which does not match the suffix itself); a host must match
 *     one
 * @param deniedHosts the same; a host must match none
 * @param addresses which addresses a host may have
 * @param timeout absolute, for the whole fetch with all its redirects
 * @param maxRedirects hops followed, each one checked like the first
 * @param maxBytes of a body that is handed out as one array, counted while reading
 * @param credentials sent to the hosts that they are for
 * @param settings what the settings begin with that a message names
 */
public record FetchPolicy(
        List<String> allowedHosts,
        List<String> deniedHosts,
        AddressPolicy addresses,
        Duration timeout,
        int maxRedirects,
        long maxBytes,
        Credentials credentials,
        String settings) {

    private static final Pattern HOST =
            Pattern.compile("\\*|(?:\\*\\.)?[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]+\\]");

    /** A body is handed out as one array. */
    private static final int MAX_ARRAY = Integer.MAX_VALUE - 8;

    /** To take a URL apart of which the host was chosen by the administrator. */
    static final FetchPolicy ANY_HOST =
            new FetchPolicy(List.of("*"), List.of(), AddressPolicy.PUBLIC_ONLY, Duration.ofSeconds(1), 0, 1);

    /** For pictures that anybody may see. */
    public FetchPolicy(
            List<String> allowedHosts,
            List<String> deniedHosts,
            AddressPolicy addresses,
            Duration timeout,
            int maxRedirects,
            long maxBytes) {
        this(
                allowedHosts,
                deniedHosts,
                addresses,
                timeout,
                maxRedirects,
                maxBytes,
                Credentials.NONE,
                "plugins.clip.image.url");
    }

    public FetchPolicy {
        allowedHosts = allowedHosts.stream().map(FetchPolicy::hostPattern).toList();
        deniedHosts = deniedHosts.stream().map(FetchPolicy::hostPattern).toList();
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout must be positive, got " + timeout);
        }
        if (maxRedirects < 0) {
            throw new IllegalArgumentException("maxRedirects must not be negative, got " + maxRedirects);
        }
        if (maxBytes < 1 || maxBytes > MAX_ARRAY) {
            throw new IllegalArgumentException("maxBytes must be in [1, " + MAX_ARRAY + "], got " + maxBytes);
        }
    }

    /**
     * @return the pattern in the form that is compared
     * @throws IllegalArgumentException when it is no pattern for hosts
     */
    public static String hostPattern(String pattern) {
        String lower = pattern.toLowerCase(Locale.ROOT);
        if (!HOST.matcher(lower).matches()) {
            throw new IllegalArgumentException(
                    "[" + pattern
                            + "] is no host pattern: use [*], a host such as [img.example.org] or a suffix such as [*.example.org]");
        }
        return lower;
    }

    public FetchPolicy with(Credentials those) {
        return new FetchPolicy(allowedHosts, deniedHosts, addresses, timeout, maxRedirects, maxBytes, those, settings);
    }

    /** @param atMost shortens the timeout; a longer one changes nothing */
    public FetchPolicy within(Duration atMost) {
        return atMost.compareTo(timeout) >= 0
                ? this
                : new FetchPolicy(
                        allowedHosts, deniedHosts, addresses, atMost, maxRedirects, maxBytes, credentials, settings);
    }

    /** @param host lower case, as in a URL: an IPv6 literal has its brackets */
    boolean allowsHost(String host) {
        return matches(allowedHosts, host) && !matches(deniedHosts, host);
    }

    private static boolean matches(List<String> patterns, String host) {
        return patterns.stream().anyMatch(p -> matches(p, host));
    }

    static boolean matches(String pattern, String host) {
        return pattern.equals("*")
                || pattern.equals(host)
                || pattern.startsWith("*.") && host.endsWith(pattern.substring(1));
    }
}
