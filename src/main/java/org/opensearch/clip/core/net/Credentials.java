// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.net;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opensearch.clip.core.message.Shown;

/**
 * Headers that open hosts. Asked anew for each hop, so that a redirect carries none to a host that it is not for. Immutable; never shows a
 * value.
 */
public final class Credentials {

    public static final Credentials NONE = new Credentials(List.of());

    private static final Pattern SCOPE = Pattern.compile("(\\[[^\\]]*\\]|[^:]*)(?::([0-9]{1,5}))?");
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}");
    private static final Pattern VALUE = Pattern.compile("[!-~](?:[ -~]{0,8190}[!-~])?");

    /** They frame the message, steer the connection, or decide what body arrives: no server asks for a secret in them. */
    private static final Set<String> NOT_FOR_SECRETS = Set.of(
            "accept-encoding",
            "connection",
            "content-encoding",
            "content-length",
            "expect",
            "host",
            "keep-alive",
            "range",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    /**
     * @param name for messages
     * @param hosts see {@link #hostPattern}
     * @param header see {@link #headerName}
     * @param value the whole value, such as {@code Bearer abc}
     */
    public record Credential(String name, List<String> hosts, String header, String value) {

        /** Without the value. */
        @Override
        public String toString() {
            return "Credential[name=" + name + ", hosts=" + hosts + ", header=" + header + "]";
        }
    }

    /** @param port 0 = the one of the scheme */
    private record Scope(String host, int port, Credential credential) {

        static Scope of(String pattern, Credential credential) {
            Matcher parts = matched(pattern);
            int port = parts.group(2) == null ? 0 : Integer.parseInt(parts.group(2));
            return new Scope(FetchPolicy.hostPattern(parts.group(1)), port, credential);
        }

        boolean covers(Target target) {
            boolean samePort = port == 0 ? target.isDefaultPort() : port == target.port();
            return samePort && FetchPolicy.matches(host, target.host());
        }

        boolean isSuffix() {
            return host.startsWith("*.");
        }

        String key() {
            return host + ":" + port + " " + credential.header().toLowerCase(Locale.ROOT);
        }
    }

    /** Of two that cover a host, the more specific one is first: an exact host, then the longer suffix, then the one with a port. */
    private static final Comparator<Scope> BY_SPECIFICITY = Comparator.comparing(Scope::isSuffix)
            .thenComparing(Comparator.comparingInt((Scope scope) -> scope.host().length())
                    .reversed())
            .thenComparing(Comparator.comparingInt(Scope::port).reversed());

    private final List<Scope> scopes;

    private Credentials(List<Scope> scopes) {
        this.scopes = scopes;
    }

    /** @throws IllegalArgumentException when two are for the same hosts by the same header, or a part of one is invalid */
    public static Credentials of(List<Credential> all) {
        List<Scope> scopes = new ArrayList<>();
        Map<String, Credential> seen = new HashMap<>();
        for (Credential credential : all) {
            headerName(credential.header());
            headerValue(credential.value());
            for (String pattern : credential.hosts()) {
                Scope scope = Scope.of(hostPattern(pattern), credential);
                Credential other = seen.putIfAbsent(scope.key(), credential);
                if (other != null && other != credential) {
                    throw new IllegalArgumentException("plugins.clip.image.credentials: [" + other.name() + "] and ["
                            + credential.name() + "] are both for [" + pattern + "] by the header ["
                            + credential.header()
                            + "]: which one is sent?");
                }
                scopes.add(scope);
            }
        }
        scopes.sort(BY_SPECIFICITY);
        return scopes.isEmpty() ? NONE : new Credentials(List.copyOf(scopes));
    }

    /**
     * @param pattern an exact host or {@code *.suffix}, as in {@link FetchPolicy}, and {@code :port} where it is not that of the scheme;
     *     not {@code *}, which would hand the secret to any host that somebody names in a URL
     * @return {@code pattern} in the form that is compared
     * @throws IllegalArgumentException when it is none
     */
    public static String hostPattern(String pattern) {
        Matcher parts = matched(pattern);
        FetchPolicy.hostPattern(parts.group(1));
        if (parts.group(1).equals("*")) {
            throw new IllegalArgumentException("[*] would send the secret to every host: name those it is for");
        }
        if (parts.group(2) != null && !Target.isPort(Integer.parseInt(parts.group(2)))) {
            throw new IllegalArgumentException("[" + Shown.of(pattern) + "] has no port in [1, 65535]");
        }
        return pattern.toLowerCase(Locale.ROOT);
    }

    private static Matcher matched(String pattern) {
        Matcher parts = SCOPE.matcher(pattern);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "[" + pattern
                            + "] is no host pattern: use a host such as [img.example.org] or [img.example.org:8443], or a suffix such as [*.example.org]");
        }
        return parts;
    }

    /**
     * @return {@code name}
     * @throws IllegalArgumentException when it is no name of a header, or of one that this client must write by itself
     */
    public static String headerName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!TOKEN.matcher(name).matches()) {
            throw new IllegalArgumentException("[" + Shown.of(name) + "] is no name of a header");
        }
        if (NOT_FOR_SECRETS.contains(lower) || lower.startsWith("proxy-")) {
            throw new IllegalArgumentException(
                    "[" + Shown.of(name) + "] is a header of the connection, not of a credential");
        }
        return name;
    }

    /**
     * @return {@code value}
     * @throws IllegalArgumentException when it cannot be sent; the message does not show it
     */
    public static String headerValue(String value) {
        if (!VALUE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "must be 1 to 8192 printable ASCII characters without a space at its ends");
        }
        return value;
    }

    /**
     * What to send to whom. In the clear only inside networks that were opened by name: anybody on the way could read it.
     *
     * @param addresses that the host has, of which one will be dialled
     * @return header to value
     */
    Map<String, String> headers(Target target, InetAddress[] addresses, AddressPolicy policy) {
        boolean insideOpened = addresses.length > 0 && Stream.of(addresses).allMatch(policy::opens);
        if (!target.isTls() && !insideOpened) {
            return Map.of();
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (Scope scope : scopes) {
            if (scope.covers(target)) {
                headers.putIfAbsent(
                        scope.credential().header(), scope.credential().value());
            }
        }
        return headers;
    }
}
