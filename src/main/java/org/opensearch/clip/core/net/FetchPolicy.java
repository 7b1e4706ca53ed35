package org.opensearch.clip.core.net;

import java.time.Duration;
import java.util.List;

/**
 * What may be fetched and how much of it.
 *
 * @param allowedHosts {@code *}, an exact host or {@code *.suffix}; a host must match one
 * @param deniedHosts the same; a host must match none
 * @param allowedNetworks CIDRs of non-public networks that may be reached
 * @param timeout absolute, for the whole fetch with all its redirects
 * @param maxRedirects hops followed, each one checked like the first
 * @param maxBytes counted while reading
 */
public record FetchPolicy(
        List<String> allowedHosts,
        List<String> deniedHosts,
        List<String> allowedNetworks,
        Duration timeout,
        int maxRedirects,
        long maxBytes) {}
